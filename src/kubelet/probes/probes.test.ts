import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Probe } from '../../api/types.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { fastHost } from '../testing/fast-host.ts';
import { brief, eventually, startTestNode, type TestNode } from '../testing/node.ts';
import { attemptProbe, type Attempt } from './handlers.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

const attempt = (probe: Probe, options: Parameters<typeof createFakeRuntime>[0] = {}, port = 80): Promise<Attempt> =>
  attemptProbe(probe, {
    runtime: createFakeRuntime(options),
    container: { name: 'c', env: [{ name: 'A', value: 'a' }], ports: [{ name: 'web', containerPort: port }] },
    containerId: 'x',
    podIP: '127.0.0.1',
    signal: new AbortController().signal,
  });

async function serve(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(answer ?? (() => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('an exec probe', () => {
  const probe = { exec: { command: ['cat', '$(A)', '$(B)'] } };
  it('succeeds with exit 0 and sees literal variables', async () => {
    let seen: readonly string[] = [];
    const exec = (command: readonly string[]) => ({ code: ((seen = command), 0) });
    expect(await attempt(probe, { exec })).toEqual({ result: 'success', output: '' });
    expect(seen).toEqual(['cat', 'a', '$(B)']);
  });
  it('fails with any other and tells the output', async () => {
    expect(await attempt(probe, { exec: () => ({ code: 1, stdout: 'o', stderr: 'e' }) })).toEqual({ result: 'failure', output: 'oe' });
  });
  it('fails when it takes too long, and says nothing when it could not be done', async () => {
    const reject = (error: Error) => () => {
      throw error;
    };
    expect(await attempt(probe, { exec: reject(new RuntimeError('deadlineExceeded', 'late')) })).toEqual({
      result: 'failure',
      output: 'command timed out: "cat a $(B)" timed out after 1s',
    });
    expect(await attempt(probe, { exec: reject(new Error('broken')) })).toEqual({ result: 'unknown', output: 'broken' });
  });
});

describe('an HTTP probe', () => {
  it.each([
    [200, 'success', ''],
    [302, 'success', ''],
    [399, 'success', ''],
    [404, 'failure', 'HTTP probe failed with statuscode: 404'],
    [500, 'failure', 'HTTP probe failed with statuscode: 500'],
  ])('takes %i for a %s', async (code, result, output) => {
    const port = await serve((_request, response) => response.writeHead(code).end());
    expect(await attempt({ httpGet: { path: '/x', port } })).toEqual({ result, output });
  });
  it('finds a port by its name and sends the headers of the spec', async () => {
    let headers: Record<string, unknown> = {};
    const port = await serve((request, response) => {
      headers = request.headers;
      response.end();
    });
    const httpHeaders = [
      { name: 'X-A', value: 'b' },
      { name: 'Accept', value: '' },
    ];
    expect((await attempt({ httpGet: { path: 'x', port: 'web', httpHeaders } }, {}, port)).result).toBe('success');
    expect(headers).toMatchObject({ 'x-a': 'b', 'user-agent': 'kube-probe/1.36' });
    expect(headers).not.toHaveProperty('accept');
    expect(await attempt({ httpGet: { port: 'nope' } })).toEqual({
      result: 'unknown',
      output: 'strconv.Atoi: parsing "nope": invalid syntax',
    });
  });
  it('follows a redirect on the same host, and not for ever', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else if (request.url === '/b') response.writeHead(404).end();
      else response.writeHead(302, { location: request.url ?? '/' }).end();
    });
    expect((await attempt({ httpGet: { path: '/a', port } })).output).toBe('HTTP probe failed with statuscode: 404');
    expect((await attempt({ httpGet: { path: '/loop', port } })).output).toBe(
      `Get "http://127.0.0.1:${port}/loop": stopped after 10 redirects`,
    );
  });
  it('fails when nothing listens, or nothing answers in time', async () => {
    const port = await freePort();
    expect(await attempt({ httpGet: { path: '/', port } })).toEqual({
      result: 'failure',
      output: `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
    const slow = await serve(() => undefined);
    expect((await attempt({ httpGet: { path: '/', port: slow }, timeoutSeconds: 1 })).output).toBe(
      `Get "http://127.0.0.1:${slow}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
  });
});

describe('a TCP probe', () => {
  it('succeeds when something listens', async () => {
    expect(await attempt({ tcpSocket: { port: await serve(() => undefined) } })).toEqual({ result: 'success', output: '' });
    const port = await freePort();
    expect(await attempt({ tcpSocket: { port } })).toEqual({
      result: 'failure',
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
});

describe('probes of a pod that runs', () => {
  let node: TestNode | undefined;
  afterEach(async () => {
    await node?.close();
    node = undefined;
  });
  const start = async (container: object, exec: (command: readonly string[]) => { code: number; stderr?: string }): Promise<TestNode> => {
    node = await startTestNode({ host: fastHost(20), exec });
    node.api.createPod({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox:1.36', ...container }] } });
    return node;
  };
  const probe = (name: string): Probe => ({ exec: { command: [name] }, periodSeconds: 1, failureThreshold: 2 });

  it('make it ready, and not ready again', async () => {
    let well = false;
    const { api, events } = await start({ readinessProbe: probe('ready') }, () => (well ? { code: 0 } : { code: 1, stderr: 'not yet' }));
    await eventually(() => events('p').includes('Warning Unhealthy: Readiness probe failed: not yet'), 'an event');
    expect(brief(api.pod('p') ?? { metadata: {} })).toBe('Running | c:running started | Initialized,PodScheduled,Sandbox');
    well = true;
    await eventually(() => api.pod('p')?.status.containerStatuses?.[0]?.ready === true, 'ready');
    well = false;
    await eventually(() => api.pod('p')?.status.containerStatuses?.[0]?.ready === false, 'not ready');
  });

  it('restart a container that is not alive', async () => {
    let well = false;
    const { api, changes, events, runtime } = await start({ livenessProbe: probe('alive') }, () => ({ code: well ? 0 : 1 }));
    await eventually(() => runtime.calls.includes('createContainer c 1'), 'the restart');
    well = true;
    await eventually(() => api.pod('p')?.status.containerStatuses?.[0]?.restartCount === 1);
    expect(changes('p').slice(3)).toEqual([
      'Running | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
      'Running | c:running x1 ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
    ]);
    await eventually(() => events('p').includes('Normal Killing: Container c failed liveness probe, will be restarted'), 'the event');
  });

  it('wait for the startup probe', async () => {
    let up = false;
    const asked: string[] = [];
    const { api } = await start({ startupProbe: probe('up'), readinessProbe: probe('ready') }, ([name = '']) => {
      asked.push(name);
      return { code: name === 'up' && !up && asked.length < 2 ? 1 : 0 };
    });
    await eventually(() => asked.length > 0);
    up = true;
    await eventually(() => api.pod('p')?.status.containerStatuses?.[0]?.ready === true, 'ready');
    expect(asked.slice(0, 3)).toEqual(['up', 'up', 'ready']);
    expect(brief(api.history.find((p) => p.status.phase === 'Running') ?? { metadata: {} })).toBe(
      'Running | c:running | Initialized,PodScheduled,Sandbox',
    );
  });
});
