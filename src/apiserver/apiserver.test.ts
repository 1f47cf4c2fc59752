import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../api/resources.ts';
import { startTestServer, type TestServer } from './http/testing.ts';

const run = promisify(execFile);
let server: TestServer;
let common: string[];

beforeAll(async () => {
  server = await startTestServer();
  writeFileSync(join(server.directory, 'kubeconfig'), '');
  common = ['--server', server.base, '--kubeconfig', join(server.directory, 'kubeconfig'), '--cache-dir', join(server.directory, 'cache')];
});
afterAll(() => server.close());

const kubectl = async (...args: string[]): Promise<string> => {
  const { stdout } = await run('kubectl', [...common, ...args]);
  return stdout.trim();
};
const failing = async (...args: string[]): Promise<string> => {
  const error: unknown = await run('kubectl', [...common, ...args]).catch((reason: unknown) => reason);
  if (!(error instanceof Error && 'stderr' in error)) throw new Error('kubectl should have failed');
  return String(error.stderr).trim();
};
const manifest = (name: string, text: string): string => {
  const path = join(server.directory, `${name}.yaml`);
  writeFileSync(path, text);
  return path;
};

const MANIFEST = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1"}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: main, image: nginx, env: [{name: A, value: b}]}
`;

describe('kubectl against the API server', () => {
  it('applies a manifest, again, and with a change', async () => {
    const file = manifest('app', MANIFEST);
    expect(await kubectl('apply', '-f', file)).toBe('configmap/settings created\npod/web created');
    expect(await kubectl('apply', '-f', file)).toBe('configmap/settings unchanged\npod/web unchanged');
    const changed = manifest('app', MANIFEST.replace('a: "1"', 'a: "2"').replace('image: nginx', 'image: nginx:1.29'));
    expect(await kubectl('apply', '-f', changed)).toBe('configmap/settings configured\npod/web configured');
    expect(await kubectl('get', 'pod', 'web', '-o', 'jsonpath={.spec.containers[0].image} {.spec.containers[0].env[0].value}')).toBe(
      'nginx:1.29 b',
    );
  });

  it('applies on the server, and tells who is in the way', async () => {
    const file = manifest('ssa', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: "1"}\n');
    expect(await kubectl('apply', '--server-side', '-f', file)).toBe('configmap/shared serverside-applied');
    const other = manifest('ssa2', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: "2"}\n');
    expect(await failing('apply', '--server-side', '--field-manager=other', '-f', other)).toContain('conflict with "kubectl": .data.a');
  });

  it('prints Tables', async () => {
    const lines = (await kubectl('get', 'pods', '-o', 'wide')).split('\n');
    expect(lines[0]?.split(/\s{2,}/).map((column) => column.trim())).toEqual([
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ]);
    expect(lines[1]).toMatch(/^web\s+0\/1\s+Pending\s+0\s+\S+s\s+<none>\s+<none>\s+<none>\s+<none>$/);
  });

  it('labels, selects and describes', async () => {
    expect(await kubectl('label', 'pod', 'web', 'tier=front')).toBe('pod/web labeled');
    expect(await kubectl('get', 'pods', '-l', 'tier=front', '-o', 'name')).toBe('pod/web');
    expect(await kubectl('get', 'pods', '--field-selector', 'status.phase=Running', '-o', 'name')).toBe('');
    expect(await kubectl('describe', 'pod', 'web')).toMatch(/Image:\s+nginx:1\.29/);
  });

  it('refuses what the types do not know, before and after it is sent', async () => {
    const file = manifest('bad', 'apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {containers: [{name: c, image: i, bogus: 1}]}\n');
    expect(await failing('create', '-f', file)).toContain('strict decoding error: unknown field "spec.containers[0].bogus"');
    expect(await failing('run', 'Bad_Name', '--image=i')).toContain('* metadata.name: Invalid value: "Bad_Name"');
  });

  it('explains types', async () => {
    expect(await kubectl('explain', 'pod.spec.containers')).toContain('KIND:       Pod');
  });

  it('watches', async () => {
    const child = spawn('kubectl', [...common, 'get', 'configmaps', '-w', '-o', 'name']);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const seen = async (text: string): Promise<void> => {
      const deadline = Date.now() + 10_000;
      while (!out.includes(text)) {
        if (Date.now() > deadline) throw new Error(`${text} was not seen in: ${out}`);
        await Promise.race([once(child.stdout, 'data'), new Promise((resolve) => setTimeout(resolve, 200))]);
      }
    };
    try {
      await seen('configmap/settings');
      await kubectl('create', 'configmap', 'late');
      await seen('configmap/late');
    } finally {
      child.kill();
    }
  });

  it('creates with protobuf bodies', async () => {
    expect(await kubectl('create', 'deployment', 'd', '--image=nginx', '--replicas=2')).toBe('deployment.apps/d created');
    expect(await kubectl('scale', 'deployment', 'd', '--replicas=3')).toBe('deployment.apps/d scaled');
    expect(await kubectl('get', 'deployment', 'd', '-o', 'jsonpath={.spec.replicas}')).toBe('3');
  });

  it('deletes, and waits until it is gone', async () => {
    expect(await kubectl('delete', 'pod', 'web')).toContain('pod "web" deleted');
    expect(await kubectl('get', 'pods', '-o', 'name')).toBe('');
  });

  it('shows the system namespaces, makes one and removes it with its content', async () => {
    expect(await kubectl('get', 'ns', '-o', 'name')).toBe(
      'namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system',
    );
    await kubectl('create', 'namespace', 'team');
    await kubectl('-n', 'team', 'create', 'configmap', 'settings', '--from-literal=a=1');
    expect(await kubectl('delete', 'namespace', 'team')).toContain('"team" deleted');
    expect(server.handle.objects.list(resources.configmaps, 'team')).toEqual([]);
  });
});

describe('the API server', () => {
  it('authenticates before it authorizes and authorizes before it looks', async () => {
    const guarded = await startTestServer(
      {},
      {
        authenticate: (exchange) =>
          Promise.resolve(
            exchange.request.headers.authorization === undefined ? undefined : { name: 'nobody', groups: ['system:authenticated'] },
          ),
        authorize: () => ({ decision: 'noOpinion', reason: '' }),
      },
    );
    const unknown = await guarded.send('GET', '/api/v1/namespaces/default/pods/absent');
    expect([unknown.status, unknown.json()]).toEqual([
      401,
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
    ]);
    const known = { authorization: 'Bearer x' };
    const pod = await guarded.send('GET', '/api/v1/namespaces/default/pods/absent', undefined, known);
    expect([pod.status, pod.headers['x-content-type-options'], pod.json().message]).toEqual([
      403,
      'nosniff',
      'pods "absent" is forbidden: User "nobody" cannot get resource "pods" in API group "" in the namespace "default"',
    ]);
    const scale = await guarded.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/d/scale', {}, known);
    expect(scale.json().message).toBe(
      'deployments.apps "d" is forbidden: User "nobody" cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"',
    );
    const path = await guarded.send('GET', '/nowhere', undefined, known);
    expect(path.json()).toMatchObject({ message: 'forbidden: User "nobody" cannot get path "/nowhere"', details: {} });
    await guarded.close();
  });

  it('tells discovery once to a client that keeps it', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const first = await server.send('GET', '/apis', undefined, { accept });
    expect(first.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const again = await server.send('GET', '/apis', undefined, { accept, 'if-none-match': first.headers.etag ?? '' });
    expect([again.status, again.headers['content-type'], again.text]).toEqual([304, undefined, '']);
  });

  it('reports its health as a whole and in parts', async () => {
    const text = async (path: string): Promise<string> => (await server.send('GET', path)).text;
    expect(await text('/livez')).toBe('ok');
    expect(await text('/livez?verbose')).toMatch(
      /^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]loopback-serving-certificate ok\n\[\+\]etcd ok\n(?:\[\+\]poststarthook\/\S+ ok\n)+livez check passed\n$/,
    );
    expect(await text('/readyz?verbose')).toContain('[+]shutdown ok\n');
    expect(await text('/healthz?exclude=etcd&verbose')).toContain('[+]etcd excluded: ok');
    expect(await text('/readyz/etcd')).toBe('ok');
    expect((await server.send('GET', '/readyz/nope')).status).toBe(404);
  });

  it('fails with the address that is taken, and lets its store go', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const dataDir = join(server.directory, 'taken');
    mkdirSync(dataDir);
    await expect(startTestServer({ listen: [{ host: '127.0.0.1', port }], dataDir })).rejects.toThrow('EADDRINUSE');
    blocker.close();
    const freed = await startTestServer({ dataDir });
    await freed.close();
  });

  it('comes back with everything that was acknowledged', async () => {
    const dataDir = join(server.directory, 'kept');
    const first = await startTestServer({ dataDir });
    const { metadata } = (await first.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' } })).json();
    await first.close();
    const second = await startTestServer({ dataDir });
    expect((await second.send('GET', '/api/v1/namespaces/default/configmaps/kept')).json().metadata).toMatchObject({ uid: metadata.uid });
    await second.close();
  });
});
