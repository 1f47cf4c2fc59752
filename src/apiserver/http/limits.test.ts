import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiServerOptions, ApiServerPlugins } from '../apiserver.ts';
import { startTestServer, type TestServer } from './testing.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function start(options: Partial<ApiServerOptions>, plugins: Partial<ApiServerPlugins> = {}): Promise<TestServer> {
  const server = await startTestServer(options, {
    authenticate: (exchange) =>
      Promise.resolve({ name: 'someone', groups: [exchange.request.headers['x-test-group'] === 'masters' ? 'system:masters' : 'some'] }),
    ...plugins,
  });
  servers.push(server);
  return server;
}

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/** Sends the head of a request whose body never comes: it runs until it is let go. */
function hold(base: string): { letGo: () => void } {
  const outgoing = request(base + CONFIGMAPS, { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 10 } });
  outgoing.on('error', () => undefined);
  outgoing.flushHeaders();
  return { letGo: () => void outgoing.destroy() };
}

async function until(what: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await what())) if (Date.now() > deadline) throw new Error('it did not come about');
}

describe('too many requests at once', () => {
  it('are refused, each kind by its own limit, until there is room again', async () => {
    const server = await start({ inflight: { reading: 10, mutating: 2 } });
    const held = [hold(server.base), hold(server.base)];
    const write = { metadata: { generateName: 'x-' } };
    await until(async () => (await server.send('POST', CONFIGMAPS, write)).status === 429);
    const refused = await server.send('POST', CONFIGMAPS, write);
    expect(refused).toMatchObject({ status: 429, text: 'Too many requests, please try again later.\n' });
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect((await server.send('GET', CONFIGMAPS)).status).toBe(200);
    expect((await server.send('POST', CONFIGMAPS, write, { 'x-test-group': 'masters' })).status).toBe(201);
    const watch = await server.watch(`${CONFIGMAPS}?watch=true`);
    expect(watch.response.statusCode).toBe(200);
    watch.close();
    for (const { letGo } of held) letGo();
    await until(async () => (await server.send('POST', CONFIGMAPS, write)).status === 201);
  });

  it('do not make a flood fail in another way', async () => {
    const server = await start({ inflight: { reading: 3, mutating: 3 } });
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => server.send('POST', CONFIGMAPS, { metadata: { generateName: 'f-' } })),
    );
    expect(answers.filter(({ status }) => status !== 201 && status !== 429)).toEqual([]);
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect((await server.send('POST', CONFIGMAPS, { metadata: { generateName: 'f-' } })).status).toBe(201);
  });
});

describe('a request that takes too long', () => {
  it('is answered with 504, by the server or by its own timeout', async () => {
    const server = await start({ requestTimeout: 300 }, { authorize: () => new Promise(() => undefined) });
    for (const query of ['', '?timeout=20ms', '?timeout=1h']) {
      expect((await server.send('GET', CONFIGMAPS + query)).json()).toMatchObject({
        code: 504,
        reason: 'Timeout',
        message: 'Timeout: request did not complete within the allotted timeout',
        details: {},
      });
    }
  });

  it('is refused when its timeout is no duration', async () => {
    const server = await start({});
    expect((await server.send('GET', `${CONFIGMAPS}?timeout=soon`)).json()).toMatchObject({
      code: 400,
      message: 'invalid timeout specified in the request URL - time: invalid duration "soon"',
    });
    expect((await server.send('GET', `${CONFIGMAPS}?timeout=0`)).status).toBe(200);
  });

  it('and is a watch goes on', async () => {
    const server = await start({ requestTimeout: 50 });
    const watch = await server.watch(`${CONFIGMAPS}?watch=true&timeout=10ms`);
    const ended = once(watch.response, 'close').then(() => 'ended');
    const later = new Promise((resolve) => {
      setTimeout(resolve, 200, 'goes on');
    });
    expect(await Promise.race([ended, later])).toBe('goes on');
    await server.send('POST', CONFIGMAPS, { metadata: { name: 'late' } });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'late' } } });
    watch.close();
  });
});
