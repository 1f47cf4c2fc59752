import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { attemptProbe, type Attempt } from './handlers.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function listen(server: Http2Server | Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const attempt = (port: number, service?: string): Promise<Attempt> =>
  attemptProbe(
    { grpc: { port, service: service ?? '' }, timeoutSeconds: 1 },
    { runtime: createFakeRuntime(), container: { name: 'c' }, containerId: 'x', podIP: '127.0.0.1', signal: new AbortController().signal },
  );

/** A server that answers each check by the asked service's bytes. */
function healthServer(answer: (request: Buffer, stream: ServerHttp2Stream) => void): Http2Server {
  const server = createServer();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => answer(Buffer.concat(chunks), stream));
    stream.on('error', () => undefined);
  });
  return server;
}

function reply(stream: ServerHttp2Stream, body: readonly number[], status: string, message = ''): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': message }));
  stream.end(Buffer.from(body));
}

const health = (status: number): number[] => [0, 0, 0, 0, 2, 0x08, status];

describe('a gRPC probe', () => {
  it('succeeds when the service that it names serves', async () => {
    let asked: Buffer = Buffer.alloc(0);
    const port = await listen(
      healthServer((request, stream) => {
        asked = request;
        reply(stream, health(1), '0');
      }),
    );
    expect(await attempt(port, 'db')).toEqual({ result: 'success', output: 'service healthy' });
    expect([...asked]).toEqual([0, 0, 0, 0, 4, 0x0a, 2, 0x64, 0x62]);
    expect((await attempt(port)).result).toBe('success');
    expect([...asked]).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['does not serve', health(2), '0', '', 'service unhealthy (responded with "NOT_SERVING")'],
    ['sends nothing', [], '0', '', 'service unhealthy (responded with "UNKNOWN")'],
    [
      'has no health service',
      [],
      '12',
      'unknown service',
      'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service',
    ],
    ['does not know the service', [], '5', 'nope%20x', 'error: health rpc probe failed: rpc error: code = NotFound desc = nope x'],
  ])('fails when the server %s', async (_what, body, status, message, output) => {
    const port = await listen(healthServer((_request, stream) => reply(stream, body, status, message)));
    expect(await attempt(port)).toEqual({ result: 'failure', output });
  });

  it('fails when nothing listens, nothing answers, or it is no HTTP/2 at all', async () => {
    const closed = createTcpServer();
    const port = await listen(closed);
    closers.pop()?.();
    await new Promise((resolve) => closed.once('close', resolve));
    expect((await attempt(port)).output).toMatch(/^timeout: failed to connect service "127\.0\.0\.1:\d+" within 1s: .*ECONNREFUSED/);
    expect((await attempt(await listen(healthServer(() => undefined)))).output).toBe('timeout: health rpc did not complete within 1s');
    const other = createTcpServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await attempt(await listen(other))).result).toBe('failure');
  });

  it('does not drown in an endless answer', async () => {
    const port = await listen(
      healthServer((_request, stream) => {
        stream.respond({ ':status': 200 });
        const more = (): void => {
          if (!stream.destroyed) stream.write(Buffer.alloc(32 << 10), more);
        };
        more();
      }),
    );
    expect((await attempt(port)).output).toContain('the answer is too long');
  });
});
