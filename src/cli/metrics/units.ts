/** Numbers for people. */

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1536` as `1.5 KiB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (Math.abs(value) >= 1024 && unit < BINARY.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ${BINARY[unit] ?? ''}`;
}

/** Nanocores as `250m`; less than a thousandth keeps a digit. */
export function coresText(nanoCores: number): string {
  const milli = nanoCores / 1e6;
  return `${milli >= 10 || milli === 0 ? Math.round(milli) : milli.toFixed(1)}m`;
}

/** Seconds as `850µs`, `12.3ms`, `4.5s`, `3h20m`. */
export function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  if (seconds === 0) return '0s';
  if (size < 1e-3) return `${(seconds * 1e6).toFixed(0)}µs`;
  if (size < 1) return `${(seconds * 1e3).toFixed(1)}ms`;
  if (size < 60) return `${seconds.toFixed(2)}s`;
  const whole = Math.round(size);
  const sign = seconds < 0 ? '-' : '';
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return `${sign}${hours > 0 ? `${hours}h${minutes}m` : `${minutes}m${rest}s`}`;
}
