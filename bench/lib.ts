/** What the measurements share. */
export type Measurement = () => Promise<void>;

/** `--name=value` of the command line. */
export function option(name: string): string | undefined {
  return process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** One line of percentiles, and the ratio of medians when the peer was measured too. */
export function report(what: string, values: readonly number[], peer?: readonly number[]): void {
  const shown = [0.5, 0.9, 0.99].map((q) => quantile(values, q).toFixed(1).padStart(8)).join(' ');
  const ratio =
    peer === undefined
      ? ''
      : `   ${(quantile(values, 0.5) / quantile(peer, 0.5)).toFixed(2)} × the real one's ${quantile(peer, 0.5).toFixed(1)}`;
  process.stdout.write(`${what.padEnd(52)} n=${String(values.length).padStart(4)}  p50 p90 p99 ms ${shown}${ratio}\n`);
}
