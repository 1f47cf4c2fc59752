import { once } from 'node:events';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startHttpServer } from '../http-server.ts';
import type { HttpServerHandle, UpgradeExchange } from '../http.ts';
import { sendText } from '../respond.ts';
import { openSpdy } from '../spdy/connection.ts';
import { collect, conversation, dial, until } from '../testing.ts';
import { endingText, readEnding } from './ending.ts';
import type { CommandIO, CommandResult, TerminalSize } from './io.ts';
import { createResizes } from './resize.ts';
import { serveCommand } from './server.ts';

type Program = (io: CommandIO) => Promise<CommandResult>;
const exited = (code: number): CommandResult => ({ kind: 'exited', code });

const cat: Program = async ({ stdin, stdout }) => {
  if (stdin && stdout) stdin.pipe(stdout);
  if (stdin) await once(stdin, 'end');
  return exited(0);
};
let sizes: TerminalSize[] = [];
let [written, finished] = [0, 0];
const programs: Record<string, Program> = {
  '/hi': ({ stdout, stderr }) => {
    stdout?.write('hi\n');
    stderr?.write('err\n');
    return Promise.resolve(exited(0));
  },
  '/exit7': () => Promise.resolve(exited(7)),
  '/fail': () => Promise.resolve({ kind: 'failed', message: 'no <such> file' }),
  '/throw': () => Promise.reject(new Error('broke')),
  '/cat': cat,
  '/size': async ({ onResize, stdin }) => {
    onResize((size) => sizes.push(size));
    stdin?.resume();
    if (stdin) await once(stdin, 'end');
    return exited(0);
  },
  '/flood': async ({ stdout, signal }) => {
    const part = Buffer.alloc(65_536);
    for (; written < 1024; written += 1) if (stdout && !stdout.write(part)) await once(stdout, 'drain', { signal }).catch(() => undefined);
    finished += 1;
    return exited(0);
  },
  '/linger': async ({ stdin, stdout }) => {
    stdin?.resume();
    if (stdin) await once(stdin, 'end');
    for (let i = 0; i < 64; i += 1) if (stdout && !stdout.write(Buffer.alloc(65_536))) await once(stdout, 'drain');
    finished += 1;
    return exited(0);
  },
};

let server: HttpServerHandle;
beforeAll(async () => {
  const upgrade = (exchange: UpgradeExchange): Promise<void> => {
    const { path, query } = exchange.target;
    const flag = (name: string): boolean => query.get(name) === '1';
    const options = { stdin: flag('input'), stdout: flag('output'), stderr: flag('error'), tty: flag('tty') };
    const limits = { creationTimeoutMs: query.has('hasty') ? 50 : 30_000, ...(query.has('idle') && { idleTimeoutMs: 50 }) };
    return serveCommand(exchange, { ...options, ...limits, command: ['sh', '-c', 'a <b'] }, programs[path ?? ''] ?? cat);
  };
  server = await startHttpServer({ host: '127.0.0.1', port: 0, handle: (exchange) => sendText(exchange, 404, 'no'), upgrade });
});
afterAll(() => server.close());

interface Talk {
  readonly webSocket: WebSocket;
  readonly channels: Record<number, string>;
  readonly order: number[];
  readonly closed: Promise<number>;
}

function talk(path: string, protocols: string[]): Talk {
  const webSocket = new WebSocket(`ws://127.0.0.1:${server.address.port}${path}`, protocols);
  const [channels, order]: [Record<number, string>, number[]] = [{}, []];
  webSocket.on('message', (data, binary) => {
    const message = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
    const channel = binary ? (message[0] ?? -1) : Number(message.toString('latin1', 0, 1));
    const text = binary ? message.toString('latin1', 1) : Buffer.from(message.toString('latin1', 1), 'base64').toString();
    if (!(channel in channels)) order.push(channel);
    channels[channel] = (channels[channel] ?? '') + text;
  });
  return { webSocket, channels, order, closed: new Promise((resolve, reject) => webSocket.on('close', resolve).on('error', reject)) };
}

const V5 = 'v5.channel.k8s.io';
const SUCCESS = '{"metadata":{},"status":"Success"}';

describe('WebSocket', () => {
  const exit7 = (message: string): string =>
    `{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: ${message}","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}`;
  const failed = (message: string): string =>
    `{"metadata":{},"status":"Failure","message":"Internal error occurred: ${message}","reason":"InternalError","details":{"causes":[{"message":"${message}"}]},"code":500}`;
  const E = 'error executing command in container: no \\u003csuch\\u003e file';
  const table: [string, string, Record<number, string>][] = [
    [V5, '/hi?output=1&error=1', { 1: 'hi\n', 2: 'err\n', 3: SUCCESS }],
    ['v4.channel.k8s.io', '/hi?output=1&error=1', { 1: 'hi\n', 2: 'err\n', 3: SUCCESS }],
    ['v4.base64.channel.k8s.io', '/hi?output=1&error=1', { 1: 'hi\n', 2: 'err\n', 3: SUCCESS }],
    ['channel.k8s.io', '/hi?output=1', { 1: 'hi\n' }],
    ['base64.channel.k8s.io', '/hi?output=1', { 1: 'hi\n' }],
    [V5, '/hi?error=1', { 2: 'err\n', 3: SUCCESS }],
    [V5, '/hi?output=1&error=1&tty=1', { 1: 'hi\n', 3: SUCCESS }],
    [V5, '/exit7?output=1', { 1: '', 3: exit7('command terminated with exit code 7') }],
    ['v4.channel.k8s.io', '/exit7?output=1', { 1: '', 3: exit7('error executing command [sh -c a \\u003cb], exit code 7') }],
    [
      'channel.k8s.io',
      '/exit7?output=1',
      { 1: '', 3: 'command terminated with non-zero exit code: error executing command [sh -c a <b], exit code 7' },
    ],
    [V5, '/fail?output=1', { 1: '', 3: failed(`Internal error occurred: ${E}`) }],
    ['v4.channel.k8s.io', '/fail?output=1', { 1: '', 3: failed(E) }],
    ['channel.k8s.io', '/fail?output=1', { 1: '', 3: 'Internal error occurred: error executing command in container: no <such> file' }],
  ];
  it.each(table)('%s %s', async (protocol, path, expected) => {
    const { channels, closed, webSocket } = talk(path, [protocol]);
    expect(await closed).toBe(1000);
    expect(channels).toEqual(expected);
    expect(webSocket.protocol).toBe(protocol);
  });

  it('prefers v5 wherever it stands, and refuses what nobody speaks', async () => {
    const both = talk('/hi?output=1', ['v4.channel.k8s.io', V5]);
    await both.closed;
    expect(both.webSocket.protocol).toBe(V5);
    for (const protocol of ['v3.channel.k8s.io', 'v2.channel.k8s.io', 'nope'])
      await expect(talk('/hi', [protocol]).closed).rejects.toThrow('403');
  });

  it('ends stdin by the close message of v5, twice too, and drops other channels', async () => {
    const { webSocket, channels, closed } = talk('/cat?input=1&output=1', [V5]);
    await once(webSocket, 'open');
    for (const message of [[9, 120], [0, 121], [1, 122], [], [0], [255, 0], [255, 0]]) webSocket.send(Buffer.from(message));
    expect(await closed).toBe(1000);
    expect(channels).toEqual({ 1: 'y', 3: SUCCESS });
  });

  it('ends stdin of older versions with the connection only', async () => {
    const { webSocket, channels } = talk('/cat?input=1&output=1', ['v4.channel.k8s.io']);
    await once(webSocket, 'open');
    webSocket.send(Buffer.from('\0piped'));
    await until(() => channels[1] === 'piped');
    webSocket.close(1000);
    const [code] = await once(webSocket, 'close');
    expect(code).toBe(1000);
  });

  it('passes sizes of the terminal', async () => {
    sizes = [];
    const { webSocket, closed } = talk('/size?input=1&output=1&tty=1', [V5]);
    await once(webSocket, 'open');
    webSocket.send(Buffer.from('\x04{"Width":100,"Height":40}{"width":0,"height":0}{"Width":80,'));
    webSocket.send(Buffer.from('\x04"Height":24}\n'));
    webSocket.send(Buffer.from('\x04nonsense'));
    webSocket.send(Buffer.from('\x04{"Width":1,"Height":1}'));
    webSocket.send(Buffer.from([255, 0]));
    await closed;
    expect(sizes).toEqual([
      { width: 100, height: 40 },
      { width: 80, height: 24 },
    ]);
  });

  it('stops a command whose client does not read, and loses nothing', async () => {
    written = 0;
    const { webSocket, closed } = talk('/flood?output=1', [V5]);
    let size = 0;
    webSocket.on('message', (data) => (size += Buffer.isBuffer(data) && data[0] === 1 ? data.length - 1 : 0));
    await once(webSocket, 'open');
    webSocket.pause();
    for (let last = -1; last !== written; await new Promise((resolve) => setTimeout(resolve, 60))) last = written;
    expect(written).toBeLessThan(400);
    webSocket.resume();
    expect(await closed).toBe(1000);
    expect(size).toBe(64 << 20);
  });

  it('lets a command go on whose client is gone', async () => {
    finished = 0;
    const { webSocket } = talk('/linger?input=1&output=1', [V5]);
    webSocket.on('error', () => undefined);
    await once(webSocket, 'open');
    webSocket.terminate();
    await until(() => finished === 1);
  });

  it('ends an idle conversation', async () => {
    expect(await talk('/cat?input=1&output=1&idle', [V5]).closed).toBe(1006);
  });

  it('survives hostile frames', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), async (messages) => {
        const { webSocket, closed } = talk('/cat?input=1&output=1&tty=1', [V5]);
        await once(webSocket, 'open');
        for (const message of messages) webSocket.send(message);
        webSocket.send(Buffer.from([255, 0]));
        expect([1000, 1006]).toContain(await closed);
      }),
      { numRuns: 25 },
    );
  });

  const raw: [string, string[], string][] = [
    [
      'no sub-protocol',
      ['GET', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: \r\n\r\n',
    ],
    ['no key', ['GET', 'Sec-WebSocket-Version: 13'], 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nmismatch challenge/response'],
    [
      'another version',
      ['GET', 'Sec-WebSocket-Version: 8'],
      'HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\nmissing or bad WebSocket Version',
    ],
    ['POST', ['POST', 'Sec-WebSocket-Version: 13'], 'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\nbad method'],
  ];
  it.each(raw)('answers a handshake with %s', async (_name, [method, ...lines], expected) => {
    const head = [
      `${method} /hi?output=1 HTTP/1.1`,
      'Host: x',
      'Connection: keep-alive, Upgrade',
      'Upgrade: websocket',
      ...lines,
      '',
      '',
    ].join('\r\n');
    const answer = await conversation(server.address.port, method === 'GET' && lines.length === 2 ? `${head}\x88\x80\0\0\0\0` : head);
    expect(answer.startsWith(expected)).toBe(true);
  });
});

describe('SPDY', () => {
  const head = (path: string, ...lines: string[]): string => [`POST ${path} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');
  const upgrade = ['Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  const negotiated = async (path: string, ...versions: string[]): Promise<string> => {
    const socket = await dial(server.address.port);
    socket.write(head(path, ...upgrade, ...versions.map((version) => `X-Stream-Protocol-Version: ${version}`)));
    const answer = await new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    socket.destroy();
    return answer;
  };

  it.each([
    [['v4.channel.k8s.io'], 'v4.channel.k8s.io'],
    [['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io'], 'v4.channel.k8s.io'],
    [['v9.x, v3.channel.k8s.io,v4.channel.k8s.io'], 'v3.channel.k8s.io'],
  ])('chooses from %j', async (versions, chosen) => {
    expect(await negotiated('/hi?output=1', ...versions)).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
    );
  });

  it('names what it accepts when it refuses, as often as the original', async () => {
    const answer = await conversation(server.address.port, head('/hi', ...upgrade, 'X-Stream-Protocol-Version: v5.channel.k8s.io'));
    expect(answer).toContain('HTTP/1.1 403 Forbidden\r\n');
    expect(answer).toContain('Content-Length: 344\r\n');
    expect(answer).toContain(
      'X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io\r\nX-Accepted-Stream-Protocol-Versions: v3.channel.k8s.io\r\n',
    );
  });

  it('refuses a request without versions, or without the right upgrade', async () => {
    const missing = await conversation(server.address.port, head('/hi', ...upgrade));
    expect(missing).toMatch(/^HTTP\/1.1 400 [^]*unable to upgrade: X-Stream-Protocol-Version is required\n$/);
    const wrong = await conversation(
      server.address.port,
      head('/hi', 'Connection: Upgrade', 'Upgrade: foo', 'X-Stream-Protocol-Version: v4.channel.k8s.io'),
    );
    expect(wrong).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io\r\n');
    expect(wrong).toContain(
      'unable to upgrade: missing upgrade headers in request: http.Header{"Connection":[]string{"Upgrade"}, "Upgrade":[]string{"foo"}, "X-Stream',
    );
  });

  it('serves streams in any order, with frames that came in one write with the head', async () => {
    const socket = await dial(server.address.port);
    socket.write(head('/cat?input=1&output=1&error=1', ...upgrade, 'X-Stream-Protocol-Version: v4.channel.k8s.io'));
    await once(socket, 'data');
    const client = openSpdy(socket, { role: 'client' });
    const [stdout, odd, stdin, stderr, error] = await Promise.all(
      ['stdout', 'odd', 'stdin', 'stderr', 'error'].map((streamtype) => client.open({ streamtype })),
    );
    const texts = [stdout, stderr, error].map((stream) => (stream ? collect(stream.io) : Promise.resolve(Buffer.alloc(0))));
    stdin?.io.end('through');
    expect((await Promise.all(texts)).map(String)).toEqual(['through', '', SUCCESS]);
    odd?.reset();
    await client.close();
  });

  it('gives up when streams are missing, without running anything', async () => {
    const socket = await dial(server.address.port);
    socket.write(head('/flood?output=1&hasty', ...upgrade, 'X-Stream-Protocol-Version: v4.channel.k8s.io'));
    await once(socket, 'data');
    finished = 0;
    const client = openSpdy(socket, { role: 'client' });
    // The server may give up before it has answered for the one stream that there is.
    await client.open({ streamtype: 'stdout' }).catch(() => undefined);
    await until(() => client.signal.aborted);
    expect(finished).toBe(0);
  });
});

describe('endings', () => {
  it('of a program that threw are failures', async () => {
    const { channels, closed } = talk('/throw?output=1', [V5]);
    await closed;
    expect(channels[3]).toContain('error executing command in container: broke');
  });

  it.each([0, 1, 7, 137, 255])('carry exit code %d there and back', (code) => {
    const ending = readEnding(4, endingText(4, { kind: 'exited', code, text: 'x' }));
    expect(ending).toMatchObject({ kind: 'exited', code });
  });

  it('that make no sense are failures', () => {
    for (const text of [
      'plain',
      '[]',
      '{}',
      '{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"300"}]}}',
    ]) {
      expect(readEnding(4, text).kind).toBe('failed');
    }
    expect(readEnding(2, 'text')).toEqual({ kind: 'failed', message: 'error executing remote command: text' });
    expect(readEnding(4, '')).toMatchObject({ kind: 'exited', code: 0 });
  });

  it('of resize streams never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 }), { maxLength: 5 }), (parts) => {
        const resizes = createResizes();
        resizes.onResize(({ width, height }) => expect(width * height).toBeGreaterThan(0));
        for (const part of parts) resizes.push(Buffer.from(part));
      }),
    );
  });
});
