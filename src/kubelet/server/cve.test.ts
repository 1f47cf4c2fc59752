/** Weaknesses that kubelets had, tried against this one; those of paths, logs and metrics are in hostile.test.ts. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { conversation, dial, selfSigned } from '../../net/testing.ts';
import type { CommandTarget, Runtime } from '../../runtime/runtime.ts';
import type { KubeletServerHandle } from './server.ts';
import { ask, fakeRuntime, fakeView, startTestServer } from './testing.ts';

/** A runtime's streaming server that answers what it is told to, and all that it was sent. */
let backend: Server;
let answer = '';
let received = '';
let connections = 0;
let server: KubeletServerHandle;
let port: number;

function runtimeBehind(url: () => string): Runtime {
  const target = (): Promise<CommandTarget> => Promise.resolve({ kind: 'url', url: url() });
  return { ...fakeRuntime(), exec: target, attach: target, portForward: () => Promise.resolve({ kind: 'url', url: url() }) };
}

beforeAll(async () => {
  backend = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const first = received === '';
      received += chunk.toString('latin1');
      if (first) socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const address = backend.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/token`;
  server = await startTestServer({ readOnlyPort: 0 }, { view: fakeView(runtimeBehind(() => url)) });
  port = server.addresses.secure?.port ?? 0;
});
afterEach(() => {
  received = '';
  connections = 0;
});
afterAll(async () => {
  await server.close();
  backend.close();
});

const EXEC = '/exec/web/logger/main?command=id&output=1';
const FORWARD = '/portForward/web/logger?port=1';

/** The ways to ask for a stream. */
const WAYS: readonly (readonly [name: string, head: string])[] = [
  ['SPDY', `POST ${EXEC} HTTP/1.1\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n`],
  ['WebSocket', webSocket(EXEC, 'v4.channel.k8s.io')],
  ['the tunnel', webSocket(FORWARD, 'SPDY/3.1+portforward.k8s.io')],
];

function webSocket(path: string, protocol: string): string {
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  return `GET ${path} HTTP/1.1\r\nUpgrade: websocket\r\n${key}Sec-WebSocket-Protocol: ${protocol}\r\n`;
}

const REST = 'Host: x\r\nConnection: Upgrade\r\nAuthorization: Bearer admin:*\r\n\r\n';
const SMUGGLED = 'POST /run/web/logger/main?cmd=hello HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin:*\r\nContent-Length: 0\r\n\r\n';

describe('streams', () => {
  it.each(WAYS)('CVE-2018-1002105: after a refused upgrade by %s nothing more reaches the backend', async (_name, head) => {
    answer = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';
    const text = await conversation(port, `${head}${REST}${SMUGGLED}`);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403']);
    expect(received).not.toContain('/run/');
    expect(received.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(1);
    expect(connections).toBe(1);
  });

  it.each(WAYS)(
    'CVE-2018-1002102, CVE-2020-8559: a redirect of the backend is neither followed nor passed on by %s',
    async (_name, head) => {
      const elsewhere = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(elsewhere, 'listening');
      let visits = 0;
      elsewhere.on('connection', () => (visits += 1));
      const address = elsewhere.address();
      for (const status of ['302 Found', '200 OK']) {
        received = '';
        answer = `HTTP/1.1 ${status}\r\nLocation: http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/\r\nContent-Length: 0\r\n\r\n`;
        const text = await conversation(port, `${head}${REST}`);
        expect(text).toMatch(/^HTTP\/1\.1 500 /);
        expect(text).toContain(`invalid upgrade response: status code ${status.slice(0, 3)}\n`);
        expect(text).not.toContain('Location');
      }
      expect(visits).toBe(0);
      elsewhere.close();
    },
  );

  it('carry no credentials of the client to the backend', async () => {
    answer = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';
    for (const [, head] of WAYS) {
      received = '';
      await conversation(port, `${head}${REST}`);
      expect(received).not.toMatch(/authorization|bearer/i);
    }
  });

  it('issue 119640: the right to get nodes/proxy opens a WebSocket, to post takes the right to create', async () => {
    answer = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';
    const [spdy, socket] = WAYS.map(([, head]) => `${head}${REST.replace('admin:*', 'user:proxy')}`);
    expect(await conversation(port, spdy ?? '')).toContain('Forbidden (user=user, verb=create, resource=nodes, subresource(s)=[proxy])');
    expect(connections).toBe(0);
    await conversation(port, socket ?? '');
    expect(connections).toBe(1);
  });
});

describe('the read-only port', () => {
  it('CVE-2025-0426: knows no checkpoint, and nothing that changes or enters a container', async () => {
    const readonly = server.addresses.readonly?.port ?? 0;
    for (const method of ['GET', 'POST', 'PUT']) {
      expect((await ask(readonly, '/checkpoint/web/logger/main', { method })).status).toBe(404);
      for (const path of [EXEC, FORWARD, '/run/web/logger/main?cmd=hello', '/attach/web/logger/main?output=1'])
        expect([path, (await ask(readonly, path, { method })).status]).toEqual([path, 405]);
    }
    const text = await conversation(readonly, `${WAYS[1]?.[1]}${REST}`);
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
    expect(connections).toBe(0);
  });
});

/** A frame of HTTP/2; the payload in hexadecimal. */
function frame(type: number, flags: number, stream: number, payload: string): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length / 2, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload, 'hex')]);
}

describe('HTTP/2', () => {
  it('CVE-2023-44487: a client that opens and resets streams without end is cut off, others are served', async () => {
    const secure = await startTestServer({}, { tls: selfSigned() });
    const at = secure.addresses.secure?.port ?? 0;
    const flood = connectTls({ port: at, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    flood.on('error', () => undefined).resume();
    await once(flood, 'secureConnect');
    flood.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    flood.write(frame(4, 0, 0, ''));
    // GET https://x/pods, and its reset, of the next stream each.
    for (let stream = 1; !flood.destroyed && stream < 400_000; stream += 2) {
      const more = flood.write(Buffer.concat([frame(1, 5, stream, '828704052f706f6473010178'), frame(3, 0, stream, '00000008')]));
      if (!more) await Promise.race([once(flood, 'drain'), once(flood, 'close')]);
    }
    if (!flood.destroyed) await once(flood, 'close');
    const other = connectHttp2(`https://127.0.0.1:${at}`, { rejectUnauthorized: false });
    const [headers] = (await once(other.request({ ':path': '/foo' }), 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(404);
    other.destroy();
    await secure.close();
  });
});

describe('an end', () => {
  it('comes in time with streams open', async () => {
    const runtime: Runtime = {
      ...fakeRuntime(),
      exec: () => Promise.resolve({ kind: 'local', run: ({ signal }) => once(signal, 'abort').then(() => ({ kind: 'exited', code: 0 })) }),
    };
    const short = await startTestServer({}, { view: fakeView(runtime) });
    const sockets: Socket[] = [];
    for (const [, head] of WAYS.slice(0, 2)) {
      const socket = await dial(short.addresses.secure?.port ?? 0);
      socket.on('error', () => undefined);
      sockets.push(socket);
      socket.write(`${head}${REST}`);
      expect(String((await once(socket, 'data'))[0])).toContain(' 101 ');
    }
    const gone = Promise.all(sockets.map((socket) => once(socket, 'close')));
    const began = performance.now();
    await short.close(100);
    await gone;
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
