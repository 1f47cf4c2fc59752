import type { Writable } from 'node:stream';

/** Makes a function that resolves when the stream takes more bytes, or is gone; however many wait, they share one listener. */
export function createDrain(stream: Writable): () => Promise<void> {
  let waiting: Promise<void> | null = null;
  return () => {
    if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve();
    waiting ??= new Promise<void>((resolve) => {
      const settle = (): void => {
        stream.off('drain', settle).off('close', settle);
        waiting = null;
        resolve();
      };
      stream.on('drain', settle).on('close', settle);
    });
    return waiting;
  };
}
