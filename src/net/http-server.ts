import { createServer as createHttp, ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2, constants as h2, Http2ServerRequest, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createNet, Socket, type Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTls, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { createLogger } from '../util/log.ts';
import { closeServer } from './close-server.ts';
import type { Exchange, HttpRequest, HttpResponse, HttpServerHandle, HttpServerOptions, Peer, UpgradeExchange } from './http.ts';
import { peerOf } from './peer.ts';
import { answerParserError, looksLikePlainHttp, PLAIN_HTTP_ON_TLS, rawAnswer } from './raw-answer.ts';
import { refusalOf, type Refusal } from './refusal.ts';
import { sendEmpty, sendText } from './respond.ts';
import { parseTarget } from './target.ts';
import { secureContextOptions } from './tls-context.ts';
import { unknownMethodRequest } from './unknown-method.ts';
import { asExchange, withoutBody } from './upgrade-exchange.ts';

/** Limits of every connection. Times in ms, sizes in bytes. */
const LIMITS = {
  headerSize: 1 << 20,
  idle: 90_000,
  /** From the connection, or from a request's first byte, to the end of its head. */
  headers: 32_000,
  checkEvery: 5_000,
  handshake: 10_000,
  keepAliveProbe: 15_000,
  http2Streams: 250,
  /** Streams that a client may reset at once, and how many more each second; a session beyond that is cut off (CVE-2023-44487). */
  http2Resets: 500,
  http2ResetsPerSecond: 33,
  /** MB; Node's own 10 MB kills every stream of a session when a few large answers wait for a slow reader. */
  http2SessionMemory: 1_000,
} as const;

/**
 * Listens and serves HTTP/1.1 and HTTP/2 on one port, over TLS or plain (HTTP/1.1 only).
 * Mirrors Go's net/http server: header limit and timeout, answers to malformed requests, no Server or Keep-Alive header.
 * Rejects when the address cannot be bound or the certificate cannot be read.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServerHandle> {
  const onError = options.onError ?? ((error: unknown) => createLogger().error('HTTP handler failed', { error }));
  const state: ServerState = { options, onError, sockets: new Set(), sessions: new Set(), peers: new WeakMap(), closing: false };
  const http1 = http1Server(state);
  const http2 = http2Server(state);
  const tls = options.tls && tlsServer(options, http1, http2);
  const listener = createNet(
    { allowHalfOpen: !tls, noDelay: true, keepAlive: true, keepAliveInitialDelay: LIMITS.keepAliveProbe },
    (socket) => {
      state.sockets.add(socket);
      socket.once('close', () => state.sockets.delete(socket));
      if (tls) peekThenTls(socket, tls);
      else http1.emit('connection', socket);
    },
  );
  await listen(listener, options.host, options.port);
  // Node enforces header timeouts and tracks idle connections only in an http.Server that believes it listens.
  http1.emit('listening');
  return {
    address: addressOf(listener),
    reload: (material) => tls?.setSecureContext(secureContextOptions(material)),
    close: (graceMs = 0) => {
      state.closing = true;
      return closeServer({ listener, http1, http2, sockets: state.sockets, sessions: state.sessions }, graceMs);
    },
  };
}

interface ServerState {
  readonly options: HttpServerOptions;
  readonly onError: (error: unknown) => void;
  readonly sockets: Set<Socket>;
  readonly sessions: Set<ServerHttp2Session>;
  /** Who is at the other end, settled by the handshake: to ask Node for it copies the whole chain, a millisecond each time. */
  readonly peers: WeakMap<Socket, Peer>;
  closing: boolean;
}

function http1Server(state: ServerState): HttpServer {
  const server = createHttp({
    maxHeaderSize: state.options.maxHeaderSize ?? LIMITS.headerSize,
    keepAliveTimeout: state.options.idleTimeoutMs ?? LIMITS.idle,
    headersTimeout: state.options.headersTimeoutMs ?? LIMITS.headers,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(LIMITS.checkEvery, state.options.headersTimeoutMs ?? LIMITS.checkEvery),
    requireHostHeader: false,
  });
  // The size of the head is the limit; a count would drop headers without a word.
  server.maxHeadersCount = 0;
  server.on('clientError', (error, socket) => {
    const unknown = socket instanceof Socket && socket.writable ? unknownMethodRequest(error, socket) : undefined;
    if (unknown && socket instanceof Socket) serve(state, unknown.request, unknown.response, socket);
    else answerParserError(error, socket);
  });
  server.on('request', (request, response) => {
    // Go sends no Connection header on a connection that it keeps; Node leaves it out once it was removed.
    if (state.closing) response.shouldKeepAlive = false;
    else if (response.shouldKeepAlive) response.removeHeader('connection');
    if (state.closing) response.once('close', () => setImmediate(() => server.closeIdleConnections()));
    serve(state, request, response, request.socket);
  });
  server.on('checkExpectation', (_request, response) => {
    response.shouldKeepAlive = false;
    response.writeHead(417, { 'Content-Length': 0 }).end();
  });
  server.on('connect', (request, socket, head) => serveConnect(state, request, socket, head));
  if (state.options.upgrade) server.on('upgrade', (request, socket, head) => serveUpgrade(state, request, socket, head));
  return server;
}

function http2Server(state: ServerState): Http2Server {
  const server = createHttp2({
    maxSessionMemory: LIMITS.http2SessionMemory,
    settings: { maxConcurrentStreams: LIMITS.http2Streams, maxHeaderListSize: state.options.maxHeaderSize ?? LIMITS.headerSize },
    maxHeaderListPairs: 4096,
  });
  server.on('session', (session) => {
    state.sessions.add(session);
    session.once('close', () => state.sessions.delete(session));
    session.on('error', () => session.destroy());
    let open = 0;
    const mayReset = resetAllowance();
    session.on('stream', (stream) => {
      open += 1;
      stream.once('close', () => {
        open -= 1;
        // nghttp2 ends such a session too, and then leaves its connection open until it is idle.
        if (stream.rstCode !== h2.NGHTTP2_NO_ERROR && !mayReset()) session.destroy();
      });
    });
    session.setTimeout(state.options.idleTimeoutMs ?? LIMITS.idle, () => {
      if (open === 0) session.close();
    });
  });
  server.on('sessionError', () => undefined);
  server.on('request', (request, response) => {
    const socket = request.stream.session?.socket;
    if (socket instanceof Socket) serve(state, request, response, socket);
    else request.stream.close(h2.NGHTTP2_CANCEL);
  });
  return server;
}

/** Whether one more reset is within what a client may do. */
function resetAllowance(): () => boolean {
  let left: number = LIMITS.http2Resets;
  let at = performance.now();
  return () => {
    const now = performance.now();
    left = Math.min(LIMITS.http2Resets, left + ((now - at) / 1000) * LIMITS.http2ResetsPerSecond) - 1;
    at = now;
    return left >= 0;
  };
}

function tlsServer(options: HttpServerOptions, http1: HttpServer, http2: Http2Server): TlsServer | undefined {
  if (!options.tls) return undefined;
  const server = createTls({
    ...secureContextOptions(options.tls),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: options.tls.requestClientCert,
    rejectUnauthorized: false,
    handshakeTimeout: LIMITS.handshake,
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    (socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket);
  });
  // A failed handshake is the client's affair; the socket is already closed by Node.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** Looks at the first bytes before the handshake, to tell a client that came with plain HTTP. */
function peekThenTls(socket: Socket, tls: TlsServer): void {
  socket.setTimeout(LIMITS.handshake, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.once('end', () => socket.destroy());
  socket.once('readable', () => {
    const first: unknown = socket.read();
    if (!Buffer.isBuffer(first)) return;
    socket.removeAllListeners('end').setTimeout(0).removeAllListeners('timeout');
    if (looksLikePlainHttp(first)) {
      socket.end(PLAIN_HTTP_ON_TLS, () => socket.destroy());
      return;
    }
    socket.unshift(first);
    tls.emit('connection', socket);
  });
}

/** Builds the exchange, refuses what Go's server refuses by itself, and runs the handler. */
function serve(state: ServerState, request: HttpRequest, response: HttpResponse, socket: Socket): void {
  // A client that vanishes while it sends its body is told to the handler by the signal and by the body's end.
  request.on('error', ignore);
  response.on('error', ignore);
  const signal = cutSignal(response);
  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? 'GET',
    target: parseTarget(request.url ?? '/'),
    peer: knownPeer(state, socket),
    get signal() {
      return signal();
    },
  };
  const refusal = refusalOf(request, exchange.target);
  if (refusal !== undefined) {
    refuse(exchange, socket, refusal);
    return;
  }
  if (exchange.target.rawPath === '*') {
    // The server itself is asked, not one of its paths.
    if (exchange.method !== 'OPTIONS' && response instanceof ServerResponse) response.shouldKeepAlive = false;
    sendEmpty(exchange, exchange.method === 'OPTIONS' ? 200 : 400);
    return;
  }
  void run(
    state,
    () => state.options.handle(exchange),
    () => cut(response),
  );
}

function ignore(): void {
  // The end of the connection is told by other means.
}

/**
 * Aborted when the connection closes before the answer is complete, also when that was before anybody asked. Made when a
 * handler asks: few do, and making one takes longer than all the rest of a short answer.
 */
function cutSignal(response: HttpResponse): () => AbortSignal {
  if (!(response instanceof ServerResponse)) {
    // Over HTTP/2 an answer does not know afterwards how it ended.
    const signal = signalUnless(response, finishOf(response));
    return () => signal;
  }
  let signal: AbortSignal | undefined;
  return () => (signal ??= signalUnless(response, () => response.writableFinished, response.closed));
}

function finishOf(response: HttpResponse): () => boolean {
  let finished = false;
  response.once('finish', () => (finished = true));
  return () => finished;
}

function signalUnless(response: HttpResponse, finished: () => boolean, closed = false): AbortSignal {
  const abort = new AbortController();
  const onClose = (): void => {
    if (!finished()) abort.abort();
  };
  if (closed) onClose();
  else response.once('close', onClose);
  return abort.signal;
}

function knownPeer({ peers }: ServerState, socket: Socket): Peer {
  const known = peers.get(socket) ?? peerOf(socket);
  peers.set(socket, known);
  return known;
}

/** Go says so without the head's usual lines, and closes the connection. */
function refuse(exchange: Exchange, socket: Socket, { status, text }: Refusal): void {
  const { response } = exchange;
  if (!(response instanceof ServerResponse)) {
    sendText(exchange, 400, text);
    return;
  }
  response.detachSocket(socket);
  socket.resume();
  socket.end(rawAnswer(status, text), () => socket.destroy());
}

function serveUpgrade(state: ServerState, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { upgrade } = state.options;
  if (!upgrade || !(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  const abort = new AbortController();
  socket.once('close', () => abort.abort());
  socket.on('error', () => socket.destroy());
  const exchange: UpgradeExchange = {
    request,
    socket,
    head: withoutBody(request, head),
    method: request.method ?? 'GET',
    target: parseTarget(request.url ?? '/'),
    peer: knownPeer(state, socket),
    signal: abort.signal,
  };
  // curl offers h2c on ordinary plain requests; Go's server does not know it and answers in HTTP/1.1.
  if (refusalOf(request, exchange.target) !== undefined || request.headers.upgrade?.toLowerCase() === 'h2c') {
    serve(state, request, asExchange(exchange).response, socket);
    return;
  }
  void run(
    state,
    () => upgrade(exchange),
    () => socket.destroy(),
  );
}

/** CONNECT is a method like any other here: there is no proxy behind it. */
function serveConnect(state: ServerState, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (!(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  socket.on('error', () => socket.destroy());
  if (request.url?.startsWith('/') !== true) request.url = '/';
  const target = parseTarget(request.url);
  const signal = new AbortController().signal;
  const { response } = asExchange({ request, socket, head, method: 'CONNECT', target, peer: knownPeer(state, socket), signal });
  serve(state, request, response, socket);
}

async function run(state: ServerState, handler: () => void | Promise<void>, stop: () => void): Promise<void> {
  try {
    await handler();
  } catch (error) {
    state.onError(error);
    stop();
  }
}

function cut(response: HttpResponse): void {
  if (response.req instanceof Http2ServerRequest) response.req.stream.close(h2.NGHTTP2_INTERNAL_ERROR);
  else response.req.socket.destroy();
}

function listen(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function addressOf(server: NetServer): { host: string; port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP address');
  return { host: address.address, port: address.port };
}
