/** Puts answers on the wire: one place for headers, compression and errors. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { StatusError } from '../../api/status.ts';
import { stringifyYaml } from '../../api/yaml.ts';
import type { Exchange } from '../../net/http.ts';
import { sendBytes, writeHead, type Headers } from '../../net/respond.ts';
import type { MediaType } from './negotiate.ts';

const compress = promisify(gzip);
/** Answers from this size on are compressed for clients that take it. */
const GZIP_BYTES = 128 * 1024;
/** Fast rather than small: clients are near. */
const GZIP_LEVEL = 1;

/** Sends JSON text, with the newline that ends every answer of the API. */
export async function sendJsonText(
  exchange: Exchange,
  status: number,
  text: string,
  pretty: boolean,
  headers: Headers = {},
): Promise<void> {
  const body = pretty ? JSON.stringify(JSON.parse(text), null, 2) : `${text}\n`;
  await sendBody(exchange, status, Buffer.from(body), { 'Content-Type': 'application/json', ...headers });
}

/** Sends bytes, compressed when they are many and the client takes it. */
export async function sendBody(exchange: Exchange, status: number, body: Buffer, headers: Headers): Promise<void> {
  const takes = /\bgzip\b/.test(exchange.request.headers['accept-encoding'] ?? '');
  if (!takes || body.length < GZIP_BYTES) {
    sendBytes(exchange, status, body, headers);
    return;
  }
  const packed = await compress(body, { level: GZIP_LEVEL });
  if (!exchange.signal.aborted) sendBytes(exchange, status, packed, { ...headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
}

/** Sends a value in a media type; protobuf has its own way. */
export async function sendValue(exchange: Exchange, status: number, value: unknown, media: MediaType, pretty: boolean): Promise<void> {
  if (media !== 'application/yaml') await sendJsonText(exchange, status, JSON.stringify(value), pretty);
  else await sendBody(exchange, status, Buffer.from(stringifyYaml(value)), { 'Content-Type': 'application/yaml' });
}

/** Sends an error as a Status. What is no StatusError is an internal error; its text goes to the client as the original's does. */
export async function sendError(exchange: Exchange, error: StatusError, form: { media: MediaType; pretty: boolean }): Promise<void> {
  const { reason, details, code, ...rest } = error.status;
  // The order of the fields in Go.
  const status = { ...rest, ...(reason !== '' && { reason }), ...(details && { details }), code };
  const retry = details?.retryAfterSeconds;
  if (retry !== undefined) writeHead(exchange, status.code, { 'Retry-After': String(retry) });
  await sendValue(exchange, status.code, status, form.media, form.pretty);
}
