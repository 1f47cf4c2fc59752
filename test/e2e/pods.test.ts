/** What pods are given: volumes, environment, a network, limits; and how they are started again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runToEnd, runUntilReady, valueOf } from '../support/pods.ts';
import { runProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes());
const node = sharedNode();
const mountAt = (mountPath: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  volumeMounts: [{ name: 'v', mountPath, ...more }],
});

test('an emptyDir is shared by the containers of a pod, and ends with it', async () => {
  const spec = {
    volumes: [{ name: 'v', emptyDir: {} }],
    initContainers: [{ name: 'i', image: 'host', command: ['sh', '-c', 'echo from the first > /a/file'], ...mountAt('/a') }],
  };
  expect(await runToEnd(node(), podOf('shared', 'cat /b/file', mountAt('/b'), spec))).toBe('from the first\n');
  const uid = await valueOf(node(), 'pod/shared', '.metadata.uid');
  const directory = join(node().dataDir, 'kubelet', 'pods', uid);
  expect(existsSync(directory)).toBe(true);
  await node().ok('delete', 'pod', 'shared');
  await until('its directory to go', () => !existsSync(directory));
});

test('an emptyDir in memory is a tmpfs of its size', async () => {
  const spec = { volumes: [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } }] };
  const said = await runToEnd(
    node(),
    podOf('memory', 'grep " /m " /proc/mounts | cut -d" " -f1,3; df -k /m | tail -1', mountAt('/m'), spec),
  );
  expect(said).toMatch(/^tmpfs tmpfs\ntmpfs +8192 /);
});

test('a hostPath is the machine’s own directory', async () => {
  const path = join(node().dataDir, '..', 'mine');
  mkdirSync(path);
  writeFileSync(join(path, 'in'), 'in\n');
  const spec = { volumes: [{ name: 'v', hostPath: { path, type: 'Directory' } }] };
  expect(await runToEnd(node(), podOf('host-path', 'cat /v/in; echo out > /v/out; id -u', mountAt('/v'), spec))).toBe('in\n0\n');
  expect(readFileSync(join(path, 'out'), 'utf8')).toBe('out\n');
  const readOnly = podOf('host-path-ro', 'touch /v/x 2>&1', mountAt('/v', { readOnly: true }), spec);
  expect(await runToEnd(node(), readOnly)).toContain('Read-only file system');
});

test('a ConfigMap is files, with modes and chosen keys', async () => {
  await node().apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'files' },
    data: { a: '1', b: '2' },
    binaryData: { c: 'AAE=' },
  });
  const items = [
    { key: 'a', path: 'a' },
    { key: 'b', path: 'sub/b', mode: 0o400 },
    { key: 'c', path: 'c' },
  ];
  const spec = { volumes: [{ name: 'v', configMap: { name: 'files', defaultMode: 0o440, items } }] };
  await runUntilReady(node(), podOf('config', FOREVER, mountAt('/v'), spec));
  const inside = (script: string): Promise<string> => node().ok('exec', 'config', '--', 'sh', '-c', script);
  expect(await inside('cd /v; cat a sub/b; stat -L -c %a a sub/b; od -An -tx1 c')).toBe('12440\n400\n 00 01\n');
  await node().ok('patch', 'configmap', 'files', '-p', '{"data":{"a":"changed"}}');
});

test('a Secret lies in memory, and a projected volume joins sources', async () => {
  await node().apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sec' }, stringData: { p: 'word' } });
  const secret = { volumes: [{ name: 'v', secret: { secretName: 'sec', defaultMode: 0o400 } }] };
  const script = 'cat /v/p; echo; stat -L -c %a /v/p; grep " /v " /proc/mounts | cut -d" " -f3';
  expect(await runToEnd(node(), podOf('secret', script, mountAt('/v'), secret))).toBe('word\n400\ntmpfs\n');
  const sources = [
    { secret: { name: 'sec', items: [{ key: 'p', path: 'deep/p' }] } },
    { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
    { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
    { configMap: { name: 'nope', optional: true } },
  ];
  const projected = podOf('projected', 'cd /v; cat deep/p name; echo; cat token', mountAt('/v'), {
    volumes: [{ name: 'v', projected: { sources } }],
  });
  const [first, token = ''] = (await runToEnd(node(), projected)).split('\n');
  expect(first).toBe('wordprojected');
  expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
    aud: ['vault'],
    'kubernetes.io': { pod: { name: 'projected' } },
  });
});

test('environment: values, expansion, ConfigMaps, Secrets, fields and resources', async () => {
  await node().apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'envs' }, data: { ONE: '1', 'a.b': '3' } });
  await node().apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'env-secret' }, stringData: { word: 's' } });
  const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const env = [
    { name: 'A', value: 'a' },
    { name: 'B', value: '$(A)-b $$(A) $(NOPE)' },
    { name: 'S', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'word' } } },
    field('NAME', 'metadata.name'),
    field('LABEL', "metadata.labels['app']"),
    field('NODE', 'spec.nodeName'),
    field('IP', 'status.podIP'),
    { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
  ];
  const container = {
    env,
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'envs' } }],
    args: ['$(A)'],
    command: ['sh', '-c', 'echo "$B|$S|$NAME|$LABEL|$NODE|$IP|$MEM|$P_ONE|$KUBERNETES_SERVICE_PORT|$HOSTNAME|$0"; hostname -i'],
    resources: { limits: { memory: '64Mi' } },
  };
  const said = await runToEnd(node(), podOf('env', '', container, {}, { labels: { app: 'x' } }));
  const ip = await valueOf(node(), 'pod/env', '.status.podIP');
  expect(said).toBe(`a-b $(A) $(NOPE)|s|env|x|${node().nodeName}|${ip}|64|1|443|env|a\n${ip}\n`);
});

test('restart policies: Never fails, OnFailure tries again until it succeeds', async () => {
  await node().apply(podOf('never', 'exit 3', {}, { restartPolicy: 'Never' }));
  await node().apply(podOf('always', 'echo run; exit 1'));
  const keep = { volumes: [{ name: 'v', emptyDir: {} }], restartPolicy: 'OnFailure' };
  await node().apply(podOf('on-failure', '[ -e /v/x ] && exit 0; touch /v/x; exit 4', mountAt('/v'), keep));
  await until('Failed', async () => (await valueOf(node(), 'pod/never', '.status.phase')) === 'Failed');
  expect(await valueOf(node(), 'pod/never', '.status.containerStatuses[0].state.terminated.exitCode')).toBe('3');
  await until('Succeeded', async () => (await valueOf(node(), 'pod/on-failure', '.status.phase')) === 'Succeeded');
  expect(await valueOf(node(), 'pod/on-failure', '.status.containerStatuses[0].restartCount')).toBe('1');
});

test('logs are CRI lines under logs/pods, with a link under logs/containers', async () => {
  await runToEnd(node(), podOf('logger', 'echo out; echo err >&2; printf unfinished'));
  const uid = await valueOf(node(), 'pod/logger', '.metadata.uid');
  const id = (await valueOf(node(), 'pod/logger', '.status.containerStatuses[0].containerID')).replace('process://', '');
  const logs = join(node().dataDir, 'logs');
  const file = join(logs, 'pods', `default_logger_${uid}`, 'c', '0.log');
  const lines = readFileSync(file, 'utf8').split('\n');
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)`;
  expect(lines.toSorted()).toEqual([
    '',
    expect.stringMatching(new RegExp(`^${time} (stdout F out|stderr F err|stdout [FP] unfinished)$`)),
    expect.stringMatching(new RegExp(`^${time} (stdout F out|stderr F err|stdout [FP] unfinished)$`)),
    expect.stringMatching(new RegExp(`^${time} (stdout F out|stderr F err|stdout [FP] unfinished)$`)),
  ]);
  const link = join(logs, 'containers', `logger_default_c-${id}.log`);
  expect(readlinkSync(link)).toBe(file);
  await node().ok('delete', 'pod', 'logger');
  await until(
    'link and files to go',
    () => readdirSync(join(logs, 'containers')).every((name) => !name.startsWith('logger_')) && !existsSync(file),
  );
});

test('containers of one pod share localhost, and their process ids when they ask for it', async () => {
  const serve = `exec node -e 'require("http").createServer((q, r) => r.end("near")).listen(8080, "127.0.0.1")'`;
  const containers = [
    { name: 'c', image: 'host', command: ['sh', '-c', serve] },
    { name: 'd', image: 'host', command: ['sh', '-c', FOREVER] },
  ];
  await runUntilReady(node(), podOf('pair', '', {}, { containers, shareProcessNamespace: true }));
  const ask = 'curl -s --retry 20 --retry-connrefused --retry-delay 0 http://127.0.0.1:8080/';
  expect(await node().ok('exec', 'pair', '-c', 'd', '--', 'sh', '-c', ask)).toBe('near');
  expect(await node().ok('exec', 'pair', '-c', 'd', '--', 'sh', '-c', 'cat /proc/*/cmdline | tr "\\0" " "')).toContain('createServer');
});

test('pods reach each other by address, and the host’s network is shared on request', async () => {
  const serve = `exec node -e 'require("http").createServer((q, r) => r.end(q.socket.remoteAddress)).listen(8080)'`;
  await runUntilReady(node(), podOf('far', serve, { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }));
  const far = await valueOf(node(), 'pod/far', '.status.podIP');
  const said = await runToEnd(node(), podOf('near', `hostname -i; curl -s http://${far}:8080/`));
  const near = await valueOf(node(), 'pod/near', '.status.podIP');
  expect(said).toBe(`${near}\n::ffff:${near}`);
  expect((await runProgram('curl', ['-s', `http://${far}:8080/`])).stdout).toMatch(/^::ffff:/);
  await runUntilReady(node(), podOf('on-host', FOREVER, {}, { hostNetwork: true }));
  const address = await valueOf(node(), 'pod/on-host', '.status.hostIP');
  expect(await valueOf(node(), 'pod/on-host', '.status.podIP')).toBe(address);
  const links = (text: string): string[] =>
    [...text.matchAll(/^\d+: (\w+)/gm)].map((match) => match[1] ?? '').filter((name) => !/^(veth|nl)/.test(name));
  const there = links(await node().ok('exec', 'on-host', '--', 'ip', '-o', 'link'));
  expect(there).toEqual(expect.arrayContaining(['lo', expect.stringMatching(/^nodelets/)]));
});

test('a container that takes more memory than its limit is OOMKilled', async () => {
  const eat = `exec node -e 'const a = []; for (;;) a.push(Buffer.alloc(8e6, 1))'`;
  await node().apply(podOf('greedy', eat, { resources: { limits: { memory: '96Mi' } } }, { restartPolicy: 'Never' }));
  await until('its end', async () => (await valueOf(node(), 'pod/greedy', '.status.phase')) === 'Failed');
  expect(await valueOf(node(), 'pod/greedy', '.status.containerStatuses[0].state.terminated.reason')).toBe('OOMKilled');
  expect(await valueOf(node(), 'pod/greedy', '.status.containerStatuses[0].state.terminated.exitCode')).toBe('137');
  expect(await node().ok('get', 'pod', 'greedy', '--no-headers')).toMatch(/ 0\/1 +OOMKilled /);
});

test('a container’s root is a copy: what it writes is gone with it, and the machine never sees it', async () => {
  const mark = `/etc/nodelet-test-${process.pid}`;
  expect(await runToEnd(node(), podOf('writer', `echo x > ${mark}; cat ${mark}; ls ${node().dataDir} 2>&1 | head -1`))).toMatch(/^x\n/);
  expect(existsSync(mark)).toBe(false);
});

test('probes decide what is ready and what is started again', async () => {
  const probes = {
    readinessProbe: { exec: { command: ['ls', '/tmp/ready'] }, periodSeconds: 1 },
    livenessProbe: { exec: { command: ['sh', '-c', '[ ! -e /tmp/sick ]'] }, periodSeconds: 1, failureThreshold: 1 },
  };
  await node().apply(podOf('probed', FOREVER, probes));
  const ready = (): Promise<string> => valueOf(node(), 'pod/probed', '.status.containerStatuses[0].ready');
  await until('its start', async () => (await valueOf(node(), 'pod/probed', '.status.phase')) === 'Running');
  expect(await ready()).toBe('false');
  await node().ok('exec', 'probed', '--', 'touch', '/tmp/ready');
  await until('ready', async () => (await ready()) === 'true');
  await node().kubectl('exec', 'probed', '--', 'touch', '/tmp/sick');
  await until('a restart', async () => (await valueOf(node(), 'pod/probed', '.status.containerStatuses[0].restartCount')) === '1');
  expect(await node().ok('describe', 'pod', 'probed')).toMatch(/Container c failed liveness probe, will be restarted/);
});

// What takes a while was begun above.

test('a ConfigMap’s files follow their object', async () => {
  const seen = (): Promise<string> => node().ok('exec', 'config', '--', 'cat', '/v/a', '/v/sub/b');
  await until('the change', async () => (await seen()) === 'changed2', 40_000);
});

test('a container that fails again and again is in CrashLoopBackOff', async () => {
  await until('the back-off', async () => / 0\/1 +CrashLoopBackOff +\d/.test(await node().ok('get', 'pod', 'always', '--no-headers')));
  await until('the event', async () =>
    /BackOff .*Back-off restarting failed container c in pod always_default/.test(await node().ok('describe', 'pod', 'always')),
  );
  expect(await node().ok('logs', 'always', '--previous')).toBe('run\n');
});
