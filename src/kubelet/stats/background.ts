/** Values that take long to find out: what is known is given at once, and found out anew when it is too old. */
import type { Clock } from '../../util/clock.ts';

export interface Background<T> {
  /** What is known; the newest value is under way when that is older than the limit. */
  get(): T | undefined;
  /** As `get`, but waits for the first value, at most `ms`; in vain only once. */
  first(ms: number): Promise<T | undefined>;
}

/** `find` runs once at a time; when it rejects, the old value stays and `failed` is told. */
export function background<T>(clock: Clock, maxAgeMs: number, find: () => Promise<T>, failed: (error: unknown) => void): Background<T> {
  let value: T | undefined;
  let at = -Infinity;
  let running: Promise<void> | undefined;
  let patient = true;
  async function look(): Promise<void> {
    try {
      value = await find();
    } catch (error) {
      failed(error);
    }
    at = clock.monotonic();
    running = undefined;
  }
  const refresh = (): void => {
    if (running || clock.monotonic() - at < maxAgeMs) return;
    running = look();
  };
  return {
    get() {
      refresh();
      return value;
    },
    async first(ms) {
      refresh();
      if (value === undefined && running && patient) {
        const waited = new AbortController();
        await Promise.race([running, clock.sleep(ms, waited.signal)]);
        waited.abort();
        patient = value !== undefined;
      }
      return value;
    },
  };
}
