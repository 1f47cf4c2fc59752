import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackendError, dialText, requestBackend, upgradeBackend, type HeaderLines, type ProxyTarget } from './backend.ts';
import { requestHeaders, responseHeaders, upgradeHeaders } from './forward-headers.ts';
import type { Exchange, UpgradeExchange } from './http.ts';
import { writeHead } from './respond.ts';
import { splice } from './splice.ts';
import { bodyOf, flushHead } from './stream-answer.ts';
import { asExchange } from './upgrade-exchange.ts';

export { BackendError, type BackendTls, type ProxyTarget } from './backend.ts';

/** A backend's answer, on its way to the client. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: Readable;
}

export interface ProxyOptions {
  /** Looks at an answer before it is passed on, and may change any of it (Location, links, CORS headers). */
  readonly rewrite?: (answer: ProxyAnswer) => ProxyAnswer;
}

/**
 * Passes a request to a backend and its answer back, streaming both ways with backpressure. Hop-by-hop headers and the
 * caller's credentials are dropped, X-Forwarded-For is appended. Rejects with `BackendError` while nothing was answered;
 * a backend that breaks in the middle of its body cuts the client off, as it was cut off itself.
 */
export async function proxyRequest(exchange: Exchange, target: ProxyTarget, options: ProxyOptions = {}): Promise<void> {
  const { response, signal } = exchange;
  const answer = await ask(exchange, target);
  const plain: ProxyAnswer = { status: answer.statusCode ?? 502, headers: responseHeaders(answer), body: answer };
  const { status, headers, body } = options.rewrite ? options.rewrite(plain) : plain;
  writeHead(exchange, status, headers);
  flushHead(exchange);
  try {
    await pipeline(body, bodyOf(exchange), { signal });
  } catch {
    answer.destroy();
    if (!response.writableEnded || !response.writableFinished) bodyOf(exchange).destroy();
  }
}

function ask(exchange: Exchange, target: ProxyTarget): Promise<IncomingMessage> {
  const { request, signal } = exchange;
  return new Promise((resolve, reject) => {
    const headers = { ...requestHeaders(request, exchange.peer.address), ...framing(exchange) };
    const outgoing = requestBackend(target, exchange.method, headers);
    const onAbort = (): void => void outgoing.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.once('close', () => signal.removeEventListener('abort', onAbort));
    outgoing.on('error', (error) => {
      request.unpipe(outgoing);
      reject(new BackendError('dial', dialText(error, target), error));
    });
    outgoing.once('response', resolve);
    if (signal.aborted) onAbort();
    else request.pipe(outgoing);
  });
}

/** How the body is framed for the backend: its length if the client said it, else in chunks; said even when there is none. */
function framing(exchange: Exchange): HeaderLines {
  const { request } = exchange;
  if (request.headers['content-length'] !== undefined) return {};
  const streamed =
    request instanceof Http2ServerRequest ? !request.stream.endAfterHeaders : request.headers['transfer-encoding'] !== undefined;
  if (streamed) return { 'Transfer-Encoding': 'chunked' };
  return exchange.method === 'GET' || exchange.method === 'HEAD' ? {} : { 'Content-Length': '0' };
}

/**
 * Passes an upgrade to a backend: its 101 and everything after it go to the client byte by byte, both ways, and so does an
 * answer of 400 or more, whereupon the connection closes. Rejects with `BackendError` while nothing was answered: when the
 * backend cannot be reached (`dial`), or answers anything else (`answer`: redirects are neither followed nor passed on).
 */
export async function proxyUpgrade(upgrade: UpgradeExchange, target: ProxyTarget): Promise<void> {
  const answer = await upgradeBackend(target, upgrade.method, upgradeHeaders(upgrade.request, upgrade.peer.address), upgrade.signal);
  if (answer.kind === 'answered') {
    await relayRefusal(upgrade, answer.response);
    return;
  }
  const { socket } = upgrade;
  socket.write(rawHead(answer.response));
  if (answer.head.length > 0) socket.write(answer.head);
  if (upgrade.head.length > 0) socket.unshift(upgrade.head);
  await splice(socket, answer.socket);
}

/** Gives the client the backend's refusal of an upgrade as it is. Throws `BackendError` when it is none. */
export async function relayRefusal(upgrade: UpgradeExchange, response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  if (status < 400) {
    response.destroy();
    throw new BackendError('answer', `invalid upgrade response: status code ${status}`);
  }
  const exchange = asExchange(upgrade);
  writeHead(exchange, status, responseHeaders(response));
  try {
    await pipeline(response, exchange.response);
  } catch {
    upgrade.socket.destroy();
  }
}

function rawHead(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let index = 0; index + 1 < response.rawHeaders.length; index += 2)
    lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
