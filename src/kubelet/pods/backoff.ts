/** How long a container that failed waits before it is started again (client-go `util/flowcontrol/backoff.go`). */

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

export const CRASH_BACKOFF: BackoffLimits = { initialMs: 10_000, maxMs: 300_000 };
export const IMAGE_BACKOFF: BackoffLimits = { initialMs: 10_000, maxMs: 300_000 };
/** Entries that are kept; the oldest goes first. */
const MAX_ENTRIES = 10_000;

interface Entry {
  readonly delayMs: number;
  readonly updatedAt: number;
}

export interface Backoff {
  /** Milliseconds still to wait and the whole delay, or undefined when a start may be tried. `since` is when it last failed. */
  waiting(key: string, since: number, now: number): { readonly remainingMs: number; readonly delayMs: number } | undefined;
  /** Notes that a start is tried: the next failure waits longer. */
  next(key: string, since: number, now: number): void;
  /** Forgets the keys that begin with a prefix. */
  forget(prefix: string): void;
}

/** Makes an empty back-off table. An entry is forgotten when nothing happened for twice the longest delay. */
export function createBackoff(limits: BackoffLimits): Backoff {
  const entries = new Map<string, Entry>();
  const fresh = (key: string, since: number): Entry | undefined => {
    const entry = entries.get(key);
    return entry && since - entry.updatedAt <= 2 * limits.maxMs ? entry : undefined;
  };
  return {
    waiting(key, since, now) {
      const entry = fresh(key, since);
      const remainingMs = entry ? since + entry.delayMs - now : 0;
      return entry && remainingMs > 0 ? { remainingMs, delayMs: entry.delayMs } : undefined;
    },
    next(key, since, now) {
      const entry = fresh(key, since);
      const delayMs = entry ? Math.min(entry.delayMs * 2, limits.maxMs) : limits.initialMs;
      entries.delete(key);
      entries.set(key, { delayMs, updatedAt: now });
      if (entries.size <= MAX_ENTRIES) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    forget(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}
