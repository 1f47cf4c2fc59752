/**
 * gRPC's client side over one unix socket: single calls and streams of answers, no compression. By hand on Node's own HTTP/2,
 * because a pod's start is a dozen calls and a third of the work a call is what the budget of a start allows
 * (grpc/grpc `doc/PROTOCOL-HTTP2.md`).
 */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { RuntimeError, type RuntimeErrorCode } from '../runtime.ts';

export interface CallOptions {
  /** Milliseconds; none without. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface GrpcClient {
  /** Rejects with a RuntimeError: `unavailable` whenever nobody was there to answer. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /** Gives each message to the listener; resolves when the server ends the stream, or the signal is aborted. Rejects as `call` does. */
  follow<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    signal: AbortSignal,
    listener: (message: MessageShape<O>) => void,
  ): Promise<void>;
  /** Ends the connection and every call on it. */
  close(): void;
}

/** As the original's client (kubernetes `staging/src/k8s.io/cri-client/pkg/remote_runtime.go`, maxMsgSize). */
const MAX_MESSAGE_BYTES = 16 << 20;
/** Every server takes this for its name; a path is no name. */
const AUTHORITY = 'http://localhost';
const HEAD_BYTES = 5;

const CODES: Readonly<Record<number, RuntimeErrorCode>> = {
  3: 'invalidArgument',
  4: 'deadlineExceeded',
  5: 'notFound',
  6: 'alreadyExists',
  8: 'resourceExhausted',
  9: 'failedPrecondition',
  12: 'unimplemented',
  14: 'unavailable',
};

/** What the system calls a socket that nobody serves, in the words of Go. */
const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  ENOTSOCK: 'socket operation on non-socket',
};

/** Connects when the first call is made, and again after the connection broke. */
export function openGrpc(path: string): GrpcClient {
  let current: Promise<ClientHttp2Session> | undefined;
  let live: ClientHttp2Session | undefined;

  function dial(): Promise<ClientHttp2Session> {
    const socket = createConnection(path);
    const session = connect(AUTHORITY, { createConnection: () => socket });
    live = session;
    const made = new Promise<ClientHttp2Session>((ok, failed) => {
      session.once('connect', () => ok(session));
      session.on('error', failed);
      session.once('close', () => failed(new Error('the connection was closed')));
    });
    const drop = (): void => {
      if (current === made) current = undefined;
    };
    session.on('error', drop);
    session.once('goaway', drop);
    session.once('close', () => {
      drop();
      // A session that broke at its first bytes leaves its socket to itself.
      socket.destroy();
    });
    current = made;
    return made;
  }

  /** Sends one request; `frame` is given every message of the answer. */
  async function exchange(
    url: string,
    message: Uint8Array,
    { timeoutMs, signal }: CallOptions,
    frame: (data: Buffer) => void,
  ): Promise<void> {
    const session = await (current ?? dial()).catch((error: unknown) => {
      throw away(error, path);
    });
    if (signal?.aborted) throw new RuntimeError('unknown', 'context canceled');
    await new Promise<void>((ok, failed) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': url,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(timeoutMs !== undefined && { 'grpc-timeout': `${Math.max(1, Math.ceil(timeoutMs))}m` }),
      });
      const stop = (why: RuntimeError): void => {
        failed(why);
        stream.close(constants.NGHTTP2_CANCEL);
      };
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => stop(new RuntimeError('deadlineExceeded', 'context deadline exceeded')), timeoutMs);
      const abort = (): void => stop(new RuntimeError('unknown', 'context canceled'));
      signal?.addEventListener('abort', abort, { once: true });
      let end: IncomingHttpHeaders | undefined;
      let answered = false;
      stream.on('response', (headers) => {
        answered = true;
        const status = headers[':status'];
        if (headers['grpc-status'] !== undefined) end = headers;
        else if (status !== 200) stop(new RuntimeError('unknown', `unexpected HTTP status code received from server: ${status}`));
      });
      stream.on('trailers', (headers) => {
        end = headers;
      });
      readFrames(stream, frame, stop);
      // What broke is told by the close: the connection, as far as the call knows.
      stream.on('error', () => undefined);
      stream.once('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (end === undefined) failed(new RuntimeError('unavailable', answered ? 'unexpected EOF' : 'error reading from server: EOF'));
        else {
          const error = statusError(end);
          if (error) failed(error);
          else ok();
        }
      });
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([head, message]));
    }).catch((error: unknown) => {
      throw error instanceof RuntimeError ? error : away(error, path);
    });
  }

  const urlOf = (method: { readonly parent: { readonly typeName: string }; readonly name: string }): string =>
    `/${method.parent.typeName}/${method.name}`;

  return {
    async call(method, request, options = {}) {
      let answer: Buffer | undefined;
      await exchange(urlOf(method), toBinary(method.input, create(method.input, request)), options, (data) => {
        answer = data;
      });
      if (answer === undefined) throw new RuntimeError('unknown', 'the server sent no answer');
      return decode(method.output, answer);
    },
    async follow(method, request, signal, listener) {
      try {
        await exchange(urlOf(method), toBinary(method.input, create(method.input, request)), { signal }, (data) =>
          listener(decode(method.output, data)),
        );
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    close: () => {
      live?.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  };
}

/** Cuts a stream of bytes into messages; one that is too large or compressed ends the call. */
function readFrames(stream: ClientHttp2Stream, frame: (data: Buffer) => void, stop: (why: RuntimeError) => void): void {
  let waiting: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    size += chunk.length;
    try {
      while (size >= HEAD_BYTES) {
        if ((waiting[0]?.length ?? 0) < HEAD_BYTES) waiting = [Buffer.concat(waiting)];
        const [first = chunk] = waiting;
        const length = first.readUInt32BE(1);
        if (first[0] !== 0) throw new RuntimeError('unknown', 'the answer is compressed, which was not asked for');
        if (length > MAX_MESSAGE_BYTES)
          throw new RuntimeError('unknown', `grpc: received message larger than max (${length} vs. ${MAX_MESSAGE_BYTES})`);
        if (size < HEAD_BYTES + length) return;
        const whole = waiting.length === 1 ? first : Buffer.concat(waiting);
        const rest = whole.subarray(HEAD_BYTES + length);
        waiting = rest.length > 0 ? [rest] : [];
        size = rest.length;
        frame(whole.subarray(HEAD_BYTES, HEAD_BYTES + length));
      }
    } catch (error) {
      stop(error instanceof RuntimeError ? error : new RuntimeError('unknown', String(error)));
    }
  });
}

function decode<O extends DescMessage>(schema: O, data: Buffer): MessageShape<O> {
  try {
    return fromBinary(schema, data);
  } catch (error) {
    throw new RuntimeError('unknown', `the answer cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** The error that the end of an answer tells; undefined for a good one. */
function statusError(headers: IncomingHttpHeaders): RuntimeError | undefined {
  const code = Number(headers['grpc-status']);
  if (code === 0) return undefined;
  return new RuntimeError(CODES[code] ?? 'unknown', percentDecoded(String(headers['grpc-message'] ?? '')));
}

/** Bytes that are no UTF-8 stay as they were sent. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Nobody was there: in the words of the original's client where the socket itself is the reason. */
function away(error: unknown, path: string): RuntimeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const dial = DIAL_ERRORS[code];
  const message =
    dial === undefined
      ? `error reading from server: ${error instanceof Error ? error.message : String(error)}`
      : `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${dial}"`;
  return new RuntimeError('unavailable', message, { cause: error });
}
