import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import { startTestServer, type TestServer, type WatchStream } from '../http/testing.ts';
import { createViews } from '../registry/views.ts';
import { makeEntry } from '../store/entry.ts';
import { eventEncoder } from './encoder.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

const start = async (...args: Parameters<typeof startTestServer>): Promise<TestServer> => {
  const server = await startTestServer(...args);
  open.push(server);
  return server;
};
const watch = async (server: TestServer, query: string, headers?: Record<string, string>): Promise<WatchStream> => {
  const stream = await server.watch(`${CONFIGMAPS}?watch=true${query}`, headers);
  open.push(stream);
  return stream;
};
const create = async (server: TestServer, name: string, labels: Record<string, string> = {}): Promise<string> => {
  const answer = await server.send('POST', CONFIGMAPS, { metadata: { name, labels }, data: { a: '1' } });
  expect(answer.status).toBe(201);
  return answer.json().metadata.resourceVersion;
};
const told = async (stream: WatchStream, count: number): Promise<string[]> => {
  const events: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { type, object } = await stream.next();
    events.push(`${type} ${object.metadata.name}`);
  }
  return events;
};

describe('a watch', () => {
  it('tells what is there and then what changes', async () => {
    const server = await start();
    await create(server, 'a');
    const stream = await watch(server, '');
    expect(await told(stream, 1)).toEqual(['ADDED a']);
    await create(server, 'b');
    await server.send('PATCH', `${CONFIGMAPS}/a`, { data: { a: '2' } }, MERGE);
    await server.send('DELETE', `${CONFIGMAPS}/b`);
    expect(await told(stream, 3)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
    expect(stream.response.headers['content-type']).toBe('application/json');
  });

  it('starts after the resourceVersion that is asked for', async () => {
    const server = await start();
    const first = await create(server, 'a');
    await create(server, 'b');
    expect(await told(await watch(server, `&resourceVersion=${first}`), 1)).toEqual(['ADDED b']);
  });

  it('tells objects that come into and leave a selection as added and deleted, with the revision of the change', async () => {
    const server = await start();
    const stream = await watch(server, '&labelSelector=x%3D1');
    await create(server, 'a');
    await server.send('PATCH', `${CONFIGMAPS}/a`, { metadata: { labels: { x: '1' } } }, MERGE);
    await server.send('PATCH', `${CONFIGMAPS}/a`, { data: { a: '2' } }, MERGE);
    const left = await server.send('PATCH', `${CONFIGMAPS}/a`, { metadata: { labels: { x: null } } }, MERGE);
    await server.send('DELETE', `${CONFIGMAPS}/a`);
    await create(server, 'last', { x: '1' });
    expect(await told(stream, 2)).toEqual(['ADDED a', 'MODIFIED a']);
    const { type, object } = await stream.next();
    expect([type, object.metadata['labels'], object.metadata.resourceVersion]).toEqual([
      'DELETED',
      { x: '1' },
      left.json().metadata.resourceVersion,
    ]);
    expect(await told(stream, 1)).toEqual(['ADDED last']);
  });

  it('marks the end of the initial events when asked to', async () => {
    const server = await start();
    await create(server, 'a');
    const stream = await watch(server, '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    expect(await told(stream, 1)).toEqual(['ADDED a']);
    const { type, object } = await stream.next();
    expect([type, object.kind, object.metadata['annotations']]).toEqual(['BOOKMARK', 'ConfigMap', { 'k8s.io/initial-events-end': 'true' }]);
  });

  it('ends after timeoutSeconds and when the server closes', async () => {
    const server = await start();
    const short = await watch(server, '&timeoutSeconds=1');
    const long = await watch(server, '');
    await short.ended();
    await server.handle.close(0);
    await long.ended();
  });

  it('says that a resourceVersion is too old, and ends', async () => {
    const server = await start({ history: { events: 3, bytes: 1 << 20 } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(server, name);
    const stream = await watch(server, '&resourceVersion=1');
    const { type, object } = await stream.next();
    expect([type, object.reason, object['code']]).toEqual(['ERROR', 'Expired', 410]);
    expect(object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
    await stream.ended();
  });

  it('tells columns of a Table once', async () => {
    const server = await start();
    const stream = await watch(server, '', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    await create(server, 'a');
    await create(server, 'b');
    const first = await stream.next();
    const second = await stream.next();
    expect(first.object['columnDefinitions']).toHaveLength(3);
    expect(second.object['columnDefinitions']).toBeNull();
  });

  it('tells in order what changes while many watch, and every change once', async () => {
    const server = await start();
    const streams = await Promise.all(Array.from({ length: 60 }, () => watch(server, '&resourceVersion=1')));
    const names = Array.from({ length: 40 }, (_none, i) => `c${i}`);
    for (const name of names) await create(server, name);
    for (const stream of streams) expect(await told(stream, names.length)).toEqual(names.map((name) => `ADDED ${name}`));
  });

  it('keeps little for a client that reads nothing, however much changes', async () => {
    const server = await start();
    const sockets: Socket[] = [];
    const seen = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
    subscribe('http.server.request.start', seen);
    open.push({ close: () => unsubscribe('http.server.request.start', seen) });
    const socket = connect(Number(new URL(server.base).port), '127.0.0.1');
    open.push({ close: () => socket.destroy() });
    socket.write(`GET ${CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    const [held] = sockets;
    const pad = 'x'.repeat(300_000);
    let most = 0;
    for (let i = 0; i < 60; i += 1) {
      await server.send('POST', CONFIGMAPS, { metadata: { name: `big-${i}` }, data: { pad } });
      most = Math.max(most, held?.writableLength ?? Number.NaN);
    }
    // Something waits, as the client reads nothing, but no more than one write.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(1_000_000);
  });

  it('cuts off a client that reads nothing when its place in the history is gone, and serves the others', async () => {
    const server = await start({ history: { events: 20, bytes: 64 << 20 } });
    const { port } = new URL(server.base);
    const socket = connect(Number(port), '127.0.0.1');
    open.push({ close: () => socket.destroy() });
    socket.write(`GET ${CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    const reader = await watch(server, '');
    const pad = 'x'.repeat(900_000);
    let cut = false;
    socket.on('close', () => (cut = true));
    socket.on('error', () => undefined);
    for (let i = 0; i < 60; i += 1) await server.send('POST', CONFIGMAPS, { metadata: { name: `big-${i}` }, data: { pad } });
    expect((await told(reader, 60)).at(-1)).toBe('ADDED big-59');
    // The reset is seen once what was sent before is read.
    socket.resume();
    if (!cut) await once(socket, 'close');
  });
});

describe('the encoder of watch events', () => {
  it.each([
    ['JSON', 'application/json', 'object'],
    ['protobuf', 'application/vnd.kubernetes.protobuf', 'object'],
    ['metadata', 'application/json', 'PartialObjectMetadata'],
  ] as const)('makes the bytes of an event once for all watchers, as %s', (_what, media, as) => {
    const view = createViews().get(resources.configmaps);
    if (!view) throw new Error('no view');
    const encoded = new WeakMap();
    const form = { media, as, version: 'v1', pretty: false } as const;
    const options = { view, form, include: 'Metadata', now: () => 0, encoded } as const;
    const entry = makeEntry('configmaps/default/a', 7, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    const [first, second] = [eventEncoder(options), eventEncoder(options)];
    expect(second.event('ADDED', entry)).toBe(first.event('ADDED', entry));
    expect(first.event('MODIFIED', entry)).not.toEqual(first.event('ADDED', entry));
  });
});
