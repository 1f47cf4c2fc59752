/** Ages as kubectl prints them: `45s`, `3m20s`, `5h`, `2d3h` (apimachinery `pkg/util/duration/duration.go`). */
import { timeOrUndefined } from './time.ts';

/** A duration in milliseconds as two significant units at most. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${optional(seconds % 60, 's')}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return `${hours}h${optional(minutes % 60, 'm')}`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return `${days}d${optional(hours % 24, 'h')}`;
  const years = Math.floor(days / 365);
  if (years < 2) return `${days}d`;
  return years < 8 ? `${years}y${optional(days % 365, 'd')}` : `${years}y`;
}

const optional = (value: number, unit: string): string => (value === 0 ? '' : `${value}${unit}`);

/** The time since an RFC 3339 text, as a Table's age cell; `<unknown>` when there is none. `now` in milliseconds. */
export function ageOf(time: string | undefined | null, now: number): string {
  const then = timeOrUndefined(time);
  return then === undefined ? '<unknown>' : humanDuration(now - then);
}
