import type { Writable } from 'node:stream';

/** Holds back what is written in this turn of the event loop, so that it leaves in one write (one TLS call, one system call). */
export function gatherWrites(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}
