/** How far a pull has come: one line that changes on a terminal, a line for each layer elsewhere. */
import type { PullProgress } from '../runtime/images/registry/pull.ts';

export interface ProgressOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** Milliseconds between two changes of the line. */
const EVERY_MS = 100;

export function showProgress(
  name: string,
  output: ProgressOutput,
  now: () => number,
): { report(progress: PullProgress): void; end(): void } {
  const layers = new Map<string, { received: number; size: number }>();
  const told = new Set<string>();
  let shownAt = -Infinity;
  const clear = (): void => {
    if (output.isTTY && shownAt > -Infinity) output.write('\r\x1b[K');
  };
  const line = (text: string, force = false): void => {
    if (!output.isTTY) return;
    if (!force && now() - shownAt < EVERY_MS) return;
    shownAt = now();
    output.write(`\r\x1b[K${text.slice(0, Math.max(1, output.columns - 1))}`);
  };
  return {
    report(progress) {
      if (progress.step === 'resolved') {
        for (const { digest, size } of progress.layers) layers.set(digest, { received: 0, size });
        if (!output.isTTY) output.write(`${name} is ${progress.digest}: ${layers.size} layers, ${megabytes(sum('size'))}\n`);
      } else if (progress.step === 'layer') {
        layers.set(progress.digest, { received: progress.received, size: progress.size });
        const done = [...layers.values()].filter(({ received, size }) => received === size).length;
        line(
          `${name}: ${done} of ${layers.size} layers, ${bar(sum('received') / Math.max(1, sum('size')))} ${megabytes(sum('received'))} of ${megabytes(sum('size'))}`,
        );
        if (!output.isTTY && progress.received === progress.size && !told.has(progress.digest)) {
          told.add(progress.digest);
          output.write(`${progress.digest.slice(0, 19)}: ${megabytes(progress.size)}, ${done} of ${layers.size} layers\n`);
        }
      } else line(`${name}: unpacking`, true);
    },
    end: clear,
  };

  function sum(what: 'received' | 'size'): number {
    let total = 0;
    for (const layer of layers.values()) total += layer[what];
    return total;
  }
}

const WIDTH = 24;

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * WIDTH);
  return `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}]`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
