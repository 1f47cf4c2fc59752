import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Exchange, UpgradeExchange } from './http.ts';

/**
 * Turns an upgrade back into an ordinary exchange, to answer it in HTTP (401, 403, 400 …) with the functions of
 * `respond.ts`. The connection closes after the answer: its parser is gone.
 */
export function asExchange(upgrade: UpgradeExchange): Exchange & { readonly response: ServerResponse } {
  const { request, socket } = upgrade;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  if (socket instanceof Socket) response.assignSocket(socket);
  response.once('finish', () => {
    // What the client has already sent is read and dropped: closing over unread input would reset the answer away.
    socket.resume();
    socket.end();
  });
  return { request, response, method: upgrade.method, target: upgrade.target, peer: upgrade.peer, signal: upgrade.signal };
}

const EMPTY_CHUNKED_BODY = '0\r\n\r\n';

/** The bytes after an upgrade request's head without its body, which Node leaves among them. */
export function withoutBody(request: IncomingMessage, head: Buffer): Buffer {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > 0) return head.subarray(length);
  const chunked = request.headers['transfer-encoding'] === 'chunked' && head.toString('latin1', 0, 5) === EMPTY_CHUNKED_BODY;
  return chunked ? head.subarray(EMPTY_CHUNKED_BODY.length) : head;
}
