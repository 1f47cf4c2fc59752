import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec, Stored } from '../../api/types.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { eventually, startTestNode, type TestNode } from '../testing/node.ts';
import { aPod, seen } from '../testing/objects.ts';
import { ALLOCATIONS_FILE, openAllocations } from './allocation.ts';
import { containerResizes, memoryInUse } from './resize-containers.ts';
import { byResizeRank, resizeRank, resizeRefusal, resizeText } from './resize.ts';

type Resources = NonNullable<PodSpec['resources']>;

const START: Resources = { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '100m', memory: '64Mi' } };
const MORE: Resources = { requests: { cpu: '60m', memory: '32Mi' }, limits: { cpu: '200m', memory: '64Mi' } };

const withResources = (resources: Resources, more: Partial<PodSpec['containers'][number]> = {}): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'busybox:1.36', resources, ...more }] },
});

async function running(node: TestNode): Promise<Stored<Pod>> {
  return eventually(() => {
    const pod = node.api.pod('p');
    return pod?.status.containerStatuses?.[0]?.ready === true ? pod : undefined;
  }, 'a ready container');
}

function resize(node: TestNode, pod: Stored<Pod>, resources: Resources): void {
  const containers = pod.spec.containers.map((c) => ({ ...c, resources }));
  node.api.replacePod({
    ...(node.api.pod('p') ?? pod),
    metadata: { ...pod.metadata, generation: (pod.metadata.generation ?? 1) + 1 },
    spec: { ...pod.spec, containers },
  });
}

const condition = (pod: Pod | undefined, type: string) => pod?.status?.conditions?.find((c) => c.type === type);
const reasons = (node: TestNode): string[] => node.events('p').filter((e) => /Resize|Killing/.test(e));

describe('a resize', () => {
  it('is granted, written to the running container, and told', async () => {
    const node = await startTestNode();
    try {
      node.api.createPod(withResources(START));
      resize(node, await running(node), MORE);
      await eventually(() => reasons(node).length >= 2, 'both events');
      const summary = `{"containers":[{"name":"c","resources":{"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"60m","memory":"32Mi"}}}],"generation":2}`;
      expect(reasons(node)).toEqual([
        `Normal ResizeStarted: Pod resize started: ${summary}`,
        `Normal ResizeCompleted: Pod resize completed: ${summary}`,
      ]);
      await eventually(
        () => condition(node.api.pod('p'), 'PodResizeInProgress') === undefined && node.api.pod('p')?.status.observedGeneration === 2,
      );
      expect(node.api.history.some((pod) => condition(pod, 'PodResizeInProgress')?.status === 'True')).toBe(true);
      const status = node.api.pod('p')?.status.containerStatuses?.[0];
      expect(status).toMatchObject({ restartCount: 0, allocatedResources: MORE.requests, resources: MORE });
      // A runtime that cannot take the first takes nothing from the resize.
      expect(node.runtime.calls.filter((c) => c.startsWith('update'))).toEqual([
        'updatePodSandboxResources 61 20000 67108864',
        'updateContainerResources c 61 20000',
      ]);
    } finally {
      await node.close();
    }
  });

  it('that the runtime refuses changes nothing, and says so', async () => {
    const node = await startTestNode({ resizeError: new RuntimeError('resourceExhausted', 'not on this machine') });
    try {
      node.api.createPod(withResources(START));
      resize(node, await running(node), MORE);
      await eventually(() => reasons(node).some((e) => e.includes('ResizeError')), 'the event');
      expect(reasons(node).join('\n')).toMatch(
        /failed to notify runtime for UpdatePodSandboxResources \(resource=cpu\); resize rejected: updatePodSandboxResources failed for sanboxID \\?"[^"]+": not on this machine/,
      );
      await eventually(() => condition(node.api.pod('p'), 'PodResizeInProgress')?.reason === 'Error', 'the condition');
      expect(node.runtime.calls.filter((c) => c.startsWith('updateContainer'))).toEqual([]);
    } finally {
      await node.close();
    }
  });

  it('restarts a container whose policy asks for that', async () => {
    const node = await startTestNode();
    try {
      const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
      node.api.createPod(withResources(START, { resizePolicy }));
      resize(node, await running(node), MORE);
      await eventually(() => reasons(node).some((e) => e.includes('ResizeCompleted')));
      expect(reasons(node)).toContain('Normal Killing: Container c resize requires restart');
      await eventually(() => node.api.pod('p')?.status.containerStatuses?.[0]?.restartCount === 1);
    } finally {
      await node.close();
    }
  });

  it('that the node can never hold is infeasible, one that it cannot hold now waits for room, and both survive a restart', async () => {
    let node = await startTestNode();
    try {
      node.api.createPod(withResources(START));
      const pod = await running(node);
      resize(node, pod, { requests: { cpu: '100000', memory: '32Mi' }, limits: {} });
      await eventually(() => condition(node.api.pod('p'), 'PodResizePending')?.reason === 'Infeasible');
      expect(condition(node.api.pod('p'), 'PodResizePending')?.message).toMatch(
        /^Node didn't have enough capacity: cpu, requested: 100000000, capacity: \d+$/,
      );
      expect(node.api.pod('p')?.status.containerStatuses?.[0]?.allocatedResources).toEqual(START.requests);
      node = await node.restart();
      await eventually(() => condition(node.api.pod('p'), 'PodResizePending')?.reason === 'Infeasible');
      expect(node.api.pod('p')?.status).toMatchObject({ phase: 'Running' });
      expect(node.api.pod('p')?.status.containerStatuses?.[0]?.allocatedResources).toEqual(START.requests);
      resize(node, pod, START);
      await eventually(() => condition(node.api.pod('p'), 'PodResizePending') === undefined, 'the end of the condition');
    } finally {
      await node.close();
    }
  });

  it('is tried in the order of what it asks, then of priorities, then of classes', () => {
    const requests = (cpu: string): PodSpec['containers'] => [{ name: 'c', resources: { requests: { cpu } } }];
    const rank = (name: string, cpu: string, more: Partial<PodSpec> = {}) => ({
      name,
      ...resizeRank(aPod({ containers: requests(cpu), ...more }), aPod({ containers: requests('1') })),
    });
    const both = { requests: { cpu: '2', memory: '1' }, limits: { cpu: '2', memory: '1' } };
    const waiting = [
      rank('more', '2'),
      rank('important', '2', { priority: 5 }),
      rank('guaranteed', '2', { containers: [{ name: 'c', resources: both }] }),
      rank('later', '3'),
      rank('less', '500m'),
    ];
    expect(waiting.toSorted(byResizeRank).map(({ name }) => name)).toEqual(['less', 'important', 'guaranteed', 'more', 'later']);
  });

  it.each([
    ['more than is in use', 200, 100, 400, undefined],
    ['no less than now', 500, 900, 400, undefined],
    ['less than is in use', 100, 150, 400, 'container "c" memory limit (100) below current usage (150)'],
    ['a first limit below what is in use', 100, 150, undefined, 'container "c" memory limit (100) below current usage (150)'],
    ['less than nobody knows of', 100, undefined, 400, undefined],
  ])('to %s is judged by the memory in use', async (_what, limit, usage, now, fault) => {
    const pod = aPod({ containers: [{ name: 'c', resources: { limits: { memory: String(limit) } } }] });
    const observed = seen([{ name: 'c' }]);
    const containers = observed.containers.map((c) => ({ ...c, resources: { memoryLimitBytes: now ?? 0 } }));
    const settings = { cpuCFSQuota: true, cpuCFSQuotaPeriod: '100ms', podPidsLimit: -1, memoryCapacity: 1 };
    const resizes = containerResizes(pod, { ...observed, containers }, settings);
    const memory = async (_pod: unknown, id?: string) =>
      usage === undefined ? {} : { usage, ...(id === undefined && { limit: now ?? 2 ** 60 }) };
    const text = await memoryInUse(pod, { ...observed, containers }, resizes, memory, limit);
    const whole = fault?.replace('container "c"', 'pod');
    expect(text).toBe(fault && `cannot decrease memory limits: [attempting to set ${whole ?? ''}, attempting to set ${fault}]`);
  });

  it('is refused for static pods, and deferred with the words of admission', () => {
    const pod = aPod({ containers: [{ name: 'c', resources: { requests: { cpu: '1500m' } } }] });
    const other = aPod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] });
    const input = { pod, others: [other], node: undefined, allocatable: { cpu: '2', memory: '1Gi', pods: '10' }, allowedUnsafeSysctls: [] };
    expect(resizeRefusal(input)).toEqual({
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    });
    expect(resizeRefusal({ ...input, others: [] })).toBeUndefined();
    const fixed = { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.source': 'file' } } };
    expect(resizeRefusal({ ...input, pod: fixed })?.reason).toBe('Infeasible');
  });

  it('is told with sidecars first and its error last', () => {
    const pod = aPod({
      initContainers: [
        { name: 's', restartPolicy: 'Always', resources: { limits: { cpu: '1' } } },
        { name: 'i', resources: { limits: { cpu: '1' } } },
      ],
      containers: [{ name: 'c', resources: { requests: { memory: '1', cpu: '2' } } }],
    });
    pod.spec.initContainers?.forEach((c) => delete c.resources?.requests);
    expect(resizeText('error', pod, 3, 'no')).toBe(
      'Pod resize error: {"initContainers":[{"name":"s","resources":{"limits":{"cpu":"1"}}}],"containers":[{"name":"c","resources":{"requests":{"cpu":"2","memory":"1"}}}],"generation":3,"error":"no"}',
    );
  });
});

describe('what was granted', () => {
  it('is read again, and is nothing when the file is torn', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'allocations-'));
    try {
      const pod = aPod({ containers: [{ name: 'c', resources: START }], initContainers: [{ name: 'i' }] });
      const wanted = aPod({ containers: [{ name: 'c', resources: MORE }], initContainers: [{ name: 'i' }] });
      const first = await openAllocations(systemHost, directory, silentLogger);
      expect(first.granted(pod)).toBe(pod);
      first.grant(pod);
      await first.flush();
      const second = await openAllocations(systemHost, directory, silentLogger);
      expect(second.granted(pod)).toBe(pod);
      expect(second.granted(wanted)).toMatchObject({ spec: { containers: [{ resources: START }] } });
      second.forget('u');
      await second.flush();
      expect(JSON.parse(await readFile(join(directory, ALLOCATIONS_FILE), 'utf8'))).toEqual({ pods: {} });
      await writeFile(join(directory, ALLOCATIONS_FILE), '{"pods":{"u":');
      expect((await openAllocations(systemHost, directory, silentLogger)).granted(wanted)).toBe(wanted);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
