import type { Exchange } from './http.ts';

/** A request's body is larger than its reader takes. */
export class BodyTooLargeError extends Error {
  readonly limit: number;

  constructor(limit: number) {
    super('http: request body too large');
    this.name = 'BodyTooLargeError';
    this.limit = limit;
  }
}

/** The client went away, or broke the framing, before its body was complete. */
export class BodyCutOffError extends Error {
  constructor(cause?: unknown) {
    super('unexpected EOF', { cause });
    this.name = 'BodyCutOffError';
  }
}

/**
 * Reads a request's body, at most `limit` bytes. Rejects with `BodyTooLargeError` (as soon as the limit is passed; the rest
 * is read and dropped by Node at the end of the answer) or `BodyCutOffError`.
 */
export function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const { request } = exchange;
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(new BodyTooLargeError(limit));
  // A body that has arrived whole cannot be cut off any more.
  const signal = request.complete ? undefined : exchange.signal;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) finish(() => reject(new BodyTooLargeError(limit)));
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish(() => resolve(Buffer.concat(chunks)));
    const onCut = (cause?: unknown): void => finish(() => reject(new BodyCutOffError(cause)));
    const onClose = (): void => onCut();
    const finish = (settle: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onClose);
      signal?.removeEventListener('abort', onClose);
      settle();
    };
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onClose);
    signal?.addEventListener('abort', onClose);
    if (signal?.aborted === true || request.destroyed) onClose();
  });
}
