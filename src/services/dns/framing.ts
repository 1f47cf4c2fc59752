/** DNS messages over TCP: each with its length in two bytes before it (RFC 1035 §4.2.2). */
import type { Socket } from 'node:net';

const MAX_LENGTH = 0xffff;

/** Calls `onMessage` for each whole message. At most one message is kept in memory. */
export function readMessages(socket: Socket, onMessage: (message: Buffer) => void): void {
  let kept: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    while (kept.length >= 2) {
      const end = 2 + kept.readUInt16BE(0);
      if (kept.length < end) return;
      onMessage(kept.subarray(2, end));
      kept = kept.subarray(end);
    }
  });
}

/** Drops a message that the length cannot say. */
export function writeMessage(socket: Socket, message: Buffer): void {
  if (message.length > MAX_LENGTH || !socket.writable) return;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
}
