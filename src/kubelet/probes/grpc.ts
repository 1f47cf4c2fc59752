/** One call of `grpc.health.v1.Health/Check` over plain HTTP/2 (kubernetes `pkg/probe/grpc/grpc.go`). */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { formatDuration } from '../../api/duration.ts';
import { codeName, percentDecoded } from '../../net/grpc/codes.ts';
import { frameOf, HEAD_BYTES } from '../../net/grpc/frames.ts';
import { errorText } from '../../util/log.ts';
import type { Attempt } from './handlers.ts';

export interface GrpcTarget {
  readonly host: string;
  readonly port: number;
  /** Of which service the health is asked; empty for the whole server. */
  readonly service: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
const SERVING = 1;
const CODE = { ok: 0, deadlineExceeded: 4, unimplemented: 12 } as const;
/** Bytes of an answer that are read; a health answer has two. */
const MAX_ANSWER = 64 << 10;

/** Asks once. Never rejects: whatever goes wrong is a failure with its text. */
export function grpcAttempt(target: GrpcTarget): Promise<Attempt> {
  const { host, port, timeoutSeconds, signal } = target;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const timeout = formatDuration(timeoutSeconds * 1000);
  return new Promise((resolve) => {
    let connected = false;
    const session = connect(`http://${authority}`);
    const end = (attempt: Attempt): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      session.destroy();
      resolve(attempt);
    };
    const fail = (output: string): void => end({ result: 'failure', output });
    const unreachable = (why: string): void =>
      fail(`timeout: failed to connect service ${JSON.stringify(authority)} within ${timeout}: ${why}`);
    const timer = setTimeout(
      () => (connected ? fail(`timeout: health rpc did not complete within ${timeout}`) : unreachable('context deadline exceeded')),
      timeoutSeconds * 1000,
    );
    const stop = (): void => end({ result: 'unknown', output: 'the probe was called off' });
    signal.addEventListener('abort', stop, { once: true });
    session.on('error', (error) => (connected ? fail(`error: health rpc probe failed: ${error.message}`) : unreachable(errorText(error))));
    // A server that speaks HTTP/2 sends its settings first.
    session.once('remoteSettings', () => {
      connected = true;
      check(session, target, authority).then(end, (error: unknown) => fail(`error: health rpc probe failed: ${errorText(error)}`));
    });
    session.once('close', () => (connected ? undefined : unreachable('connection closed')));
  });
}

async function check(session: ClientHttp2Session, { service }: GrpcTarget, authority: string): Promise<Attempt> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kube-probe/1.36',
  });
  stream.end(frame(service));
  const { code, message, body, status } = await answerOf(stream);
  if (status !== constants.HTTP_STATUS_OK)
    return { result: 'failure', output: `error: health rpc probe failed: unexpected HTTP status code ${status}` };
  const failed = `rpc error: code = ${codeName(code)} desc = ${message}`;
  if (code === CODE.unimplemented)
    return {
      result: 'failure',
      output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`,
    };
  if (code !== CODE.ok) return { result: 'failure', output: `error: health rpc probe failed: ${failed}` };
  const health = servingStatus(body);
  return health === SERVING
    ? { result: 'success', output: 'service healthy' }
    : { result: 'failure', output: `service unhealthy (responded with ${JSON.stringify(STATUS[health] ?? String(health))})` };
}

/** HealthCheckRequest{service = 1} behind the five bytes of a gRPC message. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  return frameOf(name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Field 1 of a HealthCheckResponse, 0 when it is not there. */
function servingStatus(body: Buffer): number {
  const message = body.subarray(HEAD_BYTES);
  return message.length >= 2 && message[0] === 0x08 ? (message[1] ?? 0) : 0;
}

interface Answer {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly body: Buffer;
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let code = 2;
    let message = 'the server sent no status';
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      const given = headers['grpc-status'];
      if (given === undefined) return;
      code = Number(given);
      const said = headers['grpc-message'];
      message = typeof said === 'string' ? percentDecoded(said) : '';
    };
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
      take(headers);
    });
    stream.on('trailers', take);
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_ANSWER) stream.destroy(new Error('the answer is too long'));
      else chunks.push(chunk);
    });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, code, message, body: Buffer.concat(chunks) }));
  });
}
