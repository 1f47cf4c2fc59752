import { createHash } from 'node:crypto';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startHttpServer } from '../http-server.ts';
import type { HttpServerHandle } from '../http.ts';
import { sendText } from '../respond.ts';
import { openSpdy, type SpdyConnection } from '../spdy/connection.ts';
import { collect, conversation, dial, until } from '../testing.ts';
import { forwardedPorts, streamPort } from './ports.ts';
import { servePortForward } from './server.ts';

/** A service in the pod: echoes, and says `bye` when its client has said its last byte. */
let service: Server;
let server: HttpServerHandle;
let pod = 0;
const inside = new Set<Socket>();

const dialPod = (port: number): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });

beforeAll(async () => {
  service = createServer({ allowHalfOpen: true }, (socket) => {
    inside.add(socket);
    socket.on('close', () => inside.delete(socket)).on('error', () => undefined);
    socket.on('end', () => socket.end('bye'));
    socket.pipe(socket, { end: false });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const address = service.address();
  pod = typeof address === 'object' && address !== null ? address.port : 0;
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handle: (exchange) => sendText(exchange, 404, 'no'),
    upgrade: (upgrade) =>
      servePortForward(upgrade, dialPod, { pod: 'abc', ...(upgrade.target.path === '/hasty' && { creationTimeoutMs: 100 }) }),
  });
});
afterAll(async () => {
  await server.close();
  service.close();
  for (const socket of inside) socket.destroy();
});

async function spdyClient(path = '/x'): Promise<SpdyConnection> {
  const socket = await dial(server.address.port);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n`,
  );
  const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(head.toString()).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n',
  );
  return openSpdy(socket, { role: 'client' });
}

/** A tunnel by hand: each write is a message of its own, empty ones between, as kubectl cuts them. */
async function tunnelClient(): Promise<SpdyConnection> {
  const socket = await dial(server.address.port);
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const lines = [
    'GET /x HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ];
  socket.write([...lines, 'Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io', '', ''].join('\r\n'));
  const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(head.toString()).toContain('Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n');
  const message = (payload: Buffer): Buffer => {
    const length = Buffer.alloc(8);
    length.writeUInt32BE(payload.length, 4);
    return Buffer.concat([Buffer.from([0x82, 0xff]), length, Buffer.alloc(4), payload]);
  };
  let pending: Buffer = Buffer.alloc(0);
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => {
      socket.write(Buffer.concat([message(chunk.subarray(0, 3)), message(Buffer.alloc(0)), message(chunk.subarray(3))]), () => callback());
    },
    final: (callback) => void socket.write(Buffer.from('88820000000003e8', 'hex'), () => callback()),
    destroy: (error, callback) => {
      socket.destroy();
      callback(error);
    },
  });
  socket.on('close', () => stream.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const short = (pending[1] ?? 0) & 127;
      const begin = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (pending.length < begin) return;
      const length = short === 126 ? pending.readUInt16BE(2) : short === 127 ? pending.readUInt32BE(6) : short;
      if (pending.length < begin + length) return;
      if (pending[0] === 0x82) stream.push(pending.subarray(begin, begin + length));
      pending = pending.subarray(begin + length);
    }
  });
  return openSpdy(stream, { role: 'client' });
}

function opened(protocols: string[], query = '', onMessage: (message: Buffer) => void = () => undefined): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${server.address.port}/x${query}`, protocols);
    // The first messages come in one packet with the head: nobody may be late for them.
    webSocket.on('message', (data) => onMessage(Buffer.isBuffer(data) ? data : Buffer.alloc(0)));
    webSocket.on('error', reject).on('open', () => resolve(webSocket));
  });
}

async function pair(client: SpdyConnection, port: number, requestid: string): Promise<{ data: Duplex; error: Promise<Buffer> }> {
  const headers = { port: String(port), requestid };
  const error = await client.open({ streamtype: 'error', ...headers });
  error.io.end();
  return { data: (await client.open({ streamtype: 'data', ...headers })).io, error: collect(error.io) };
}

describe.each([
  ['SPDY', () => spdyClient()],
  ['the tunnel', tunnelClient],
])('port-forward over %s', (_name, connect_) => {
  it('passes bytes and half-closes', async () => {
    const client = await connect_();
    const { data, error } = await pair(client, pod, '0');
    const all = collect(data);
    data.end('hello ');
    expect((await all).toString()).toBe('hello bye');
    expect((await error).toString()).toBe('');
    await client.close();
  });

  it('carries ten connections of 2 MB at once', async () => {
    const client = await connect_();
    const payload = Buffer.alloc(2 << 20, 'forward');
    const hash = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    const hashes = await Promise.all(
      Array.from({ length: 10 }, async (_unused, index) => {
        const { data } = await pair(client, pod, String(index));
        const all = collect(data);
        data.end(payload);
        return hash((await all).subarray(0, -3));
      }),
    );
    expect(new Set(hashes)).toEqual(new Set([hash(payload)]));
    await client.close();
  });

  it('says why a port cannot be reached, and serves the next', async () => {
    const client = await connect_();
    const refused = await pair(client, 1, '0');
    expect((await refused.error).toString()).toMatch(/^error forwarding port 1 to pod abc, uid : .*ECONNREFUSED/);
    const { data } = await pair(client, pod, '1');
    const all = collect(data);
    data.end();
    expect((await all).toString()).toBe('bye');
    await client.close();
  });

  it('hangs up in the pod when the client vanishes', async () => {
    const client = await connect_();
    const { data } = await pair(client, pod, '0');
    data.write('x');
    await until(() => inside.size > 0);
    void client.close();
    await until(() => inside.size === 0);
  });
});

describe('the rules of streams', () => {
  it.each([
    { streamtype: 'data', port: '0' },
    { streamtype: 'data', port: '65536' },
    { streamtype: 'data', port: 'x' },
    { streamtype: 'data' },
    { streamtype: 'other', port: '80' },
    { port: '80' },
  ])('resets a stream with headers %j', async (headers) => {
    const client = await spdyClient();
    const given: Record<string, string> = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    await expect(client.open(given)).rejects.toThrow('reset with status 5');
    await client.close();
  });

  it('pairs streams without an id by their order', async () => {
    const client = await spdyClient();
    const error = await client.open({ streamtype: 'error', port: String(pod) });
    error.io.end();
    const data = await client.open({ streamtype: 'data', port: String(pod) });
    const all = collect(data.io);
    data.io.end('old');
    expect((await all).toString()).toBe('oldbye');
    await client.close();
  });

  it('tells a client that a stream is there already, or missing for too long', async () => {
    const client = await spdyClient('/hasty');
    const headers = { streamtype: 'error', port: '80', requestid: '7' };
    const [first] = [await client.open(headers), await client.open(headers)];
    let text = '';
    first.io.on('data', (chunk) => (text += String(chunk)));
    await until(() => text.includes('timed out waiting for streams'));
    expect(text).toContain('error processing stream for request 7: error stream already assigned');
    await client.close();
  });
});

describe('the old WebSocket form', () => {
  const talk = async (
    protocol: string,
    query: string,
    send: (webSocket: WebSocket) => void,
    enough: (text: Record<number, string>) => boolean,
  ): Promise<Record<number, string>> => {
    const texts: Record<number, string> = {};
    const webSocket = await opened(protocol === '' ? [] : [protocol], query, (message) => {
      const base64 = protocol.includes('base64');
      const channel = base64 ? Number(message.toString('latin1', 0, 1)) : (message[0] ?? -1);
      texts[channel] =
        (texts[channel] ?? '') + (base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1)).toString('latin1');
    });
    send(webSocket);
    await until(() => enough(texts));
    webSocket.close();
    return texts;
  };
  const named = (port: number): string => Buffer.from([port & 255, port >> 8]).toString('latin1');

  it('names each port and passes its bytes', async () => {
    const texts = await talk(
      'v4.channel.k8s.io',
      `?port=${pod}`,
      (ws) => ws.send(Buffer.from('\0hello')),
      (got) => got[0]?.endsWith('hello') ?? false,
    );
    expect(texts).toEqual({ 0: `${named(pod)}hello`, 1: named(pod) });
  });

  it('speaks base64', async () => {
    const texts = await talk(
      'v4.base64.channel.k8s.io',
      `?port=${pod}`,
      (ws) => ws.send(`0${Buffer.from('hello').toString('base64')}`),
      (got) => got[0]?.endsWith('hello') ?? false,
    );
    expect(texts).toEqual({ 0: `${named(pod)}hello`, 1: named(pod) });
  });

  it('says why a port cannot be reached, and closes when all have ended', async () => {
    const texts: string[] = [];
    const webSocket = await opened(['v4.channel.k8s.io'], '?port=1,2', (message) => texts.push(message.toString('latin1')));
    const code = await new Promise((resolve) => webSocket.on('close', resolve));
    expect(code).toBe(1000);
    expect(texts.slice(0, 4).toSorted()).toEqual(['\0\x01\0', '\x01\x01\0', '\x02\x02\0', '\x03\x02\0']);
    expect(texts.some((text) => text.startsWith('\x03error forwarding port 2 to pod abc'))).toBe(true);
  });

  it('refuses what it does not speak', async () => {
    await expect(opened(['v5.channel.k8s.io'], '?port=80')).rejects.toThrow('403');
    await expect(opened(['channel.k8s.io'], '?port=80')).rejects.toThrow('403');
    await expect(opened(['v4.channel.k8s.io'], '?port=0')).rejects.toThrow('400');
  });
});

describe('refusals', () => {
  const ask = (lines: string[]): Promise<string> =>
    conversation(
      server.address.port,
      ['POST /x HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', ...lines, '', ''].join('\r\n'),
    );

  it('of an unknown version name what is accepted', async () => {
    const answer = await ask(['X-Stream-Protocol-Version: v4.channel.k8s.io']);
    expect(answer).toContain('HTTP/1.1 403 Forbidden\r\n');
    expect(answer).toContain('X-Accepted-Stream-Protocol-Versions: portforward.k8s.io\r\n');
    expect(answer).toMatch(
      /\r\n\r\nunable to upgrade: unable to negotiate protocol: client supports \[v4.channel.k8s.io\], server accepts \[portforward.k8s.io\]\n$/,
    );
  });

  it('of a missing version look as they do through the kubelet', async () => {
    expect(await ask([])).toMatch(/^HTTP\/1.1 500 [^]*invalid upgrade response: status code 200\n$/);
  });
});

describe('ports', () => {
  const table: [string, unknown][] = [
    ['port=8080', { ports: [8080] }],
    ['port=80,81&port=82', { ports: [80, 81, 82] }],
    ['', { error: 'query parameter "port" is required' }],
    ['port=', { error: 'query parameter "port" cannot be empty' }],
    ['port=0', { error: 'port "0" must be > 0' }],
    ['port=abc', { error: 'unable to parse "abc" as a port: strconv.ParseUint: parsing "abc": invalid syntax' }],
    ['port=70000', { error: 'unable to parse "70000" as a port: strconv.ParseUint: parsing "70000": value out of range' }],
  ];
  it.each(table)('of %s', (query, expected) => {
    expect(forwardedPorts(new URLSearchParams(query))).toEqual(expected);
  });

  it('of streams are decimal numbers of 16 bits', () => {
    expect([streamPort('80'), streamPort('0'), streamPort('65536'), streamPort(' 80'), streamPort(undefined)]).toEqual([
      80,
      null,
      null,
      null,
      null,
    ]);
  });
});
