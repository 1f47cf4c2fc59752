import type { Readable } from 'node:stream';

/** A stream's bytes, asked for one chunk at a time. */
export interface ChunkReader {
  /** The next bytes; null at the end of the stream, when it broke, or after `stop`. */
  next(): Promise<Buffer | null>;
  /** Lets go of the stream, which is left paused. */
  stop(): void;
}

/** Reads a stream chunk by chunk: between two calls it is paused, so that nothing piles up. */
export function readChunks(stream: Readable): ChunkReader {
  const waiting: Buffer[] = [];
  let over = stream.destroyed || stream.readableEnded;
  let deliver: ((chunk: Buffer | null) => void) | null = null;
  const onData = (chunk: Buffer): void => {
    stream.pause();
    if (deliver) deliver(chunk);
    else waiting.push(chunk);
    deliver = null;
  };
  const onOver = (): void => {
    over = true;
    deliver?.(null);
    deliver = null;
  };
  stream.pause().on('data', onData).on('end', onOver).on('close', onOver).on('error', onOver);
  return {
    next: () => {
      const chunk = waiting.shift();
      if (chunk !== undefined || over) return Promise.resolve(chunk ?? null);
      return new Promise((resolve) => {
        deliver = resolve;
        stream.resume();
      });
    },
    stop: () => {
      stream.off('data', onData).off('end', onOver).off('close', onOver).off('error', onOver).pause();
      onOver();
    },
  };
}
