/** gRPC's messages on an HTTP/2 stream: five bytes of head, then the message (grpc/grpc `doc/PROTOCOL-HTTP2.md`). */
import type { Readable } from 'node:stream';
import { GrpcError } from './codes.ts';

/** Bytes before a message: whether it is compressed, and how long it is. */
export const HEAD_BYTES = 5;

/** A message with its head, not compressed. */
export function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/**
 * Cuts a stream of bytes into messages. One that is larger than `maxBytes` or compressed, and one that `frame` throws at,
 * stops the reading with an error.
 */
export function readFrames(stream: Readable, maxBytes: number, frame: (data: Buffer) => void, stop: (why: GrpcError) => void): void {
  let waiting: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    size += chunk.length;
    try {
      while (size >= HEAD_BYTES) {
        if ((waiting[0]?.length ?? 0) < HEAD_BYTES) waiting = [Buffer.concat(waiting)];
        const [first = chunk] = waiting;
        const length = first.readUInt32BE(1);
        if (first[0] !== 0) throw new GrpcError('unimplemented', 'the message is compressed, which was not asked for');
        if (length > maxBytes)
          throw new GrpcError('resourceExhausted', `grpc: received message larger than max (${length} vs. ${maxBytes})`);
        if (size < HEAD_BYTES + length) return;
        const whole = waiting.length === 1 ? first : Buffer.concat(waiting);
        const rest = whole.subarray(HEAD_BYTES + length);
        waiting = rest.length > 0 ? [rest] : [];
        size = rest.length;
        frame(whole.subarray(HEAD_BYTES, HEAD_BYTES + length));
      }
    } catch (error) {
      waiting = [];
      size = 0;
      stop(error instanceof GrpcError ? error : new GrpcError('unknown', String(error), { cause: error }));
    }
  });
}
