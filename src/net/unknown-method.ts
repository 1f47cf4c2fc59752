import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's parser says of a method that it does not know. */
const CODE = 'HPE_INVALID_METHOD';
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) (\/[^\s]*) HTTP\/1\.([01])$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/;

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

export interface UnknownMethodRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Reads the head of a request whose method Node's parser refuses, so that the handler answers as it does in Go, where any word
 * is a method. Undefined when that is not the fault, or when the head is not all there or not in order. Such a request has no body
 * here, and the connection closes after the answer.
 */
export function unknownMethodRequest(error: ParserError, socket: Socket): UnknownMethodRequest | undefined {
  if (error.code !== CODE || !error.rawPacket) return undefined;
  const packet = error.rawPacket;
  const end = packet.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...headers] = packet.toString('latin1', 0, end).split('\r\n');
  const [, method, url, minor] = REQUEST_LINE.exec(line) ?? [];
  // A parser that got further stumbled over something behind another request.
  if (method === undefined || url === undefined || (error.bytesParsed ?? 0) > method.length) return undefined;
  const request = new IncomingMessage(socket);
  for (const header of headers) {
    const [, name, value] = HEADER_LINE.exec(header) ?? [];
    if (name === undefined || value === undefined) return undefined;
    request.rawHeaders.push(name, value);
    const key = name.toLowerCase();
    request.headers[key] ??= value;
  }
  request.method = method;
  request.url = url;
  request.httpVersion = `1.${minor ?? '1'}`;
  request.httpVersionMajor = 1;
  request.httpVersionMinor = Number(minor);
  request.complete = true;
  request.push(null);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    socket.resume();
    socket.end();
  });
  return { request, response };
}
