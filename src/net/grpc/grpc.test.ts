import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Registration } from '../../kubelet/devices/proto/device_plugin_pb.ts';
import { codeName, GrpcError, percentDecoded, percentEncoded, rpcText } from './codes.ts';
import { openGrpc } from './client.ts';
import { frameOf } from './frames.ts';
import { unary } from './methods.ts';
import { MAX_REQUEST_BYTES, serveGrpc } from './server.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A server that registers what says `good`, fails for `bad`, and never answers `slow`. */
async function serve(): Promise<{ socket: string; gone: () => boolean }> {
  const dir = mkdtempSync(join(tmpdir(), 'grpc-'));
  closing.push(() => rmSync(dir, { recursive: true, force: true }));
  const socket = join(dir, 's');
  let gone = false;
  const server = await serveGrpc(socket, {
    'v1beta1.Registration': {
      Register: unary(Registration.method.register, async ({ resourceName }, signal) => {
        if (resourceName === 'bad') throw new Error('no <way>: 100 % ü\n');
        if (resourceName === 'worse') throw new GrpcError('resourceExhausted', 'too many');
        if (resourceName === 'slow') await new Promise<void>((ok) => signal.addEventListener('abort', () => ok()));
        gone = signal.aborted;
        return {};
      }),
    },
  });
  closing.push(() => server.close());
  return { socket, gone: () => gone };
}

function client(socket: string): ReturnType<typeof openGrpc> {
  const opened = openGrpc(socket, 1 << 20);
  closing.push(() => opened.close());
  return opened;
}

describe('a gRPC server', () => {
  it('answers our client', async () => {
    const { socket } = await serve();
    const opened = client(socket);
    const register = (resourceName: string, timeoutMs = 20_000) =>
      opened.call(Registration.method.register, { resourceName }, { timeoutMs });
    expect(await register('good')).toEqual({ $typeName: 'v1beta1.Empty' });
    await expect(register('bad')).rejects.toMatchObject({ code: 'unknown', message: 'no <way>: 100 % ü\n' });
    await expect(register('worse')).rejects.toMatchObject({ code: 'resourceExhausted', message: 'too many' });
    await expect(register('slow', 50)).rejects.toMatchObject({ code: 'deadlineExceeded', message: 'context deadline exceeded' });
    await expect(register('x'.repeat(MAX_REQUEST_BYTES))).rejects.toMatchObject({
      code: 'resourceExhausted',
      message: expect.stringContaining(`grpc: received message larger than max`) as string,
    });
    await Promise.all(Array.from({ length: 300 }, () => register('good')));
  });

  it('answers a client of others', async () => {
    const { socket } = await serve();
    const transport = createGrpcTransport({
      baseUrl: 'http://localhost',
      nodeOptions: { createConnection: () => createConnection(socket) },
    });
    const other = createClient(Registration, transport);
    await other.register({ resourceName: 'good' });
    await expect(other.register({ resourceName: 'bad' })).rejects.toThrow('[unknown] no <way>: 100 % ü');
  });

  it('is told when a client goes', async () => {
    const { socket, gone } = await serve();
    await expect(client(socket).call(Registration.method.register, { resourceName: 'slow' }, { timeoutMs: 20 })).rejects.toThrow();
    await expect.poll(gone).toBe(true);
  });

  it.each([
    ['/v1beta1.Registration/Nope', frameOf(Buffer.alloc(0)), '12', 'unknown method Nope for service v1beta1.Registration'],
    ['/v1beta1.Registration/constructor', frameOf(Buffer.alloc(0)), '12', 'unknown method constructor for service v1beta1.Registration'],
    ['/v1.Other/Register', frameOf(Buffer.alloc(0)), '12', 'unknown service v1.Other'],
    ['/', frameOf(Buffer.alloc(0)), '12', 'malformed method name: "/"'],
    ['/v1beta1.Registration/Register', Buffer.alloc(0), '13', 'the request has no message'],
    ['/v1beta1.Registration/Register', Buffer.from([0, 0, 0]), '13', 'the request has no message'],
    ['/v1beta1.Registration/Register', Buffer.from([1, 0, 0, 0, 0]), '12', 'the message is compressed, which was not asked for'],
    [
      '/v1beta1.Registration/Register',
      Buffer.concat([frameOf(Buffer.alloc(0)), frameOf(Buffer.alloc(0))]),
      '13',
      'the request has more than one message',
    ],
    ['/v1beta1.Registration/Register', frameOf(Buffer.from([0xff, 0xff])), '13', /^grpc: error unmarshalling request/],
  ])('says what is wrong with %s %j', async (path, body, status, message) => {
    const { socket } = await serve();
    const headers = await raw(socket, path, body);
    expect(headers['grpc-status']).toBe(status);
    expect(percentDecoded(headers['grpc-message'] ?? '')).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('lives through bytes that are no HTTP/2, and whatever a request carries', async () => {
    const { socket } = await serve();
    await new Promise<void>((ok) => {
      const noise = createConnection(socket, () => noise.write('GET / HTTP/1.1\r\n\r\n'.repeat(100)));
      noise.on('error', () => undefined);
      noise.on('data', () => undefined);
      noise.on('close', () => ok());
    });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const headers = await raw(socket, '/v1beta1.Registration/Register', Buffer.from(bytes));
        expect(headers['grpc-status']).toMatch(/^\d+$/);
      }),
      { numRuns: 50 },
    );
    await client(socket).call(Registration.method.register, { resourceName: 'good' });
  });

  it('has no path that is cut off', async () => {
    const path = join(tmpdir(), 'x'.repeat(120));
    await expect(serveGrpc(path, {})).rejects.toThrow(`listen unix ${path}: bind: invalid argument`);
    await expect(client(path).connect()).rejects.toThrow(`dial unix ${path}: connect: invalid argument`);
  });
});

function raw(socket: string, path: string, body: Buffer): Promise<Record<string, string | undefined>> {
  return new Promise((ok, failed) => {
    const session = connect('http://localhost', { createConnection: () => createConnection(socket) });
    session.on('error', failed);
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    let end: Record<string, unknown> = {};
    stream.on('response', (headers) => (end = { ...end, ...headers }));
    stream.on('trailers', (headers) => (end = { ...end, ...headers }));
    stream.on('data', () => undefined);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      session.destroy();
      ok(Object.fromEntries(Object.entries(end).map(([key, value]) => [key, String(value)])));
    });
    stream.end(body);
  });
}

describe('the words of a call that failed', () => {
  it('are those of Go', () => {
    expect(rpcText(new GrpcError('deadlineExceeded', 'late'))).toBe('rpc error: code = DeadlineExceeded desc = late');
    expect(rpcText(new Error('plain'))).toBe('plain');
    expect([codeName(0), codeName(16), codeName(99)]).toEqual(['OK', 'Unauthenticated', 'Code(99)']);
  });

  it('survive a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const header = percentEncoded(text);
        expect(header).toMatch(/^[ -~]*$/);
        expect(percentDecoded(header)).toBe(text);
      }),
    );
    expect(percentDecoded('%ff%zz')).toBe('%ff%zz');
  });
});
