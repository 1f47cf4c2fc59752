import type { OutgoingHttpHeaders } from 'node:http';
import type { Exchange } from './http.ts';

/** Extra headers of an answer, in any case; values as Node takes them. */
export type Headers = OutgoingHttpHeaders;

/** Go's content sniffing of a text body (net/http `DetectContentType`). */
export const TEXT_PLAIN = 'text/plain; charset=utf-8';

/** Answers with a text as a Go handler that sets no Content-Type does. Nothing is appended. */
export function sendText(exchange: Exchange, status: number, text: string, headers: Headers = {}): void {
  sendBody(exchange, status, text, Buffer.byteLength(text), { 'Content-Type': TEXT_PLAIN, ...headers });
}

/** Answers with a value as compact JSON, or with JSON text that is ready (a string goes out as it is). */
export function sendJson(exchange: Exchange, status: number, value: unknown, headers: Headers = {}): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  sendBytes(exchange, status, Buffer.from(text), { 'Content-Type': 'application/json', ...headers });
}

/** Answers as Go's `http.Error`: the text with a newline, `nosniff`. */
export function goHttpError(exchange: Exchange, status: number, text: string, headers: Headers = {}): void {
  sendText(exchange, status, `${text}\n`, { ...headers, 'X-Content-Type-Options': 'nosniff' });
}

/** Answers without a body. */
export function sendEmpty(exchange: Exchange, status: number, headers: Headers = {}): void {
  writeHead(exchange, status, status === 204 || status === 304 || status < 200 ? headers : { ...headers, 'Content-Length': 0 });
  exchange.response.end();
}

/** Answers with bytes and their length; HEAD gets the same head and no body. */
export function sendBytes(exchange: Exchange, status: number, body: Uint8Array, headers: Headers = {}): void {
  sendBody(exchange, status, body, body.byteLength, headers);
}

/** A short text as it is: Node sends it in one piece with the head, which bytes never are. */
function sendBody(exchange: Exchange, status: number, body: string | Uint8Array, length: number, headers: Headers): void {
  writeHead(exchange, status, { ...headers, 'Content-Length': length });
  if (exchange.method === 'HEAD' || length === 0) exchange.response.end();
  else exchange.response.end(body);
}

/** Sets status and headers on whichever protocol; headers set before stay unless named here. Sent with the first byte of the body. */
export function writeHead(exchange: Exchange, status: number, headers: Headers = {}): void {
  const { response } = exchange;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, typeof value === 'number' ? String(value) : value);
  }
}
