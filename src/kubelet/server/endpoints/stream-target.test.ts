/** Streams of a runtime that has a server of its own, which knows neither WebSocket v5 nor the tunnel. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startHttpServer } from '../../../net/http-server.ts';
import type { HttpServerHandle, UpgradeExchange } from '../../../net/http.ts';
import { servePortForward } from '../../../net/portforward/server.ts';
import { serveCommand } from '../../../net/remotecommand/server.ts';
import { sendText } from '../../../net/respond.ts';
import { collect, dial } from '../../../net/testing.ts';
import { asExchange } from '../../../net/upgrade-exchange.ts';
import { RuntimeError, type CommandTarget, type Runtime } from '../../../runtime/runtime.ts';
import type { KubeletServerHandle } from '../server.ts';
import { ask, fakeRuntime, fakeView, startTestServer } from '../testing.ts';

const token = 'admin:*';
/** What each request asked the runtime's server to become. */
const asked: string[] = [];
let backend: HttpServerHandle;
let dir: string;
let server: KubeletServerHandle;
let ungated: KubeletServerHandle;
/** What the runtime answers to exec; set by tests of its failures. */
let refusal: RuntimeError | undefined;
let url = (path: string): string => `http://127.0.0.1:${backend.address.port}/${path}`;

async function onBackend(upgrade: UpgradeExchange): Promise<void> {
  asked.push(`${upgrade.method} ${upgrade.request.headers.upgrade} ${upgrade.target.rawPath}`);
  if (upgrade.target.rawPath === '/gone') {
    sendText(asExchange(upgrade), 404, 'the token is gone');
    return;
  }
  if (upgrade.target.rawPath === '/forward') {
    await servePortForward(upgrade, dial);
    return;
  }
  const wanted = { stdin: upgrade.target.rawPath !== '/quiet', stdout: true, stderr: true, tty: false };
  await serveCommand(upgrade, wanted, async ({ stdin, stdout }) => {
    const input = stdin ? await collect(stdin) : Buffer.alloc(0);
    stdout?.write(`read ${input.toString()}`);
    return { kind: 'exited', code: 7 };
  });
}

function runtimeWithUrls(): Runtime {
  const target = (path: string): Promise<CommandTarget> =>
    refusal ? Promise.reject(refusal) : Promise.resolve({ kind: 'url', url: url(path) });
  return {
    ...fakeRuntime(),
    exec: ({ command }) => target(command[0] === 'cat' ? 'exec' : (command[0] ?? '')),
    attach: () => target('attach'),
    portForward: () => Promise.resolve({ kind: 'url', url: url('forward') }),
    checkpointContainer: (_id, location, seconds) =>
      seconds === 1 ? Promise.reject(new RuntimeError('unknown', `cannot write ${location}`)) : Promise.resolve(),
  };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stream-target-'));
  backend = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handle: (exchange) => sendText(exchange, 400, 'not an upgrade'),
    upgrade: onBackend,
  });
  const options = { view: fakeView(runtimeWithUrls()), checkpointsDir: join(dir, 'checkpoints') };
  server = await startTestServer({}, options);
  ungated = await startTestServer({ featureGates: { ExtendWebSocketsToKubelet: false } }, options);
});
afterAll(async () => {
  await Promise.all([server.close(), ungated.close(), backend.close()]);
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  asked.length = 0;
  refusal = undefined;
  url = (path) => `http://127.0.0.1:${backend.address.port}/${path}`;
});

interface Conversation {
  readonly protocol: string;
  readonly channels: Readonly<Record<number, string>>;
  readonly code: number;
}

/** Opens a WebSocket, sends the messages and reads to the end; rejects with the status of a refusal. */
function converse(at: KubeletServerHandle, path: string, protocols: string[], messages: readonly Buffer[]): Promise<Conversation> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${at.addresses.secure?.port}${path}`, protocols, {
      headers: { authorization: `Bearer ${token}` },
    });
    const channels: Record<number, string> = {};
    socket.on('open', () => messages.forEach((message) => socket.send(message)));
    socket.on('message', (data: Buffer) => (channels[data[0] ?? -1] = (channels[data[0] ?? -1] ?? '') + data.subarray(1).toString()));
    socket.on('close', (code) => resolve({ protocol: socket.protocol, channels, code }));
    socket.on('unexpected-response', (_request, response) => {
      void collect(response).then((body) => reject(new Error(`${response.statusCode} ${body.toString()}`)));
    });
    socket.on('error', () => undefined);
  });
}

const EXEC = '/exec/web/logger/main?command=cat&input=1&output=1&error=1';
const INPUT = [Buffer.from('\0some'), Buffer.from([255, 0])];

describe('exec and attach where the runtime has a server', () => {
  it.each([
    ['exec', EXEC],
    ['attach', '/attach/web/logger/main?input=1&output=1&error=1'],
  ])('%s by WebSocket v5 ends here and goes on as SPDY', async (kind, path) => {
    const { protocol, channels, code } = await converse(server, path, ['v5.channel.k8s.io'], INPUT);
    expect([protocol, channels[1], code]).toEqual(['v5.channel.k8s.io', 'read some', 1000]);
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({ details: { causes: [{ reason: 'ExitCode', message: '7' }] } });
    expect(asked).toEqual([`POST SPDY/3.1 /${kind}`]);
  });

  it('passes older protocols on as they are', async () => {
    const { protocol, channels } = await converse(server, EXEC.replace('command=cat&input=1', 'command=quiet'), ['v4.channel.k8s.io'], []);
    expect(protocol).toBe('v4.channel.k8s.io');
    expect(channels[1]).toBe('read ');
    expect(asked).toEqual(['GET websocket /quiet']);
  });

  it('passes v5 on too with the gate off', async () => {
    await converse(ungated, EXEC, ['v5.channel.k8s.io'], INPUT).catch(() => undefined);
    expect(asked).toEqual(['GET websocket /exec']);
  });

  it('passes the refusal of the runtime’s server on, and says what else went wrong', async () => {
    const gone = EXEC.replace('command=cat', 'command=gone');
    await expect(converse(server, gone, ['v4.channel.k8s.io'], [])).rejects.toThrow('404 the token is gone');
    url = () => 'http://127.0.0.1:1/';
    await expect(converse(server, EXEC, ['v4.channel.k8s.io'], [])).rejects.toThrow(
      '500 dial tcp 127.0.0.1:1: connect: connection refused\n',
    );
    const { channels } = await converse(server, EXEC, ['v5.channel.k8s.io'], []);
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({ status: 'Failure', reason: 'InternalError' });
  });

  it('gives the runtime’s own refusal the status of its code', async () => {
    const statuses = [
      ['notFound', 404],
      ['resourceExhausted', 429],
      ['unavailable', 500],
    ] as const;
    for (const [code, status] of statuses) {
      refusal = new RuntimeError(code, 'why');
      const answer = await ask(server.addresses.secure?.port ?? 0, EXEC, { token });
      expect([answer.status, answer.headers['retry-after']]).toEqual([status, status === 429 ? '60' : undefined]);
      expect(answer.body).toMatch(/^rpc error: code = \w+ desc = why$/);
    }
  });

  it('asks a request that is no upgrade for one, once the runtime has agreed', async () => {
    const answer = await ask(server.addresses.secure?.port ?? 0, EXEC, { token });
    expect([answer.status, answer.body]).toEqual([500, 'Upgrade request required\n']);
    expect(asked).toEqual([]);
  });
});

describe('port-forward where the runtime has a server', () => {
  /** The handshake by hand: the library takes no protocol whose name has a slash. */
  async function open(at: KubeletServerHandle): Promise<Socket> {
    const socket = await dial(at.addresses.secure?.port ?? 0);
    const lines = ['GET /portForward/web/logger HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`, 'Connection: Upgrade'];
    const webSocket = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    socket.write([...lines, ...webSocket, 'Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io', '', ''].join('\r\n'));
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toContain('HTTP/1.1 101 ');
    return socket;
  }

  it('ends the tunnel here and goes on as SPDY', async () => {
    const socket = await open(server);
    // A frame of SPDY, a PING, comes back as one: masked there, bare here.
    const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
    socket.write(Buffer.concat([Buffer.from([0x82, 0x80 + ping.length, 0, 0, 0, 0]), ping]));
    const [message] = (await once(socket, 'data')) as [Buffer];
    expect(message).toEqual(Buffer.concat([Buffer.from([0x82, ping.length]), ping]));
    expect(asked).toEqual(['POST SPDY/3.1 /forward']);
    socket.destroy();
  });

  it('passes it on with the gate off', async () => {
    const socket = await open(ungated);
    expect(asked).toEqual(['GET websocket /forward']);
    socket.destroy();
  });
});

describe('checkpoints where the runtime can', () => {
  const post = (query: string) => ask(server.addresses.secure?.port ?? 0, `/checkpoint/web/logger/main${query}`, { token, method: 'POST' });

  it('name the archive under the root directory, which is for its owner alone', async () => {
    const { status, headers, body } = await post('');
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const { items } = JSON.parse(body) as { items: string[] };
    expect(items[0]?.replace(dir, '')).toMatch(/^\/checkpoints\/checkpoint-logger_web-main-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.tar$/);
    expect(existsSync(join(dir, 'checkpoints'))).toBe(true);
  });

  it('say why the runtime could not', async () => {
    const { status, body } = await post('?timeout=1');
    expect([status, body]).toMatchObject([
      500,
      expect.stringMatching(/^checkpointing of web\/logger\/main failed \(rpc error: code = Unknown desc = cannot write /),
    ]);
  });
});
