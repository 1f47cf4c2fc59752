/** gRPC servers for tests that do what a test says, on a unix socket. */
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { rmSync } from 'node:fs';

export interface FakeServer {
  readonly endpoint: string;
  /** Ends it as kill -9 does: every connection breaks. */
  stop(): Promise<void>;
}

/** Answers every call with these bytes as its message. */
export function serveBytes(socket: string, answer: (path: string) => Buffer): Promise<FakeServer> {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.on('data', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const message = answer(String(headers[':path']));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
  });
  return listen(server, socket);
}

/** Serves on a unix socket until it is stopped. */
export function listen(server: Http2Server, socket: string): Promise<FakeServer> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  return new Promise((ok, failed) => {
    server.once('error', failed);
    server.listen(socket, () =>
      ok({
        endpoint: `unix://${socket}`,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            for (const session of sessions) session.destroy();
            rmSync(socket, { force: true });
          }),
      }),
    );
  });
}
