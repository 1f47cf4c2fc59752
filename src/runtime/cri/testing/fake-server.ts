/** A CRI server for tests that does what a test says, on a unix socket: the faults that a real runtime does not show when it is asked to. */
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { rmSync } from 'node:fs';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Events } from '../proto/containerd_events_pb.ts';
import { ImageService, RuntimeService } from '../proto/cri_pb.ts';

export interface FakeServer {
  readonly endpoint: string;
  /** Ends it as kill -9 does: every connection breaks. */
  stop(): Promise<void>;
}

export interface FakeServices {
  readonly runtime?: Partial<ServiceImpl<typeof RuntimeService>>;
  readonly images?: Partial<ServiceImpl<typeof ImageService>>;
  readonly events?: Partial<ServiceImpl<typeof Events>>;
}

/** Serves these calls; others are not implemented. `version` answers as containerd does unless it is given. */
export function serveCri(socket: string, { runtime, images, events }: FakeServices): Promise<FakeServer> {
  const version = () => ({ version: '0.1.0', runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' });
  const handler = connectNodeAdapter({
    routes: (router) => {
      router.service(RuntimeService, { version, ...runtime });
      router.service(ImageService, { ...images });
      if (events) router.service(Events, { ...events });
    },
  });
  return listen(createServer(handler), socket);
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

function listen(server: Http2Server, socket: string): Promise<FakeServer> {
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
