/** Times in API objects: RFC 3339 text outside, milliseconds since 1970 inside (apimachinery `pkg/apis/meta/v1/time.go`, `micro_time.go`). */

/** Text that is no time. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TimeError';
  }
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|([+-])(\d\d):(\d\d))$/;

/** A metav1.Time: whole seconds, cut off, UTC: `2026-11-21T10:32:41Z`. */
export const goTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A metav1.MicroTime: exactly six fractional digits. Fractions of a millisecond count. */
export function microTime(ms: number): string {
  const micros = Math.floor(ms * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros - seconds * 1_000_000).padStart(6, '0')}Z`;
}

/** An RFC 3339 time with nanoseconds and no trailing zeros, as Go's RFC3339Nano: logs and tokens use it. */
export function nanoTime(ms: number): string {
  const text = microTime(ms)
    .slice(0, -1)
    .replace(/\.?0+$/, '');
  return `${text.includes('T') && text.length >= 19 ? text : goTime(ms).slice(0, -1)}Z`;
}

/** Reads an RFC 3339 time with any fraction and any zone into milliseconds. Throws TimeError. */
export function parseTime(text: string): number {
  const [whole, year, month, day, hour, minute, second, fraction = '', , sign, zoneHour = '0', zoneMinute = '0'] = RFC3339.exec(text) ?? [];
  if (whole === undefined)
    throw new TimeError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const outOfRange = (what: string): TimeError => new TimeError(`parsing time ${JSON.stringify(text)}: ${what} out of range`);
  if (mo < 1 || mo > 12) throw outOfRange('month');
  const start = new Date(0);
  start.setUTCFullYear(y, mo - 1, d);
  if (d < 1 || start.getUTCDate() !== d) throw outOfRange('day');
  if (h > 23) throw outOfRange('hour');
  if (mi > 59) throw outOfRange('minute');
  if (s > 59) throw outOfRange('second');
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  return start.getTime() + ((h * 60 + mi) * 60 + s) * 1000 + (fraction === '' ? 0 : Number(`0.${fraction.slice(1)}`) * 1000) - offset;
}

/** parseTime for text that may be absent or broken: undefined then. */
export function timeOrUndefined(text: string | undefined | null): number | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return parseTime(text);
  } catch {
    return undefined;
  }
}
