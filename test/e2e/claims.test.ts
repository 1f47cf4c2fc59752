/** Persistent volumes that were made by hand, bound to claims, mounted, measured and released, on a whole node. */
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runToEnd, runUntilReady, valueOf } from '../support/pods.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes();
const test = testThatNeeds(reason);
let node: TestNode;
let dir: string;

beforeAll(async () => {
  if (reason !== undefined) return;
  dir = mkdtempSync('/tmp/nodelet-claims-');
  node = await startTestNode();
}, 120_000);
afterAll(async () => {
  await node?.destroy();
  if (dir) rmSync(dir, { recursive: true, force: true });
}, 60_000);

const volume = (name: string, source: object, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: { capacity: { storage: '10Mi' }, accessModes: ['ReadWriteOnce'], storageClassName: name, ...source, ...spec },
});
const claim = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: name, resources: { requests: { storage: '5Mi' } } },
});
const using = (name: string, claimName: string, script: string, mount: object = {}, spec: object = {}, source: object = {}) =>
  podOf(
    name,
    script,
    { volumeMounts: [{ name: 'v', mountPath: '/claimed', ...mount }] },
    { volumes: [{ name: 'v', persistentVolumeClaim: { claimName, ...source } }], ...spec },
  );
const phase = (object: string): Promise<string> => valueOf(node, object, '.status.phase');

test('a hostPath volume is bound, written, and deleted with its claim', { timeout: 120_000 }, async () => {
  const path = join(dir, 'host');
  await node.apply(volume('host', { hostPath: { path } }, { persistentVolumeReclaimPolicy: 'Delete' }));
  await node.apply(claim('host'));
  expect(await runToEnd(node, using('writer', 'host', 'echo kept >/claimed/f; cat /claimed/f'))).toBe('kept\n');
  expect(readFileSync(join(path, 'f'), 'utf8')).toBe('kept\n');
  expect(await runToEnd(node, using('reader', 'host', 'touch /claimed/g || cat /claimed/f', {}, {}, { readOnly: true }))).toContain(
    'kept\n',
  );
  await node.ok('delete', 'pod', 'writer', 'reader', '--timeout=30s');
  await node.ok('delete', 'pvc', 'host', '--timeout=30s');
  await until('the volume to be gone', async () => (await node.kubectl('get', 'pv', 'host')).code !== 0);
  expect(existsSync(path)).toBe(false);
});

test('a local volume waits for its node and directory, belongs to the group, and its room is told', { timeout: 180_000 }, async () => {
  const path = join(dir, 'local');
  const nodeAffinity = {
    required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.nodeName] }] }] },
  };
  await node.apply(using('user', 'local', `id; ls -ld /claimed; ${FOREVER}`, {}, { securityContext: { runAsUser: 1000, fsGroup: 4321 } }));
  const why = (): Promise<string> => valueOf(node, 'pod/user', '.status.conditions[?(@.type=="PodScheduled")].message');
  await until('the reason', async () => (await why()).includes('persistentvolumeclaim "local" not found'));
  await node.apply(claim('local'));
  await node.apply(volume('local', { local: { path } }, { nodeAffinity }));
  await until('the event', async () => (await node.ok('describe', 'pod', 'user')).includes(`path "${path}" does not exist`));
  mkdirSync(path);
  await node.ok('wait', '--for=condition=Ready', 'pod/user', '--timeout=90s');
  expect(await node.ok('logs', 'user')).toMatch(/groups=.*4321[\s\S]*drwxrwsr-x/);
  const raw = (what: string): Promise<string> => node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/${what}`);
  const sample = 'kubelet_volume_stats_capacity_bytes{namespace="default",persistentvolumeclaim="local"}';
  await until('the metric', async () => (await raw('metrics')).includes(sample));
  await until('the summary', async () =>
    (await raw('stats/summary')).replace(/\s/g, '').includes('"pvcRef":{"name":"local","namespace":"default"}'),
  );
  await node.ok('delete', 'pvc', 'local', '--wait=false');
  expect(await phase('pvc/local')).toBe('Bound');
  await node.ok('delete', 'pod', 'user', '--timeout=30s');
  await until('the release', async () => (await phase('pv/local')) === 'Released');
  expect(existsSync(path)).toBe(true);
});

test('no link in a claimed volume leads a subPath out of it', { timeout: 120_000 }, async () => {
  const path = join(dir, 'links');
  mkdirSync(path);
  symlinkSync('/etc', join(path, 'out'));
  const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' }] }];
  await node.apply(claim('links'));
  await node.apply(volume('links', { local: { path } }, { nodeAffinity: { required: { nodeSelectorTerms: terms } } }));
  await runUntilReady(node, using('inside', 'links', FOREVER, { subPath: 'a/b' }));
  expect(existsSync(join(path, 'a/b'))).toBe(true);
  await node.apply(using('outside', 'links', FOREVER, { subPath: 'out' }));
  await until('the refusal', async () =>
    (await valueOf(node, 'pod/outside', '.status.containerStatuses[0].state.waiting.message')).includes(
      'failed to prepare subPath for volumeMount "v" of container "c"',
    ),
  );
});
