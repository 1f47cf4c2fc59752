import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../api/resources.ts';
import { systemClock } from '../util/clock.ts';
import { silentLogger } from '../util/log.ts';
import { startApiServer, type ApiServerHandle } from './apiserver.ts';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'nodelet-apiserver-'));
let server: ApiServerHandle;
let base: string;

const start = (): Promise<ApiServerHandle> =>
  startApiServer({
    listen: [{ host: '127.0.0.1', port: 0 }],
    dataDir: join(directory, 'store'),
    serviceIP: '10.96.0.1',
    log: silentLogger,
    clock: systemClock,
    version: {
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.3',
      gitCommit: '',
      gitTreeState: 'clean',
      buildDate: '1970-01-01T00:00:00Z',
      goVersion: '',
      compiler: '',
      platform: 'linux/amd64',
    },
    plugins: () => ({
      authenticate: () => Promise.resolve({ name: 'admin', groups: ['system:masters'] }),
      impersonate: (_exchange, user) => Promise.resolve(user),
      authorize: () => ({ decision: 'allow', reason: '' }),
      endpoints: { create: {}, connect: {} },
      admission: [],
    }),
  });

beforeAll(async () => {
  server = await start();
  base = `http://127.0.0.1:${server.addresses[0]?.port}`;
  writeFileSync(join(directory, 'kubeconfig'), '');
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const kubectl = async (...args: string[]): Promise<string> => {
  const { stdout } = await run('kubectl', [
    '--server',
    base,
    '--kubeconfig',
    join(directory, 'kubeconfig'),
    '--cache-dir',
    join(directory, 'cache'),
    ...args,
  ]);
  return stdout.trim();
};
const send = async (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(base + path, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('kubectl against the API server', () => {
  it('runs, lists, labels and deletes a pod', async () => {
    expect(await kubectl('run', 'web', '--image=nginx')).toBe('pod/web created');
    expect(await kubectl('get', 'pods', '-o', 'name')).toBe('pod/web');
    expect(await kubectl('label', 'pod', 'web', 'a=b')).toBe('pod/web labeled');
    expect(await kubectl('get', 'pods', '-l', 'a=b', '-o', 'jsonpath={.items[*].status.phase}')).toBe('Pending');
    expect(await kubectl('delete', 'pod', 'web')).toContain('pod "web" deleted');
    expect(await kubectl('get', 'pods', '-o', 'name')).toBe('');
  });

  it('shows the system namespaces', async () => {
    expect(await kubectl('get', 'ns', '-o', 'name')).toBe(
      'namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system',
    );
  });

  it('creates and removes a namespace with its content', async () => {
    await kubectl('create', 'namespace', 'team');
    await kubectl('-n', 'team', 'create', 'configmap', 'settings', '--from-literal=a=1');
    expect(await kubectl('delete', 'namespace', 'team')).toContain('"team" deleted');
    expect(server.objects.list(resources.configmaps, 'team')).toEqual([]);
  });
});

describe('the API', () => {
  it('refuses a body that is too large', async () => {
    expect(await send('POST', '/api/v1/namespaces/default/configmaps', 'x'.repeat(4 << 20))).toMatchObject({
      status: 413,
      body: { reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' },
    });
  });
});
