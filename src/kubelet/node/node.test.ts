import { describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { Event, Lease, Node } from '../../api/types.ts';
import { eventually, startTestNode } from '../testing/node.ts';
import { seen } from '../testing/objects.ts';
import { spareContainers, spareSandboxes } from './gc.ts';
import type { Machine } from './machine.ts';
import { allocatable, nodeStatus, RUNTIME_DOWN, type NodeInput } from './node-status.ts';

const machine: Machine = {
  machineID: 'm',
  systemUUID: 's',
  bootID: 'b',
  kernelVersion: 'k',
  osImage: 'Debian',
  architecture: 'amd64',
  operatingSystem: 'linux',
  cpus: 2,
  memoryBytes: 24_684_096 * 1024,
  storageBytes: 264_212_084 * 1024,
  hugepages: { '1Gi': 0, '2Mi': 0 },
};
const evictionHard = { 'memory.available': '100Mi', 'nodefs.available': '10%' };
const input: NodeInput = {
  nodeName: 'n',
  nodeIPs: ['10.88.0.1', 'fd00::1', '10.88.0.2'],
  port: 10_250,
  version: 'v1.36.3',
  machine,
  config: { maxPods: 500, evictionHard },
  runtime: { runtimeName: 'process', runtimeVersion: '0.1.0', runtimeApiVersion: 'v1' },
  runtimeConditions: [{ type: 'RuntimeReady', status: true, reason: '', message: '' }],
  runtimeNotices: [],
  images: [
    { id: 'a', repoTags: ['small'], repoDigests: [], sizeBytes: 1, pinned: false },
    { id: 'b', repoTags: ['big'], repoDigests: ['big@sha256:x'], sizeBytes: 2, pinned: false },
  ],
  previous: [],
  now: Date.parse('2026-01-02T03:04:05Z'),
};

describe('the status of a node', () => {
  it('has the amounts that the original computes for such a machine', () => {
    expect(nodeStatus(input)).toMatchObject({
      capacity: {
        cpu: '2',
        'ephemeral-storage': '264212084Ki',
        'hugepages-1Gi': '0',
        'hugepages-2Mi': '0',
        memory: '24684096Ki',
        pods: '500',
      },
      allocatable: {
        cpu: '2',
        'ephemeral-storage': '243497856212',
        'hugepages-1Gi': '0',
        'hugepages-2Mi': '0',
        memory: '24581696Ki',
        pods: '500',
      },
    });
  });
  it('keeps back what is reserved', () => {
    const config = { kubeReserved: { cpu: '250m', memory: '1Gi' }, systemReserved: { cpu: '250m' }, podsPerCore: 10 };
    expect(allocatable(machine, config)).toMatchObject({ cpu: '1500m', memory: '23635520Ki', pods: '20' });
  });
  it('names one address of each family, the images by size, and what is well', () => {
    const status = nodeStatus(input);
    expect(status.addresses).toEqual([
      { type: 'InternalIP', address: '10.88.0.1' },
      { type: 'InternalIP', address: 'fd00::1' },
      { type: 'Hostname', address: 'n' },
    ]);
    expect(status.images).toEqual([
      { names: ['big@sha256:x', 'big'], sizeBytes: 2 },
      { names: ['small'], sizeBytes: 1 },
    ]);
    expect(status.conditions?.map((c) => `${c.type} ${c.status} ${c.reason} ${c.message}`)).toEqual([
      'MemoryPressure False KubeletHasSufficientMemory kubelet has sufficient memory available',
      'DiskPressure False KubeletHasNoDiskPressure kubelet has no disk pressure',
      'PIDPressure False KubeletHasSufficientPID kubelet has sufficient PID available',
      'Ready True KubeletReady kubelet is posting ready status',
    ]);
    expect(status.nodeInfo).toMatchObject({ containerRuntimeVersion: 'process://0.1.0', kubeletVersion: 'v1.36.3', kubeProxyVersion: '' });
  });
  it('says in a condition of its own what the runtime cannot do', () => {
    const condition = nodeStatus({ ...input, runtimeNotices: ['No seccomp.', 'No limits.'] }).conditions?.at(-1);
    expect(condition).toMatchObject({ type: 'RuntimeRestricted', status: 'True', message: 'No seccomp. No limits.' });
    expect(nodeStatus(input).conditions?.some(({ type }) => type === 'RuntimeRestricted')).toBe(false);
  });

  it('is not ready when the runtime says so', () => {
    const runtimeConditions = [
      { type: 'RuntimeReady' as const, status: false, reason: 'r', message: 'down' },
      { type: 'NetworkReady' as const, status: false, reason: 'NetworkPluginNotReady', message: 'no cni' },
    ];
    expect(nodeStatus({ ...input, runtimeConditions }).conditions?.at(-1)).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message:
        '[container runtime not ready: RuntimeReady=false reason:r message:down, container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no cni]',
    });
  });

  it('is not ready when the runtime has not listed its pods for three minutes', () => {
    const ready = (listedAgoMs: number) => nodeStatus({ ...input, listedAgoMs }).conditions?.at(-1);
    expect(ready(180_000)?.status).toBe('True');
    expect(ready(181_000)).toMatchObject({
      status: 'False',
      message: 'PLEG is not healthy: pleg was last seen active 3m1s ago; threshold is 3m0s',
    });
    const runtimeConditions = [{ type: 'RuntimeReady' as const, status: false, reason: RUNTIME_DOWN, message: 'EOF' }];
    expect(nodeStatus({ ...input, runtimeConditions, listedAgoMs: 181_000 }).conditions?.at(-1)?.message).toBe(
      '[container runtime is down, PLEG is not healthy: pleg was last seen active 3m1s ago; threshold is 3m0s]',
    );
  });

  it('names the handlers of the runtime and what they can do, where it tells', () => {
    expect(nodeStatus(input)).not.toHaveProperty('runtimeHandlers');
    const runtimeHandlers = [{ name: 'gvisor', recursiveReadOnlyMounts: true, userNamespaces: false }];
    expect(nodeStatus({ ...input, runtimeHandlers, runtimeFeatures: { supplementalGroupsPolicy: true } })).toMatchObject({
      runtimeHandlers: [{ name: 'gvisor', features: { recursiveReadOnlyMounts: true, userNamespaces: false } }],
      features: { supplementalGroupsPolicy: true },
    });
  });
});

describe('the node in the API server', () => {
  it('is registered with its lease and its events, and taken over by the next start', async () => {
    const first = await startTestNode();
    const { api } = first;
    const node = (): Node | undefined => api.objects(resources.nodes)[0];
    const lease = (): Lease | undefined => api.objects(resources['leases.coordination.k8s.io'])[0];
    try {
      await eventually(() => node()?.status?.conditions?.at(-1)?.status === 'True' && lease() !== undefined);
      expect(node()?.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'node-a', 'kubernetes.io/os': process.platform });
      expect(lease()).toMatchObject({
        metadata: { name: 'node-a', namespace: 'kube-node-lease' },
        spec: { holderIdentity: 'node-a', leaseDurationSeconds: 40 },
      });
      expect(lease()?.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      await eventually(() => first.events('node-a').length >= 5);
      expect(first.events('node-a')).toEqual(
        expect.arrayContaining([
          'Normal Starting: Starting kubelet.',
          'Normal NodeReady: Node node-a status is now: NodeReady',
          'Normal NodeHasSufficientMemory: Node node-a status is now: NodeHasSufficientMemory',
        ]),
      );
      const [event] = api.objects(resources.events) as unknown as Event[];
      expect(event).toMatchObject({
        source: { component: 'kubelet', host: 'node-a' },
        reportingComponent: 'kubelet',
        reportingInstance: 'node-a',
        count: 1,
      });
    } finally {
      const uid = node()?.metadata.uid;
      const second = await first.restart();
      await eventually(() => node() !== undefined);
      expect(node()?.metadata.uid).toBe(uid);
      await second.close();
    }
  });
});

describe('garbage', () => {
  it('is every dead container but the newest of its name', () => {
    const { containers } = seen([
      { name: 'a' },
      { name: 'a', state: 'exited', restarts: 2, id: 'a2' },
      { name: 'a', state: 'exited', restarts: 1, id: 'a1' },
      { name: 'b', state: 'exited', id: 'b0' },
    ]);
    expect(spareContainers(containers).map((c) => c.id)).toEqual(['a1']);
  });
  it('is every sandbox of pods that are gone, and old ones that are down and empty', () => {
    const { sandboxes } = seen([], [{ id: 'new' }, { id: 'used', state: 'notReady' }, { id: 'old', state: 'notReady' }]);
    const spare = (gone: boolean): string[] => spareSandboxes(sandboxes, new Set(['used']), () => gone).map((s) => s.id);
    expect(spare(false)).toEqual(['old']);
    expect(spare(true)).toEqual(['new', 'used', 'old']);
  });
});
