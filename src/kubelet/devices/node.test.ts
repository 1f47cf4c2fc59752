/** Devices on a whole kubelet, over a fake runtime and a fake API server. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { Node, Pod } from '../../api/types.ts';
import { openGrpc } from '../../net/grpc/client.ts';
import { eventually, startTestNode, type TestNode } from '../testing/node.ts';
import { PodResourcesLister } from './proto/pod_resources_pb.ts';
import { startFakePlugin, type FakePlugin } from './testing/fake-plugin.ts';

const RESOURCE = 'example.com/dev';
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function nodeWith(...devices: string[]): Promise<{ node: TestNode; plugin: FakePlugin }> {
  const node = await startTestNode();
  closing.push(() => node.close());
  return { node, plugin: await pluginOf(node, ...devices) };
}

async function pluginOf(node: TestNode, ...devices: string[]): Promise<FakePlugin> {
  const plugin = await startFakePlugin({
    directory: join(node.directory, 'kubelet/device-plugins'),
    resource: RESOURCE,
    answer: (ids) => ({
      envs: { DEVICES: ids.join(','), OWN: 'the plugin' },
      mounts: [{ containerPath: '/lib/dev', hostPath: '/opt/dev', readOnly: true }],
      devices: [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }],
      annotations: { 'example.com/a': 'b', 'io.kubernetes.container.hash': 'forged' },
      cdiDevices: [{ name: 'example.com/gpu=0' }],
    }),
  });
  closing.push(() => plugin.stop());
  plugin.list(...devices);
  await plugin.register();
  await eventually(() => statusOf(node)?.allocatable?.[RESOURCE] === String(devices.length), 'the devices in the status');
  return plugin;
}

const statusOf = (node: TestNode): Node['status'] => (node.api.objects(resources.nodes) as unknown as Node[])[0]?.status;
const wanting = (name: string, count: number): Pod => ({
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['show', '$(DEVICES)'],
        env: [{ name: 'OWN', value: 'the pod' }],
        resources: { limits: { [RESOURCE]: String(count) }, requests: { [RESOURCE]: String(count) } },
      },
    ],
  },
});

describe('a node with a device plugin', () => {
  it('starts containers with what the plugin says, and shows how their devices are', async () => {
    const { node, plugin } = await nodeWith('a', 'b');
    node.api.createPod(wanting('p', 2));
    await eventually(() => node.api.pod('p')?.status.phase === 'Running', 'Running');
    const [container] = [...node.runtime.containers.values()];
    expect(container?.config).toMatchObject({
      command: ['show', 'a,b'],
      devices: [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }],
      cdiDevices: ['example.com/gpu=0'],
      annotations: { 'example.com/a': 'b' },
    });
    expect(container?.config.annotations['io.kubernetes.container.hash']).not.toBe('forged');
    expect(container?.config.mounts).toContainEqual({
      containerPath: '/lib/dev',
      hostPath: '/opt/dev',
      readonly: true,
      propagation: 'private',
    });
    expect(container?.config.envs).toEqual(
      expect.arrayContaining([
        { key: 'DEVICES', value: 'a,b' },
        { key: 'OWN', value: 'the pod' },
      ]),
    );
    const healthOf = (): unknown => node.api.pod('p')?.status.containerStatuses?.[0]?.allocatedResourcesStatus;
    const healthy = (resourceID: string, health = 'Healthy') => ({ resourceID, health });
    expect(healthOf()).toEqual([{ name: RESOURCE, resources: [healthy('a'), healthy('b')] }]);
    plugin.list({ ID: 'a', health: 'Unhealthy' }, 'b');
    await eventually(() => JSON.stringify(healthOf()).includes('Unhealthy'), 'the bad device in the status');
    expect(healthOf()).toEqual([{ name: RESOURCE, resources: [healthy('a', 'Unhealthy'), healthy('b')] }]);
    await eventually(() => statusOf(node)?.allocatable?.[RESOURCE] === '1', 'one device less');
    expect(statusOf(node)?.capacity?.[RESOURCE]).toBe('2');
  });

  it('refuses a pod for which there are too few, and takes it when another is gone', async () => {
    const { node } = await nodeWith('a');
    node.api.createPod(wanting('first', 1));
    await eventually(() => node.api.pod('first')?.status.phase === 'Running', 'Running');
    node.api.createPod(wanting('second', 1));
    await eventually(() => node.api.pod('second')?.status.phase === 'Failed', 'Failed');
    const message =
      'Allocate failed due to requested number of devices unavailable for example.com/dev. Requested: 1, Available: 0, which is unexpected';
    expect(node.api.pod('second')?.status).toMatchObject({ reason: 'UnexpectedAdmissionError', message: `Pod was rejected: ${message}` });
    await eventually(() => node.events('second').length > 0);
    expect(node.events('second')).toEqual([`Warning UnexpectedAdmissionError: ${message}`]);
    node.api.deletePod('first');
    await eventually(() => node.api.pod('first') === undefined, 'the end of the first');
    node.api.createPod(wanting('third', 1));
    await eventually(() => node.api.pod('third')?.status.phase === 'Running', 'Running');
  });

  it('lets go of a pod whose plugin hangs, when it is deleted', async () => {
    const node = await startTestNode();
    closing.push(() => node.close());
    let asked = false;
    const plugin = await startFakePlugin({
      directory: join(node.directory, 'kubelet/device-plugins'),
      resource: RESOURCE,
      calls: {
        allocate: () => {
          asked = true;
          return new Promise(() => undefined);
        },
      },
    });
    closing.push(() => plugin.stop());
    plugin.list('a');
    await plugin.register();
    await eventually(() => statusOf(node)?.allocatable?.[RESOURCE] === '1', 'the device in the status');
    node.api.createPod(wanting('p', 1));
    await eventually(() => asked);
    node.api.deletePod('p');
    await eventually(() => node.api.pod('p') === undefined, 'the end of the pod');
    expect(node.events('p')).toEqual([]);
  });

  it('that starts again leaves its pods and their devices alone', async () => {
    const { node } = await nodeWith('a', 'b');
    node.api.createPod(wanting('p', 1));
    await eventually(() => node.api.pod('p')?.status.phase === 'Running', 'Running');
    const calls = node.runtime.calls.filter((call) => call.startsWith('createContainer')).length;
    const after = await node.restart();
    closing.push(() => after.close());
    const plugin = await pluginOf(after, 'a', 'b');
    after.api.createPod(wanting('q', 1));
    await eventually(() => after.api.pod('q')?.status.phase === 'Running', 'Running');
    expect(plugin.allocated).toEqual([['b']]);
    expect(after.api.pod('p')?.status.phase).toBe('Running');
    expect(after.runtime.calls.filter((call) => call.startsWith('createContainer'))).toHaveLength(calls + 1);
  });

  it('tells node agents which pod has which', async () => {
    const { node } = await nodeWith('a', 'b');
    node.api.createPod(wanting('p', 1));
    await eventually(() => node.api.pod('p')?.status.phase === 'Running', 'Running');
    const client = openGrpc(join(node.directory, 'kubelet/pod-resources/kubelet.sock'), 1 << 20);
    closing.push(() => client.close());
    const device = (id: string) => ({ resourceName: RESOURCE, deviceIds: [id] });
    const pod = { name: 'p', namespace: 'default', containers: [{ name: 'c', devices: [device('a')] }] };
    expect(await client.call(PodResourcesLister.method.list, {})).toMatchObject({ podResources: [pod] });
    expect(await client.call(PodResourcesLister.method.get, { podName: 'p', podNamespace: 'default' })).toMatchObject({
      podResources: pod,
    });
    await expect(client.call(PodResourcesLister.method.get, { podName: 'q', podNamespace: 'default' })).rejects.toMatchObject({
      code: 'unknown',
      message: 'pod q in namespace default not found',
    });
    expect(await client.call(PodResourcesLister.method.getAllocatableResources, {})).toMatchObject({ devices: [device('a'), device('b')] });
  });
});
