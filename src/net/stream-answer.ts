import { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Exchange } from './http.ts';

/** The answer as a plain writable stream: Node's two response classes differ in their overloads only. */
export function bodyOf(exchange: Exchange): Writable {
  return exchange.response;
}

/** Sends the head at once, for an answer whose body may be long in coming. Status and headers must be set. */
export function flushHead(exchange: Exchange): void {
  const { response } = exchange;
  if (response.headersSent) return;
  if (response instanceof ServerResponse) response.flushHeaders();
  else response.writeHead(response.statusCode);
}

/** Writes a part of the body; resolves when the next may follow: true, or false when the client is gone. */
export function writePart(exchange: Exchange, part: string | Uint8Array): Promise<boolean> {
  const body = bodyOf(exchange);
  if (exchange.signal.aborted || body.destroyed) return Promise.resolve(false);
  if (exchange.method === 'HEAD' || body.write(part)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (more: boolean): void => {
      body.off('drain', onDrain).off('close', onClose);
      resolve(more);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    body.on('drain', onDrain).on('close', onClose);
  });
}
