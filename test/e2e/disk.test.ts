/** A node whose directory is a small file system of its own: full, then read-only, then well again. Nothing crashes, and it is said. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startContainerd, type TestContainerd } from '../support/containerd.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runUntilReady, valueOf } from '../support/pods.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const SIZE_MIB = 48;
const RUNTIMES = [
  { runtime: 'process', tools: [], container: {} },
  { runtime: 'containerd', tools: ['containerd', 'ctr', 'runc', 'busybox', 'iptables'], container: { image: 'busybox:1.36' } },
];

describe.each(RUNTIMES)('on $runtime', ({ runtime, tools, container }) => {
  const reason = missingForNodes('mount', ...tools);
  const test = testThatNeeds(reason);
  let node: TestNode;
  let containerd: TestContainerd | undefined;
  let mounted: string | undefined;

  beforeAll(async () => {
    if (reason !== undefined) return;
    // What the node does when a disk is nearly full is not to get in the way of what it does when it is.
    if (runtime === 'containerd') containerd = await startContainerd();
    node = await startTestNode([
      ...(containerd ? [`--container-runtime-endpoint=${containerd.endpoint}`] : []),
      '--eviction-hard=nodefs.available<1Mi',
      '--eviction-pressure-transition-period=1s',
      '--image-gc-high-threshold=100',
    ]);
    await node.kill('SIGTERM');
    const directory = join(node.dataDir, 'kubelet');
    mkdirSync(directory, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=755`, 'nodelet-test-disk', directory]);
    mounted = directory;
    await node.start();
    await runUntilReady(node, podOf('steady', `echo hello; ${FOREVER}`, container, { priorityClassName: 'system-node-critical' }));
  }, 180_000);
  afterAll(async () => {
    if (mounted !== undefined) {
      await node.kill('SIGTERM');
      execFileSync('umount', ['--lazy', mounted]);
    }
    await node?.destroy();
    await containerd?.destroy();
  }, 120_000);

  const condition = (type: string): Promise<string> =>
    valueOf(node, `node/${node.nodeName}`, `.status.conditions[?(@.type=="${type}")].status`);
  const eventsOf = (name: string): Promise<string> =>
    node.ok(
      'get',
      'events',
      '--field-selector',
      `involvedObject.name=${name}`,
      '-o',
      'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
    );
  const withFile = (name: string): Readonly<Record<string, unknown>> =>
    podOf(
      name,
      FOREVER,
      { ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      {
        // It goes where the node says that its disk is full: what happens then is what is looked at.
        nodeName: node.nodeName,
        priorityClassName: 'system-node-critical',
        tolerations: [{ operator: 'Exists' }],
        volumes: [{ name: 'v', configMap: { name: 'kube-root-ca.crt' } }],
      },
    );

  async function answers(): Promise<void> {
    for (const path of ['healthz', 'pods', 'metrics', 'stats/summary'])
      await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/${path}`);
    expect(await node.ok('logs', 'steady')).toBe('hello\n');
  }

  test('a full disk is a condition, new pods say what they lack, and run when there is room', { timeout: 240_000 }, async () => {
    const filler = join(mounted ?? '', 'filler');
    execFileSync('sh', ['-c', `dd if=/dev/zero of=${filler} bs=64k 2>/dev/null || true`]);
    await until('the condition', async () => (await condition('DiskPressure')) === 'True', 90_000);
    await until('its event', async () => (await eventsOf(node.nodeName)).includes('NodeHasDiskPressure: '));
    await node.apply(withFile('full'));
    await until('the event', async () => /(Failed|FailedMount): .*ENOSPC|no space left on device/.test(await eventsOf('full')), 60_000);
    expect(await valueOf(node, 'pod/full', '.status.phase')).toBe('Pending');
    await answers();
    rmSync(filler);
    await node.ok('wait', '--for=condition=Ready', 'pod/full', '--timeout=150s');
    await until('the end of the condition', async () => (await condition('DiskPressure')) === 'False', 90_000);
    await node.ok('delete', 'pod', 'full', '--timeout=30s');
    await answers();
  });

  test(
    'a directory that is remounted read-only is a condition, and pods start again when it takes writes',
    { timeout: 240_000 },
    async () => {
      const remount = (mode: 'ro' | 'rw'): unknown => execFileSync('mount', ['-o', `remount,${mode}`, mounted ?? '']);
      remount('ro');
      await until('the condition', async () => (await condition('ReadonlyFilesystem')) === 'True', 60_000);
      await until('its event', async () => (await eventsOf(node.nodeName)).includes('FilesystemIsReadOnly: '));
      await node.apply(withFile('fixed'));
      await expect.poll(() => eventsOf('fixed')).toMatch(/EROFS|read-only file system/);
      await answers();
      remount('rw');
      await node.ok('wait', '--for=condition=Ready', 'pod/fixed', '--timeout=150s');
      await until('the end of the condition', async () => (await condition('ReadonlyFilesystem')) === 'False', 60_000);
      writeFileSync(join(mounted ?? '', 'writable'), '');
      await node.ok('delete', 'pod', 'fixed', 'steady', '--timeout=60s');
    },
  );
});
