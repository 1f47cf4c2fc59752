import type { Duplex } from 'node:stream';
import { closeGently } from './close-gently.ts';

/**
 * Copies bytes both ways, with backpressure, until either side ends; then what was read is flushed and both are closed
 * (apimachinery `upgradeaware.go`: half-closes do not pass a proxy). Resolves when both are closed.
 */
export function splice(left: Duplex, right: Duplex): Promise<void> {
  return new Promise((resolve) => {
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      left.unpipe(right);
      right.unpipe(left);
      void Promise.all([closeGently(left), closeGently(right)]).then(() => resolve());
    };
    for (const side of [left, right]) {
      side.on('error', () => side.destroy());
      side.once('end', finish).once('close', finish);
    }
    left.pipe(right, { end: false });
    right.pipe(left, { end: false });
    if (left.destroyed || right.destroyed) finish();
  });
}
