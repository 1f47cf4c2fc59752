import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { bytesOf } from './websocket-channels.ts';

const OPEN = 1;
const NORMAL = 1000;
const READ_AHEAD = 256 * 1024;
/** Bytes that wait for the socket before the writer waits too; they leave as one message. */
const WRITE_BEHIND = 256 * 1024;
/** Bytes of the longest head of a message, and of the payload that the first buffer holds. */
const MAX_HEAD = 10;
const SMALLEST = 4096;
const BINARY = 0x82;

/**
 * A WebSocket as a byte stream: binary messages one after the other, whose boundaries mean nothing (client-go
 * `TunnelingConnection`). Close code 1000 is its end; any other end, or a text message, breaks it. `socket` is what the
 * server's WebSocket was accepted on: messages are written to it directly, between the library's own frames.
 */
export function webSocketStream(webSocket: WebSocket, socket: Duplex): Duplex {
  let message: Buffer = Buffer.alloc(0);
  // One buffer for all messages, which are sent one at a time: a fresh one for each keeps the garbage collector busier than TLS is.
  const send = (chunks: readonly Buffer[], callback: () => void): void => {
    if (webSocket.readyState !== OPEN) {
      callback();
      return;
    }
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (message.length < MAX_HEAD + length) message = Buffer.allocUnsafeSlow(MAX_HEAD + Math.max(length, SMALLEST));
    let at = writeHead(message, length);
    for (const chunk of chunks) at += chunk.copy(message, at);
    socket.write(message.subarray(0, at), () => callback());
  };
  const stream = new Duplex({
    readableHighWaterMark: READ_AHEAD,
    read: () => webSocket.resume(),
    writableHighWaterMark: WRITE_BEHIND,
    write: (chunk: Buffer, _encoding, callback) => send([chunk], callback),
    writev: (chunks: readonly { readonly chunk: Buffer }[], callback) =>
      send(
        chunks.map(({ chunk }) => chunk),
        callback,
      ),
    final: (callback) => {
      webSocket.close(NORMAL);
      callback();
    },
    destroy: (error, callback) => {
      webSocket.terminate();
      callback(error);
    },
  });
  let over = false;
  webSocket.on('message', (data: RawData, binary: boolean) => {
    const bytes = bytesOf(data);
    if (!binary) stream.destroy(new Error('invalid message type received'));
    else if (bytes.length > 0 && !over && !stream.destroyed && !stream.push(bytes)) webSocket.pause();
  });
  webSocket.once('close', (code: number) => {
    over = true;
    if (stream.destroyed) return;
    if (code === NORMAL) stream.push(null);
    else stream.destroy(new Error(`the tunnel was closed with code ${code}`));
  });
  stream.on('error', () => undefined);
  return stream;
}

/** The head of an unmasked binary message in one frame (RFC 6455 §5.2); how long it is. */
function writeHead(message: Buffer, length: number): number {
  message[0] = BINARY;
  if (length < 126) return message.writeUInt8(length, 1);
  if (length < 65_536) {
    message[1] = 126;
    return message.writeUInt16BE(length, 2);
  }
  message[1] = 127;
  return message.writeBigUInt64BE(BigInt(length), 2);
}
