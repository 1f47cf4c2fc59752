/** Device plugins on a whole node, with the process runtime. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { startFakePlugin, type FakePlugin } from '../../src/kubelet/devices/testing/fake-plugin.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runToEnd, runUntilReady, valueOf } from '../support/pods.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const RESOURCE = 'example.com/dev';
const limits = (count: number) => ({ resources: { limits: { [RESOURCE]: String(count) } } });
const reason = missingForNodes();
const test = testThatNeeds(reason);
let node: TestNode;
let plugin: FakePlugin;
let library: string;

beforeAll(async () => {
  if (reason !== undefined) return;
  library = mkdtempSync(join(tmpdir(), 'nodelet-devices-'));
  writeFileSync(join(library, 'version'), '42\n');
  node = await startTestNode();
  plugin = await pluginOf(node);
}, 120_000);
afterAll(async () => {
  if (reason !== undefined) return;
  await plugin.stop();
  await node.destroy();
  rmSync(library, { recursive: true, force: true });
}, 60_000);

async function pluginOf({ dataDir, nodeName }: TestNode): Promise<FakePlugin> {
  const started = await startFakePlugin({
    directory: join(dataDir, 'kubelet/device-plugins'),
    resource: RESOURCE,
    answer: (ids) => ({
      envs: { DEVICES: ids.join(',') },
      mounts: [{ containerPath: '/opt/device-library', hostPath: library, readOnly: true }],
      devices: [{ containerPath: '/dev/mine/full', hostPath: '/dev/full', permissions: 'rw' }],
    }),
  });
  started.list('d0', 'd1');
  await started.register();
  await until('the devices to be in the node', async () => (await allocatable(nodeName)) === '2');
  return started;
}

const allocatable = (name: string): Promise<string> => valueOf(node, `node/${name}`, '.status.allocatable.example\\.com/dev');

test('a pod is scheduled for its devices and sees their variables, files and nodes', async () => {
  const said = await runToEnd(
    node,
    podOf('sees', 'echo "$DEVICES"; cat /opt/device-library/version; echo x >/dev/mine/full || echo is full; ls /dev/mine', limits(1)),
  );
  expect(said).toMatch(/^d[01]\n42\n/);
  expect(said).toContain('is full\nfull\n');
  expect(await node.ok('describe', 'node', node.nodeName)).toMatch(/example\.com\/dev:\s+2/);
});

test('a pod that asks for more than there are waits for them, and the kubelet refuses one that did not ask the scheduler', async () => {
  await runUntilReady(node, podOf('holds', FOREVER, limits(2)));
  await node.apply(podOf('waits', FOREVER, limits(1)));
  await until('the scheduler to say what is missing', async () =>
    (await valueOf(node, 'pod/waits', '.status.conditions[?(@.type=="PodScheduled")].message')).includes('Insufficient example.com/dev'),
  );
  await node.apply(podOf('pushes', FOREVER, limits(1), { nodeName: node.nodeName }));
  await until('the kubelet to refuse', async () => (await valueOf(node, 'pod/pushes', '.status.phase')) === 'Failed');
  expect(await valueOf(node, 'pod/pushes', '.status.reason')).toBe('UnexpectedAdmissionError');
  expect(await valueOf(node, 'pod/pushes', '.status.message')).toBe(
    'Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/dev. Requested: 1, Available: 0, which is unexpected',
  );
  await node.ok('delete', 'pod', 'holds', 'pushes', '--now');
  await node.ok('wait', '--for=condition=Ready', 'pod/waits', '--timeout=30s');
  await node.ok('delete', 'pod', 'waits', '--now');
});

test('kill -9 of nodelet leaves a pod its devices, and the plugin registers again', async () => {
  await runUntilReady(node, podOf('keeps', FOREVER, limits(1)));
  const id = await valueOf(node, 'pod/keeps', '.status.containerStatuses[0].containerID');
  const [given] = plugin.allocated.at(-1) ?? [];
  await plugin.stop();
  await node.kill('SIGKILL');
  await node.start();
  plugin = await pluginOf(node);
  const said = await runToEnd(node, podOf('another', 'echo "$DEVICES"', limits(1)));
  expect(said.trim()).not.toBe(given);
  expect(await valueOf(node, 'pod/keeps', '.status.containerStatuses[0].containerID')).toBe(id);
  expect(await valueOf(node, 'pod/keeps', '.status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].resourceID')).toBe(given);
  const scraped = await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/metrics`);
  expect(scraped).toContain('kubelet_device_plugin_registration_total{resource_name="example.com/dev"} 1');
  expect(scraped).toContain('kubelet_device_plugin_alloc_duration_seconds_count{resource_name="example.com/dev"} 1');
});
