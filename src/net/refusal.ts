import { IncomingMessage } from 'node:http';
import type { HttpRequest, RequestTarget } from './http.ts';

/** A request that Go's server answers by itself, and the words of the answer. */
export interface Refusal {
  /** Status line after the version: `400 Bad Request: malformed Host header`. */
  readonly status: string;
  readonly text: string;
}

const BAD_REQUEST: Refusal = { status: '400 Bad Request', text: '400 Bad Request' };
const NO_HOST = refusal('400 Bad Request: missing required Host header');
const BAD_HOST = refusal('400 Bad Request: malformed Host header');
const OTHER_VERSION = refusal('505 HTTP Version Not Supported: unsupported protocol version');
const OTHER_ENCODING: Refusal = { status: '501 Not Implemented', text: 'Unsupported transfer encoding' };
const HOST = /^[A-Za-z0-9!$%&'()*+,\-.:;=[\]_~]*$/;

function refusal(status: string): Refusal {
  return { status, text: status };
}

/** What is wrong with a request's head, that Node lets pass (net/http `server.go` `readRequest`, `transfer.go`). */
export function refusalOf(request: HttpRequest, target: RequestTarget): Refusal | undefined {
  if (!(request instanceof IncomingMessage)) return target.path === null ? BAD_REQUEST : undefined;
  if (request.httpVersionMajor !== 1) return OTHER_VERSION;
  const encoding = request.headers['transfer-encoding'];
  if (encoding !== undefined && request.httpVersionMinor > 0 && encoding.toLowerCase() !== 'chunked') return OTHER_ENCODING;
  const { host } = request.headers;
  if (host === undefined) {
    if (request.httpVersionMinor > 0) return NO_HOST;
  } else if (hosts(request.rawHeaders) > 1) return BAD_REQUEST;
  else if (!HOST.test(host)) return BAD_HOST;
  return target.path === null ? BAD_REQUEST : undefined;
}

function hosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
