/** Answers that are written piece by piece, on either protocol. */
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { HttpResponse } from '../../net/http.ts';

/** A part of a stream that is ready for the wire on either protocol: made once, whoever takes it. */
export interface Piece {
  readonly bytes: Buffer;
  /** The same bytes as a chunk of HTTP/1.1. */
  readonly chunk: Buffer;
}

const CRLF = '\r\n';

/** Makes a piece of text or bytes. */
export function pieceOf(content: string | Uint8Array): Piece {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const head = bytes.length.toString(16) + CRLF;
  const chunk = Buffer.allocUnsafeSlow(head.length + bytes.length + CRLF.length);
  chunk.write(head, 0, 'latin1');
  chunk.set(bytes, head.length);
  chunk.write(CRLF, head.length + bytes.length, 'latin1');
  return { bytes: chunk.subarray(head.length, head.length + bytes.length), chunk };
}

/** Sends the head now, so that the client knows that its watch stands. From here on `writePieces` alone may write. */
export function startStream(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (response instanceof ServerResponse) response.flushHeaders();
  else response.writeHead(200);
}

/** Writes pieces in one go; false when the client should be waited for. */
export function writePieces(response: HttpResponse, pieces: readonly Piece[]): boolean {
  const raw = rawSocket(response);
  const parts = pieces.map((piece) => (raw ? piece.chunk : piece.bytes));
  const [first] = parts;
  if (first === undefined) return true;
  const to: Writable = raw ?? response;
  return to.write(parts.length === 1 ? first : Buffer.concat(parts));
}

/**
 * The connection under a chunked answer whose head is out. Chunks that are framed already go straight there: Node's own framing
 * makes four small writes and a deferred flush of each, which for hundreds of watchers is most of the work.
 */
function rawSocket(response: HttpResponse): Writable | undefined {
  if (!(response instanceof ServerResponse) || !response.chunkedEncoding || !response.headersSent) return undefined;
  return response.socket ?? undefined;
}

/** Resolves when the client has taken what was written, or on abort. */
export async function drained(response: HttpResponse, signal: AbortSignal): Promise<void> {
  // An abort is no error here: whoever aborts knows.
  await once(rawSocket(response) ?? response, 'drain', { signal }).catch(() => undefined);
}
