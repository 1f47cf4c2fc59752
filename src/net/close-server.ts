import type { Server as HttpServer } from 'node:http';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server as NetServer, Socket } from 'node:net';

/** Everything that a listening server holds open. */
export interface ServerParts {
  readonly listener: NetServer;
  readonly http1: HttpServer;
  readonly http2: Http2Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

/** Stops listening, lets running answers end within `graceMs`, then destroys what is left. Resolves when all is gone. */
export async function closeServer(parts: ServerParts, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => parts.listener.close(() => resolve()));
  for (const session of parts.sessions) session.close();
  parts.http1.closeIdleConnections();
  const cut = (): void => {
    for (const socket of parts.sockets) socket.destroy();
  };
  if (graceMs <= 0) cut();
  const timer = setTimeout(cut, graceMs);
  await closed;
  clearTimeout(timer);
  // Neither ever listened: closing only stops their timers.
  parts.http1.close();
  parts.http2.close();
}
