/** gRPC's server side on a unix socket: single calls, no compression (grpc/grpc `doc/PROTOCOL-HTTP2.md`). */
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { codeNumber, GrpcError, percentEncoded } from './codes.ts';
import { checkSocketPath } from './socket-path.ts';
import { frameOf, readFrames } from './frames.ts';

/** Answers the bytes of a request with those of a message; what it throws ends the call: a GrpcError as it is, all else as `unknown`. */
export type GrpcAnswer = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** By service, then by method: `v1beta1.Registration` has `Register`. */
export type GrpcServices = Readonly<Record<string, Readonly<Record<string, GrpcAnswer>>>>;

export interface GrpcServer {
  /** Ends every connection and takes the socket away. */
  close(): Promise<void>;
}

/** As Go's server: one request is 4 MiB at most. */
export const MAX_REQUEST_BYTES = 4 << 20;
/** A request must be here whole within this. */
const REQUEST_MS = 30_000;
const MAX_STREAMS = 100;
/** Connections at once; one more is closed. */
const MAX_CONNECTIONS = 256;

/** Serves on a path that must be free. Rejects as `listen` does. */
export async function serveGrpc(path: string, services: GrpcServices): Promise<GrpcServer> {
  checkSocketPath(path, 'bind');
  const server = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS } });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    session.on('error', () => undefined);
    if (sessions.size >= MAX_CONNECTIONS) {
      session.destroy();
      return;
    }
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  // A client that speaks something else is cut off.
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    // What broke is told by the close.
    stream.on('error', () => undefined);
    answerOf(stream, headers, services).then(
      (message) => succeed(stream, message),
      (error: unknown) => fail(stream, error),
    );
  });
  return new Promise((ok, failed) => {
    server.once('error', failed);
    server.listen(path, () => {
      server.off('error', failed);
      ok({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const session of sessions) session.destroy();
          }),
      });
    });
  });
}

async function answerOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, services: GrpcServices): Promise<Uint8Array> {
  const answer = methodOf(String(headers[':path']), services);
  if (headers['content-type']?.startsWith('application/grpc') !== true)
    throw new GrpcError('internal', `invalid gRPC request content-type ${JSON.stringify(headers['content-type'] ?? '')}`);
  const request = await requestOf(stream);
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  return answer(request, gone.signal);
}

function methodOf(path: string, services: GrpcServices): GrpcAnswer {
  const [, service, method = ''] = /^\/(.*)\/([^/]*)$/.exec(path) ?? [];
  if (service === undefined) throw new GrpcError('unimplemented', `malformed method name: ${JSON.stringify(path)}`);
  if (!Object.hasOwn(services, service)) throw new GrpcError('unimplemented', `unknown service ${service}`);
  const methods = services[service] ?? {};
  const answer = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (answer === undefined) throw new GrpcError('unimplemented', `unknown method ${method} for service ${service}`);
  return answer;
}

/** The one message of the request. */
function requestOf(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((ok, failed) => {
    const timer = setTimeout(() => failed(new GrpcError('deadlineExceeded', 'the request did not come in time')), REQUEST_MS);
    let request: Buffer | undefined;
    const done = (): void => {
      clearTimeout(timer);
      if (request === undefined) failed(new GrpcError('internal', 'the request has no message'));
      else ok(request);
    };
    readFrames(
      stream,
      MAX_REQUEST_BYTES,
      (data) => {
        if (request !== undefined) throw new GrpcError('internal', 'the request has more than one message');
        request = data;
      },
      (why) => {
        clearTimeout(timer);
        failed(why);
      },
    );
    stream.once('end', done);
    stream.once('close', done);
  });
}

const HEADERS = { ':status': constants.HTTP_STATUS_OK, 'content-type': 'application/grpc' } as const;

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frameOf(message));
}

function fail(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed || stream.closed) return;
  const code = error instanceof GrpcError ? error.code : 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  stream.respond({ ...HEADERS, 'grpc-status': String(codeNumber(code)), 'grpc-message': percentEncoded(message) }, { endStream: true });
  // A client that is still sending need not.
  stream.close(constants.NGHTTP2_NO_ERROR);
}
