import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { bytesOf } from './websocket-channels.ts';

const OPEN = 1;
const NORMAL = 1000;
const READ_AHEAD = 256 * 1024;
/** Bytes that wait for the socket before the writer waits too; they leave as one message. */
const WRITE_BEHIND = 256 * 1024;

/**
 * A WebSocket as a byte stream: binary messages one after the other, whose boundaries mean nothing (client-go
 * `TunnelingConnection`). Close code 1000 is its end; any other end, or a text message, breaks it.
 */
export function webSocketStream(webSocket: WebSocket): Duplex {
  const send = (bytes: Buffer, callback: () => void): void => {
    if (webSocket.readyState === OPEN) webSocket.send(bytes, { binary: true }, () => callback());
    else callback();
  };
  const stream = new Duplex({
    readableHighWaterMark: READ_AHEAD,
    read: () => webSocket.resume(),
    writableHighWaterMark: WRITE_BEHIND,
    write: (chunk: Buffer, _encoding, callback) => send(chunk, callback),
    writev: (chunks, callback) => send(Buffer.concat(chunks.map(({ chunk }: { readonly chunk: Buffer }) => chunk)), callback),
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
