/**
 * One HTTP/2 connection to a unix socket, made when it is needed and made anew when it broke. Whatever is at the other end,
 * its errors are those of the calls, never of the program: the library's own manager lets go of a connection that failed
 * before its last error was heard.
 */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';

export interface Session {
  readonly authority: string;
  request(method: string, path: string, headers: OutgoingHttpHeaders, options: object): Promise<ClientHttp2Stream>;
  notifyResponseByteRead(): void;
  /** Ends the connection and every call on it. */
  close(): void;
}

/** Every server takes this for its name; a path is no name. */
const AUTHORITY = 'http://localhost';

export function openSession(path: string): Session {
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

  return {
    authority: AUTHORITY,
    async request(method, requestPath, headers, options) {
      const session = await (current ?? dial());
      return telling(session.request({ ...headers, ':method': method, ':path': requestPath }, options));
    },
    notifyResponseByteRead: () => undefined,
    close: () => {
      live?.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  };
}

/** A stream that ends before its answer does fails: by itself Node lets it end in silence when the connection breaks. */
function telling(stream: ClientHttp2Stream): ClientHttp2Stream {
  let answered = false;
  stream.once('response', (headers) => {
    answered = headers['grpc-status'] !== undefined;
  });
  stream.once('trailers', () => {
    answered = true;
  });
  stream.once('close', () => {
    if (!answered && stream.rstCode === constants.NGHTTP2_NO_ERROR)
      stream.emit('error', Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' }));
  });
  return stream;
}
