import type { Duplex } from 'node:stream';

/** What Go's server says on a connection whose request it cannot read: a bare head, the text, and the end. */
export function rawAnswer(status: string, text = status): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`;
}

/** Go's answer to plain HTTP on a TLS port (net/http `server.go`). */
export const PLAIN_HTTP_ON_TLS = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

const PLAIN_HTTP_STARTS = new Set(['GET /', 'HEAD ', 'POST ', 'PUT /', 'OPTIO']);

/** True when the first bytes on a TLS port are an HTTP request line (crypto/tls `tlsRecordHeaderLooksLikeHTTP`). */
export function looksLikePlainHttp(first: Buffer): boolean {
  return PLAIN_HTTP_STARTS.has(first.toString('latin1', 0, 5));
}

/** Answers a request that the parser refused, or just closes where Go does (timeouts, resets). */
export function answerParserError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(rawAnswer(status), () => socket.destroy());
}
