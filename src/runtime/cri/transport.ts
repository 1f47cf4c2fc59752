/** The one place that knows how gRPC is spoken: clients over unix sockets, and what their errors mean. */
import { createClient, Code, ConnectError, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { RuntimeError, type RuntimeErrorCode } from '../runtime.ts';
import { Events } from './proto/containerd_events_pb.ts';
import { ImageService, RuntimeService } from './proto/cri_pb.ts';
import { openSession, type Session } from './session.ts';

export interface CriConnection {
  readonly runtime: Client<typeof RuntimeService>;
  readonly images: Client<typeof ImageService>;
  /** containerd's own event stream, on the runtime's socket. */
  readonly events: Client<typeof Events>;
  /** Ends all calls that are under way. */
  close(): void;
}

/** As the original's client (kubernetes `staging/src/k8s.io/cri-client/pkg/remote_runtime.go`, maxMsgSize). */
const MAX_MESSAGE_BYTES = 16 << 20;

/** Connects when the first call is made, and again after the socket was away. */
export function connectCri(socket: string, imageSocket: string): CriConnection {
  const sessions = new Map<string, Session>();
  const transport = (path: string) => {
    const sessionManager = sessions.get(path) ?? openSession(path);
    sessions.set(path, sessionManager);
    return createGrpcTransport({
      baseUrl: 'http://localhost',
      sessionManager,
      readMaxBytes: MAX_MESSAGE_BYTES,
    });
  };
  return {
    runtime: createClient(RuntimeService, transport(socket)),
    images: createClient(ImageService, transport(imageSocket)),
    events: createClient(Events, transport(socket)),
    close: () => {
      for (const session of sessions.values()) session.close();
    },
  };
}

const CODES: Readonly<Partial<Record<Code, RuntimeErrorCode>>> = {
  [Code.NotFound]: 'notFound',
  [Code.AlreadyExists]: 'alreadyExists',
  [Code.InvalidArgument]: 'invalidArgument',
  [Code.FailedPrecondition]: 'failedPrecondition',
  [Code.Unavailable]: 'unavailable',
  [Code.DeadlineExceeded]: 'deadlineExceeded',
  [Code.Unimplemented]: 'unimplemented',
  [Code.ResourceExhausted]: 'resourceExhausted',
};

/** The library's words for a stream that the other end gave up. */
const RESET = /^http\/2 stream closed with error code /;

/** What the system calls a socket that nobody serves, in the words of Go. */
const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  ENOTSOCK: 'socket operation on non-socket',
};

/** A failed call as the seam's error: `unavailable` whenever the runtime was not there to answer. */
export function runtimeError(error: unknown, socket: string): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const system = systemCode(error);
  const dial = DIAL_ERRORS[system ?? ''];
  if (dial !== undefined)
    return new RuntimeError(
      'unavailable',
      `connection error: desc = "transport: Error while dialing: dial unix ${socket}: connect: ${dial}"`,
      {
        cause: error,
      },
    );
  if (!(error instanceof ConnectError))
    return new RuntimeError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
  if (error.code === Code.DeadlineExceeded && error.rawMessage.startsWith('the operation timed out'))
    return new RuntimeError('deadlineExceeded', 'context deadline exceeded', { cause: error });
  if (system !== undefined || RESET.test(error.rawMessage))
    return new RuntimeError('unavailable', 'error reading from server: EOF', { cause: error });
  return new RuntimeError(CODES[error.code] ?? 'unknown', error.rawMessage, { cause: error });
}

/** `ENOENT`, `ERR_HTTP2_STREAM_ERROR`: what broke below gRPC, if something did. */
function systemCode(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth += 1)
    if ('code' in e && typeof e.code === 'string') return e.code;
  return undefined;
}
