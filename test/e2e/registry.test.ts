/** Images from a registry: pods that run from them, the secret that opens it, an image as a volume, and the command that fetches them. */
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect } from 'vitest';
import {
  hasRegistry,
  imageOf,
  pushImage,
  sha256,
  startRegistry,
  USER,
  type TestImage,
  type TestRegistry,
} from '../../src/runtime/images/testing/registry-process.ts';
import { testThatNeeds } from '../support/need.ts';
import { podOf, runToEnd, valueOf } from '../support/pods.ts';
import { nodelet, type Result } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes('busybox', 'docker-registry'));
const node = sharedNode();
const image = (...args: string[]): Promise<Result> => nodelet('image', ...args, `--data-dir=${node().dataDir}`);
let open: TestRegistry | undefined;
let guarded: TestRegistry | undefined;
let busybox: TestImage;

beforeAll(async () => {
  if (!hasRegistry()) return;
  const program = execFileSync('sh', ['-c', 'readlink -f "$(command -v busybox)"']).toString().trim();
  busybox = imageOf([
    [
      { path: 'bin/', type: '5', mode: 0o755 },
      { path: 'bin/busybox', content: readFileSync(program), mode: 0o755 },
      ...['sh', 'cat', 'ls', 'touch', 'true'].map((name) => ({ path: `bin/${name}`, type: '2' as const, link: 'busybox' })),
      ...['etc/', 'proc/', 'sys/', 'dev/', 'tmp/'].map((path) => ({ path, type: '5' as const, mode: 0o755 })),
    ],
    [{ path: 'etc/from', content: 'the registry\n' }],
  ]);
  [open, guarded] = await Promise.all([startRegistry(), startRegistry({ basicAuth: true })]);
  await pushImage(open.host, 'busybox', '1', busybox);
  await pushImage(guarded.host, 'team/busybox', '1', busybox, USER);
});
afterAll(async () => {
  await open?.stop();
  await guarded?.stop();
});
const here = (): string => open?.host ?? '';
const behind = (): string => guarded?.host ?? '';

test('a pod runs from it, and its status says which image that was', async () => {
  const name = `${here()}/busybox:1`;
  const said = await runToEnd(node(), podOf('pulled', 'cat /etc/from', { image: name }));
  expect(said).toBe('the registry\n');
  expect(await valueOf(node(), 'pod/pulled', '.status.containerStatuses[0].image')).toBe(name);
  const events = await node().ok('get', 'events', '--field-selector=involvedObject.name=pulled', '-o', 'jsonpath={.items[*].message}');
  expect(events).toContain(`Pulling image "${name}"`);
  expect(events).toMatch(
    new RegExp(`Successfully pulled image "${name}" in \\S+ \\(\\S+ including waiting\\)\\. Image size: \\d+ bytes\\.`),
  );
  const digest = `${here()}/busybox@${sha256(busybox.manifest)}`;
  await until(
    'the node’s images',
    async () => (await valueOf(node(), `node/${node().nodeName}`, '.status.images[*].names[*]')).includes(digest),
    90_000,
  );
}, 120_000);

test('a private one is opened by the pod’s secret, and by the one of its ServiceAccount', async () => {
  const name = `${behind()}/team/busybox:1`;
  await node().apply(podOf('denied', 'true', { image: name, imagePullPolicy: 'Always' }));
  await until('the refusal', async () =>
    (await valueOf(node(), 'pod/denied', '.status.containerStatuses[0].state.waiting.message')).includes('no basic auth credentials'),
  );
  await node().ok(
    'create',
    'secret',
    'docker-registry',
    'opener',
    `--docker-server=${behind()}`,
    `--docker-username=${USER.username}`,
    `--docker-password=${USER.password}`,
  );
  expect(
    await runToEnd(
      node(),
      podOf('allowed', 'cat /etc/from', { image: name, imagePullPolicy: 'Always' }, { imagePullSecrets: [{ name: 'opener' }] }),
    ),
  ).toBe('the registry\n');
  await node().ok('create', 'serviceaccount', 'puller');
  await node().ok('patch', 'serviceaccount', 'puller', '-p', '{"imagePullSecrets":[{"name":"opener"}]}');
  expect(
    await runToEnd(
      node(),
      podOf('by-account', 'cat /etc/from', { image: name, imagePullPolicy: 'Always' }, { serviceAccountName: 'puller' }),
    ),
  ).toBe('the registry\n');
}, 120_000);

test('an image is mounted as a volume: read-only, as a whole or in part', async () => {
  const volumeMounts = [
    { name: 'files', mountPath: '/whole' },
    { name: 'files', mountPath: '/part', subPath: 'etc' },
  ];
  const volumes = [{ name: 'files', image: { reference: `${here()}/busybox:1`, pullPolicy: 'Always' } }];
  const said = await runToEnd(
    node(),
    podOf(
      'shows',
      'cat /whole/etc/from /part/from; touch /whole/x 2>&1; /whole/bin/true 2>&1; echo end',
      { image: 'host', volumeMounts },
      { volumes },
    ),
  );
  expect(said).toMatch(/^the registry\nthe registry\n/);
  expect(said).toMatch(/Read-only file system/);
  expect(said).toMatch(/Permission denied/);
  const absent = [{ name: 'files', image: { reference: `${here()}/absent:1`, pullPolicy: 'IfNotPresent' } }];
  await node().apply(podOf('lacks', 'true', { image: 'host', volumeMounts }, { volumes: absent }));
  await until('the failure', async () =>
    /ErrImagePull|ImagePullBackOff/.test(await valueOf(node(), 'pod/lacks', '.status.containerStatuses[0].state.waiting.reason')),
  );
});

test('nodelet image pull fetches it, by name or digest, and says in one line why not', async () => {
  await pushImage(here(), 'tool', '1', imageOf([[{ path: 'file', content: 'x' }]]));
  const pulled = await image('pull', `${here()}/tool:1`);
  expect([pulled.code, pulled.stdout]).toEqual([0, `Pulled ${here()}/tool:1\n`]);
  expect(pulled.stderr).toMatch(/^\S+ is sha256:[0-9a-f]{64}: 1 layers, 0\.0 MB\nsha256:[0-9a-f]{12}: 0\.0 MB, 1 of 1 layers\n$/);
  expect((await image('ls')).stdout).toContain(`${here()}/tool:1`);
  expect((await image('rm', `${here()}/tool:1`)).code).toBe(0);
  const secret = await image('pull', `${behind()}/team/busybox:1`);
  expect([secret.code, secret.stderr.trim().split('\n').length]).toEqual([1, 1]);
  expect(secret.stderr).toContain('pull access denied');
  expect((await image('pull', `${behind()}/team/busybox:1`, `--creds=${USER.username}:${USER.password}`)).code).toBe(0);
});
