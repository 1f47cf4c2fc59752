import type { Duplex } from 'node:stream';
import { closeGently } from './close-gently.ts';
import { gatherWrites } from './gather-writes.ts';

/** Bytes that may wait for one side before the other is no longer read. */
const MAX_IN_FLIGHT = 256 * 1024;

/**
 * Copies bytes both ways, with backpressure, until either side ends; then what was read is flushed and both are closed
 * (apimachinery `upgradeaware.go`: half-closes do not pass a proxy). Resolves when both are closed.
 */
export function splice(left: Duplex, right: Duplex): Promise<void> {
  return new Promise((resolve) => {
    let over = false;
    const stops: (() => void)[] = [];
    const finish = (): void => {
      if (over) return;
      over = true;
      for (const stop of stops) stop();
      void Promise.all([closeGently(left), closeGently(right)]).then(() => resolve());
    };
    for (const side of [left, right]) {
      side.on('error', () => side.destroy());
      side.once('end', finish).once('close', finish);
    }
    stops.push(copy(left, right), copy(right, left));
    if (left.destroyed || right.destroyed) finish();
  });
}

/** Copies until the returned function is called. What arrives in one turn of the event loop, a TLS record at a time, leaves together. */
function copy(from: Duplex, to: Duplex): () => void {
  const onData = (chunk: Buffer): void => {
    if (!to.writable) return;
    gatherWrites(to);
    to.write(chunk);
    if (to.writableLength > MAX_IN_FLIGHT && to.writableNeedDrain) from.pause();
  };
  const onDrain = (): void => void from.resume();
  to.on('drain', onDrain);
  from.on('data', onData).resume();
  return () => {
    from.off('data', onData);
    to.off('drain', onDrain);
  };
}
