/** Answers that are written piece by piece, on either protocol. */
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import type { HttpResponse } from '../../net/http.ts';

/** Sends the head now, so that the client knows that its watch stands. */
export function startStream(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (response instanceof ServerResponse) response.flushHeaders();
  else response.writeHead(200);
}

/** Writes a piece; false when the client should be waited for. */
export function writePiece(response: HttpResponse, bytes: Uint8Array): boolean {
  return response instanceof ServerResponse ? response.write(bytes) : response.write(bytes);
}

/** Resolves when the client has taken what was written, or on abort. */
export async function drained(response: HttpResponse, signal: AbortSignal): Promise<void> {
  // An abort is no error here: whoever aborts knows.
  await once(response, 'drain', { signal }).catch(() => undefined);
}
