/** Durations as Go writes and reads them: `1h2m3.5s`, `100ms` (`time/format.go`, `time/time.go`). Milliseconds inside. */

/** Text that is no duration; the message is Go's. */
export class DurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DurationError';
  }
}

/** Nanoseconds by unit. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX_NANOS = 1n << 63n;
/** Longest text that is read. */
const MAX_LENGTH = 256;

/** Reads a duration; the result is milliseconds, with a fraction for what is shorter. Throws DurationError. */
export function parseDuration(text: string): number {
  const invalid = (): DurationError => new DurationError(`time: invalid duration ${JSON.stringify(text)}`);
  if (text.length > MAX_LENGTH) throw invalid();
  const negative = text.startsWith('-');
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let nanos = 0n;
  while (rest !== '') {
    const [number = '', digits = '', fraction = ''] = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest) ?? [];
    if (digits === '' && fraction === '') throw invalid();
    rest = rest.slice(number.length);
    const unit = /^[^0-9.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new DurationError(`time: missing unit in duration ${JSON.stringify(text)}`);
    const size = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (size === undefined) throw new DurationError(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    rest = rest.slice(unit.length);
    nanos += BigInt(digits || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
    if (nanos > MAX_NANOS) throw invalid();
  }
  if (!negative && nanos === MAX_NANOS) throw invalid();
  // Whole milliseconds apart from the rest: a double holds both exactly enough.
  return (negative ? -1 : 1) * (Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6);
}

/** Prints milliseconds as Go's `Duration.String`: `1m0s`, `1h0m0.5s`, `100ms`, `0s`. */
export function formatDuration(ms: number): string {
  const size = Math.abs(ms);
  const nanos = BigInt(Math.trunc(size)) * 1_000_000n + BigInt(Math.round((size % 1) * 1e6));
  if (nanos === 0n) return '0s';
  const sign = ms < 0 ? '-' : '';
  if (nanos < 1000n) return `${sign}${nanos}ns`;
  if (nanos < 1_000_000n) return `${sign}${decimal(nanos, 1000n)}µs`;
  if (nanos < 1_000_000_000n) return `${sign}${decimal(nanos, 1_000_000n)}ms`;
  const seconds = nanos / 1_000_000_000n;
  const hours = seconds / 3600n;
  const minutes = (seconds / 60n) % 60n;
  const last = `${decimal(nanos % 60_000_000_000n, 1_000_000_000n)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${last}`;
  return minutes > 0n ? `${sign}${minutes}m${last}` : `${sign}${last}`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
}
