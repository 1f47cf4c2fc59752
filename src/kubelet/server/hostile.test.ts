/** What scanners and attackers send: nothing of it may crash the server, cost it much, or be answered 200. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { createLogger } from '../../util/log.ts';
import { conversation, dial } from '../../net/testing.ts';
import type { KubeletServerHandle } from './server.ts';
import { ask, startTestServer, until } from './testing.ts';

const SECRET = 'not-to-be-seen';
const token = 'admin:*';
const verbosity = { level: 10 };
let dir: string;
let logged = '';
let server: KubeletServerHandle;
let port: number;
const commands: string[][] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hostile-'));
  mkdirSync(join(dir, 'log/sub'), { recursive: true });
  writeFileSync(join(dir, 'secret'), SECRET);
  writeFileSync(join(dir, 'log/open.log'), 'open');
  symlinkSync('../secret', join(dir, 'log/link'));
  symlinkSync(dir, join(dir, 'log/sub/up'));
  const processes = {
    ...systemHost.processes,
    run: (command: string, args: readonly string[]) => {
      commands.push([command, ...args]);
      return Promise.resolve({ code: 0, signal: null, stdout: Buffer.from('kubelet.service\n'), stderr: Buffer.alloc(0) });
    },
    spawn: (command: string, args: readonly string[]) => {
      commands.push([command, ...args]);
      return systemHost.processes.spawn('true', [], {});
    },
  };
  server = await startTestServer(
    { enableSystemLogQuery: true },
    {
      systemLogDir: join(dir, 'log'),
      host: { ...systemHost, processes },
      verbosity,
      log: createLogger({ verbosity, write: (line) => (logged += line) }),
    },
  );
  port = server.addresses.secure?.port ?? 0;
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

async function expectAlive(): Promise<void> {
  expect((await ask(port, '/healthz/ping', { token })).status).toBe(200);
}

/** Pieces of requests: real ones, near misses, rubbish. */
const piece = fc.oneof(
  fc.constantFrom(
    'GET /pods HTTP/1.1\r\n',
    'GET /healthz HTTP/1.0\r\n',
    'POST /run/web/logger/main?cmd=id HTTP/1.1\r\n',
    'GET /exec/web/logger/main?command=id&output=1 HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'Host: a\r\n',
    'Host: b\r\n',
    'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Authorization: Bearer \r\n',
    'Authorization: Basic YTpi\r\n',
    'Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA, v4.channel.k8s.io\r\n',
    ' folded: header\r\n',
    '\r\n',
    '\r\n\r\n',
    '0\r\n\r\n',
    'FFFFFFFFFFFFFFFF\r\n',
    '\0',
  ),
  fc.string({ maxLength: 20, unit: 'binary' }),
);

describe('requests', () => {
  it('of any bytes are never answered 200 without a right, and the server lives on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const text = await conversation(port, Buffer.from(pieces.join(''), 'latin1'), true);
        expect(text).not.toMatch(/^HTTP\/1\.\d (200|101)/m);
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });

  it('with any query get an answer, and never a stack', async () => {
    const key = fc.constantFrom(
      'verbose',
      'exclude',
      'tailLines',
      'sinceTime',
      'limitBytes',
      'command',
      'input',
      'output',
      'port',
      'query',
      'boot',
      'timeout',
      'cmd',
      'seconds',
    );
    const value = fc.oneof(
      fc.constantFrom('1', '-1', '9'.repeat(30), '%00', '%', '%zz', 'NaN', '1e9', '\'"`$(id)', '../..'),
      fc.string({ maxLength: 12 }).map((text) => `v${text}`),
    );
    const path = fc.constantFrom(
      '/healthz',
      '/containerLogs/web/logger/slow',
      '/exec/web/logger/slow',
      '/portForward/web/nope',
      '/checkpoint/web/nope/x',
      '/logs/',
    );
    await fc.assert(
      fc.asyncProperty(path, fc.array(fc.tuple(key, value), { maxLength: 5 }), async (at, pairs) => {
        const query = pairs.map(([k, v]) => `${k}=${v.startsWith('%') ? v : encodeURIComponentSafely(v)}`).join('&');
        const method = at.startsWith('/checkpoint') ? 'POST' : 'GET';
        const { status, body } = await ask(port, `${at}?${query}`, { token, method });
        expect(status).toBeGreaterThanOrEqual(200);
        expect(body).not.toMatch(/\n\s+at /);
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });
});

describe('paths', () => {
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    '%2e%2e',
    '%2e',
    '%2f',
    '%5c',
    '..%2f',
    '..%5c',
    '%00',
    '%252e%252e',
    'link',
    'sub',
    'up',
    'secret',
    'open.log',
    'log',
    '~',
    '//',
    ';',
  );

  it('under /logs/ never lead out of the directory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 7 }), async (parts) => {
        const { body } = await ask(port, `/logs/${parts.join('/')}`, { token });
        expect(body).not.toContain(SECRET);
      }),
      { numRuns: 500 },
    );
    for (const path of ['/logs/link', '/logs/sub/up/secret', '/logs/?query=../secret', '/logs/?query=./link', `/logs/?query=${dir}/secret`])
      expect((await ask(port, path, { token })).body).not.toContain(SECRET);
  });

  it('that name pods and containers find nothing but those', async () => {
    const roots = fc.constantFrom('/containerLogs', '/exec', '/attach', '/run', '/checkpoint');
    const names = fc.oneof(
      part,
      fc.constantFrom('__proto__', 'constructor', 'toString', 'web', 'logger', 'a'.repeat(300), '%ff', '$(id)'),
      fc.string({ maxLength: 5 }).map(encodeURIComponentSafely),
    );
    await fc.assert(
      fc.asyncProperty(roots, fc.tuple(names, names, names), async (root, [namespace, pod, container]) => {
        const method = root === '/run' || root === '/checkpoint' ? 'POST' : 'GET';
        const { status, body } = await ask(port, `${root}/${namespace}/${pod}/${container}?output=1&command=id&cmd=hello`, {
          token,
          method,
        });
        expect(status).not.toBe(200);
        expect(body).not.toContain(SECRET);
      }),
      { numRuns: 500 },
    );
    await expectAlive();
  });
});

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

describe('costs', () => {
  it('a header of a gigabyte is cut off after its first megabyte', async () => {
    const socket = await dial(port);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.write('GET /pods HTTP/1.1\r\nHost: a\r\nX-Long: ');
    const block = Buffer.alloc(1 << 20, 'a');
    let sent = 0;
    while (!socket.destroyed && sent < 1024) {
      sent += 1;
      if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    }
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(sent).toBeLessThan(64);
    await expectAlive();
  });

  it('a thousand idle connections, and two hundred that dawdle over their head, keep nobody from an answer', async () => {
    const sockets: Socket[] = [];
    try {
      for (let i = 0; i < 1_200; i++) {
        const socket = connect({ port, host: '127.0.0.1' });
        socket.on('error', () => undefined);
        sockets.push(socket);
        if (i < 200) socket.write('GET /pods HTTP/1.1\r\nX-Slow: ');
      }
      await until(() => sockets.every((socket) => !socket.connecting));
      for (let i = 0; i < 20; i++) await expectAlive();
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await expectAlive();
  });
});

describe('known weaknesses', () => {
  const series = async (): Promise<number> => {
    const { body } = await ask(port, '/metrics', { token });
    return body.split('\n').filter((line) => line.startsWith('kubelet_http_')).length;
  };

  it('CVE-2020-8551: unknown paths and methods make no new series', async () => {
    for (const method of ['GET', 'PATCH', 'REPORT']) await ask(port, '/unknown', { method });
    await series();
    const before = await series();
    for (let i = 0; i < 300; i++) await ask(port, `/scan-${i}/${i}`, { method: ['GET', 'PATCH', 'REPORT', 'MKCOL'][i % 4] ?? 'GET' });
    expect(await series()).toBe(before);
  });

  it('CVE-2019-11250: tokens are in no log, at whatever verbosity', async () => {
    await ask(port, '/pods?x=1', { token: `${SECRET}:pods` });
    await ask(port, '/pods', { token: SECRET });
    await ask(port, '/exec/web/logger/slow?output=1', {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${Buffer.from(SECRET).toString('base64url')}, v4.channel.k8s.io`,
      },
    });
    expect(logged).toContain('HTTP');
    expect(logged).not.toContain(`Bearer ${SECRET}`);
    expect(logged).not.toContain(Buffer.from(SECRET).toString('base64url'));
  });

  it('CVE-2024-9042: what a log query names reaches a program as one argument, and no shell', async () => {
    commands.length = 0;
    const pattern = '"; id > /tmp/x; $(id) `id`';
    await ask(port, `/logs/?query=kubelet&pattern=${encodeURIComponent(pattern)}`, { token });
    for (const service of ['$(id)', 'a;id', 'a b', '-x', 'a|b']) await ask(port, `/logs/?query=${encodeURIComponent(service)}`, { token });
    expect(commands.length).toBeGreaterThan(0);
    for (const [program, ...args] of commands) {
      expect(program).toBe('journalctl');
      expect(args.filter((arg) => arg.includes('id') && !arg.startsWith('--grep='))).toEqual([]);
    }
    expect(commands.flat()).toContain(`--grep=${pattern}`);
  });

  it('CVE-2019-11248: there are no profiles on the health port, and none without credentials', async () => {
    const healthz = server.addresses.healthz?.port ?? 0;
    expect((await ask(healthz, '/debug/pprof/heap')).status).toBe(404);
    expect((await ask(port, '/debug/pprof/heap')).status).toBe(403);
    expect((await ask(port, '/debug/pprof/heap', { token: 'bad' })).status).toBe(401);
  });

  it('anonymous: a bad token is never taken for none', async () => {
    for (const path of ['/pods', '/healthz', '/metrics']) expect((await ask(port, path, { token: 'bad' })).status).toBe(401);
  });
});
