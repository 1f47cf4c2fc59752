/** Every route of the generated page, asked with curl by hand; and an end with streams open. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runUntilReady } from '../support/pods.ts';
import { runProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes('curl', 'base64');
const test = testThatNeeds(reason);
const node = sharedNode();

/** Rows of the page's first table: path and methods. */
const ROUTES = (/## Routes\n([\s\S]*?)\n## /.exec(readFileSync('docs/KUBELET-API.md', 'utf8'))?.[1] ?? '').split('\n').flatMap((line) => {
  const [, path, methods] = /^\| `([^`]+)` \| ([A-Z, ]+) \|/.exec(line) ?? [];
  return path === undefined || methods === undefined ? [] : methods.split(', ').map((method) => [method, path] as const);
});

interface Expected {
  /** Parameters, and what else curl is told. */
  readonly query?: string;
  readonly args?: readonly string[];
  readonly status?: number;
  readonly type?: string;
  readonly body: RegExp;
}

const JSON_TYPE = 'application/json';
const TEXT = 'text/plain; charset=utf-8';
const METRICS = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
const NO_UPGRADE: Omit<Expected, 'query'> = { status: 500, type: TEXT, body: /^Upgrade request required\n$/ };
const EXEC: Expected = { ...NO_UPGRADE, query: 'command=id&output=1' };
const ATTACH: Expected = { ...NO_UPGRADE, query: 'output=1' };
const RUN: Expected = { query: 'cmd=echo%20ran', type: JSON_TYPE, body: /^ran\n$/ };
const OK: Expected = { type: TEXT, body: /^ok$/ };

/** What each route answers an administrator. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  '/attach/{namespace}/{pod}/{container}': ATTACH,
  '/attach/{namespace}/{pod}/{uid}/{container}': ATTACH,
  '/checkpoint/{namespace}/{pod}/{container}': {
    status: 500,
    type: TEXT,
    body: /^checkpointing of web\/asked\/c failed \(rpc error: code = Unimplemented desc = .+\)$/,
  },
  '/configz': {
    type: JSON_TYPE,
    body: /^\{"kubeletconfig":\{"kind":"KubeletConfiguration","apiVersion":"kubelet\.config\.k8s\.io\/v1beta1"/,
  },
  '/containerLogs/{namespace}/{pod}/{container}': { query: 'tailLines=1', type: '', body: /^from the log\n$/ },
  '/debug/flags/v': {
    args: ['--data', '2', '-H', 'Content-Type:'],
    type: 'text/plain',
    body: /^successfully set klog\.logging\.verbosity to 2\n$/,
  },
  '/debug/pprof/{name}': { type: TEXT, body: /nodelet/ },
  '/exec/{namespace}/{pod}/{container}': EXEC,
  '/exec/{namespace}/{pod}/{uid}/{container}': EXEC,
  '/flagz': { type: TEXT, body: /^\nkubelet flagz\n/ },
  '/healthz': OK,
  '/healthz/device-plugin': OK,
  '/healthz/log': OK,
  '/healthz/ping': OK,
  '/healthz/syncloop': OK,
  '/logs/': { type: 'text/html; charset=utf-8', body: /^<!doctype html>\n/ },
  '/logs/{path}': { status: 404, type: TEXT, body: /^404 page not found\n$/ },
  '/metrics': { type: METRICS, body: /^# HELP / },
  '/metrics/cadvisor': { type: METRICS, body: /^container_/m },
  '/metrics/probes': { type: METRICS, body: /^process_start_time_seconds /m },
  '/metrics/resource': { type: METRICS, body: /^node_cpu_usage_seconds_total /m },
  '/metrics/slis': { body: /^(# HELP kubernetes_healthcheck |metrics reset\n$)/ },
  '/pods': { type: JSON_TYPE, body: /^\{"kind":"PodList","apiVersion":"v1","metadata":\{\},"items":\[\{"metadata":\{"name":"asked"/ },
  '/portForward/{namespace}/{pod}': NO_UPGRADE,
  '/portForward/{namespace}/{pod}/{uid}': NO_UPGRADE,
  '/run/{namespace}/{pod}/{container}': RUN,
  '/run/{namespace}/{pod}/{uid}/{container}': RUN,
  '/runningpods/': { type: JSON_TYPE, body: /"name":"asked"/ },
  '/stats/summary': { type: JSON_TYPE, body: /^\{\n "node": \{/ },
  '/statusz': { type: TEXT, body: /^\nkubelet statusz\n/ },
};

let uid = '';

beforeAll(async () => {
  if (reason !== undefined) return;
  const { ok, dataDir, env } = node();
  await ok('create', 'namespace', 'web');
  await runUntilReady(node(), podOf('asked', `echo from the log; ${FOREVER}`, {}, {}, { namespace: 'web' }));
  uid = await ok('-n', 'web', 'get', 'pod', 'asked', '-o', 'jsonpath={.metadata.uid}');
  const cut = `set -e; cd "$1"; umask 077
kubectl config view --raw -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d > client.crt
kubectl config view --raw -o jsonpath='{.users[0].user.client-key-data}' | base64 -d > client.key
kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt`;
  const made = await runProgram('sh', ['-c', cut, 'sh', join(dataDir, '..')], { env });
  expect(made.stderr).toBe('');
  expect(statSync(join(dataDir, '..', 'client.key')).size).toBeGreaterThan(0);
});

/** Asks with curl; the answer's status and type, and its body. */
async function curl(method: string, path: string, args: readonly string[] = []): Promise<[status: number, type: string, body: string]> {
  const at = (file: string): string => join(node().dataDir, '..', file);
  const identity = ['--cacert', at('ca.crt'), '--cert', at('client.crt'), '--key', at('client.key')];
  const format = ['-w', '\n%{http_code} %{content_type}'];
  const url = `https://localhost:${node().kubeletPort}${path}`;
  const { code, stdout, stderr } = await runProgram('curl', ['-sS', '--http1.1', '-X', method, ...identity, ...format, ...args, url]);
  expect([code, stderr]).toEqual([0, '']);
  const end = stdout.lastIndexOf('\n');
  const [status, ...type] = stdout.slice(end + 1).split(' ');
  return [Number(status), type.join(' '), stdout.slice(0, end)];
}

function urlOf(path: string): string {
  const names: Readonly<Record<string, string>> = { namespace: 'web', pod: 'asked', container: 'c', uid, name: 'cmdline', path: 'none' };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '');
}

test('the page names routes, and each of them is tried here', () => {
  expect(new Set(ROUTES.map(([, path]) => path))).toEqual(new Set(Object.keys(EXPECTED)));
});

for (const [method, path] of ROUTES)
  test(`${method} ${path} answers as the page says`, async () => {
    const { query, args, status = 200, type, body } = EXPECTED[path] ?? { body: /^$/ };
    const answer = await curl(method, `${urlOf(path)}${query === undefined ? '' : `?${query}`}`, args);
    expect(answer[0]).toBe(status);
    if (type !== undefined) expect(answer[1]).toBe(type);
    expect(answer[2]).toMatch(body);
  });

test('/debug/flags/v changes how much is logged', async () => {
  const lines = (): number => node().log().split('"HTTP"').length;
  await curl('PUT', '/debug/flags/v', ['--data', '0', '-H', 'Content-Type:']);
  const before = lines();
  await curl('GET', '/healthz');
  expect(lines()).toBe(before);
  await curl('PUT', '/debug/flags/v', ['--data', '3', '-H', 'Content-Type:']);
  await until('a line of the request', async () => {
    await curl('GET', '/healthz');
    return lines() > before;
  });
  await curl('PUT', '/debug/flags/v', ['--data', '0', '-H', 'Content-Type:']);
});

test('it stops in time with an exec, a followed log and a port-forward open', async () => {
  const { kubectlBeside, kill } = node();
  const open = [
    kubectlBeside('-n', 'web', 'exec', '-i', 'asked', '--', 'sh', '-c', 'echo began; cat'),
    kubectlBeside('-n', 'web', 'logs', '-f', 'asked'),
    kubectlBeside('-n', 'web', 'port-forward', 'asked', ':8080'),
  ];
  await until('all are open', () => open.every((program) => program.stdout() !== ''));
  expect(await kill('SIGTERM')).toBe(0);
  for (const program of open) {
    program.kill('SIGKILL');
    await program.ended;
  }
});
