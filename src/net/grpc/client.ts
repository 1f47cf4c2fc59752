/**
 * gRPC's client side over one unix socket: single calls and streams of answers, no compression. By hand on Node's own HTTP/2,
 * because a pod's start is a dozen calls and a third of the work a call is what the budget of a start allows
 * (grpc/grpc `doc/PROTOCOL-HTTP2.md`).
 */
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
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
import { codeOf, GrpcError, percentDecoded } from './codes.ts';
import { frameOf, readFrames } from './frames.ts';
import { checkSocketPath } from './socket-path.ts';

export interface CallOptions {
  /** Milliseconds; none without. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface GrpcClient {
  /** Connects now; rejects with `unavailable` when nobody is there. */
  connect(): Promise<void>;
  /** Rejects with a GrpcError: `unavailable` whenever nobody was there to answer. */
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

/** Every server takes this for its name; a path is no name. */
const AUTHORITY = 'http://localhost';

/** What the system calls a socket that nobody serves, in the words of Go. */
const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  EINVAL: 'invalid argument',
  ENOTSOCK: 'socket operation on non-socket',
};

/** Connects when the first call is made, and again after the connection broke. `maxBytes` bounds a message of an answer. */
export function openGrpc(path: string, maxBytes: number): GrpcClient {
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

  async function connected(): Promise<ClientHttp2Session> {
    try {
      checkSocketPath(path, 'connect');
      return await (current ?? dial());
    } catch (error) {
      throw away(error, path);
    }
  }

  /** Sends one request; `frame` is given every message of the answer. */
  async function exchange(
    url: string,
    message: Uint8Array,
    { timeoutMs, signal }: CallOptions,
    frame: (data: Buffer) => void,
  ): Promise<void> {
    const session = await connected();
    if (signal?.aborted) throw new GrpcError('canceled', 'context canceled');
    await new Promise<void>((ok, failed) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': url,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(timeoutMs !== undefined && { 'grpc-timeout': `${Math.max(1, Math.ceil(timeoutMs))}m` }),
      });
      const stop = (why: GrpcError): void => {
        failed(why);
        stream.close(constants.NGHTTP2_CANCEL);
      };
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => stop(new GrpcError('deadlineExceeded', 'context deadline exceeded')), timeoutMs);
      const abort = (): void => stop(new GrpcError('canceled', 'context canceled'));
      signal?.addEventListener('abort', abort, { once: true });
      let end: IncomingHttpHeaders | undefined;
      let answered = false;
      stream.on('response', (headers) => {
        answered = true;
        const status = headers[':status'];
        if (headers['grpc-status'] !== undefined) end = headers;
        else if (status !== 200) stop(new GrpcError('unknown', `unexpected HTTP status code received from server: ${status}`));
      });
      stream.on('trailers', (headers) => {
        end = headers;
      });
      readFrames(stream, maxBytes, frame, stop);
      // What broke is told by the close: the connection, as far as the call knows.
      stream.on('error', () => undefined);
      stream.once('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (end === undefined) failed(new GrpcError('unavailable', answered ? 'unexpected EOF' : 'error reading from server: EOF'));
        else {
          const error = statusError(end);
          if (error) failed(error);
          else ok();
        }
      });
      stream.end(frameOf(message));
    }).catch((error: unknown) => {
      throw error instanceof GrpcError ? error : away(error, path);
    });
  }

  const urlOf = (method: { readonly parent: { readonly typeName: string }; readonly name: string }): string =>
    `/${method.parent.typeName}/${method.name}`;

  return {
    async connect() {
      await connected();
    },
    async call(method, request, options = {}) {
      let answer: Buffer | undefined;
      await exchange(urlOf(method), toBinary(method.input, create(method.input, request)), options, (data) => {
        answer = data;
      });
      if (answer === undefined) throw new GrpcError('unknown', 'the server sent no answer');
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

function decode<O extends DescMessage>(schema: O, data: Buffer): MessageShape<O> {
  try {
    return fromBinary(schema, data);
  } catch (error) {
    throw new GrpcError('unknown', `the answer cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** The error that the end of an answer tells; undefined for a good one. */
function statusError(headers: IncomingHttpHeaders): GrpcError | undefined {
  const code = Number(headers['grpc-status']);
  if (code === 0) return undefined;
  return new GrpcError(codeOf(code), percentDecoded(String(headers['grpc-message'] ?? '')));
}

/** Nobody was there: in the words of the original's client where the socket itself is the reason. */
function away(error: unknown, path: string): GrpcError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const dial = DIAL_ERRORS[code];
  const message =
    dial === undefined
      ? `error reading from server: ${error instanceof Error ? error.message : String(error)}`
      : `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${dial}"`;
  return new GrpcError('unavailable', message, { cause: error });
}
