import type { StoreEvent } from './entry.ts';

/** How many changes are remembered; whichever limit is met first. */
export interface HistoryLimits {
  readonly events: number;
  /** Bytes of JSON, both states of each change. */
  readonly bytes: number;
}

export const DEFAULT_HISTORY: HistoryLimits = { events: 5_000, bytes: 32 << 20 };

/** The latest changes in revision order, as watches and paged lists read them. */
export interface History {
  add(event: StoreEvent): void;
  /** Forgets what is over the limits; returns the revisions that were forgotten. */
  trim(): number[];
  /** Changes of one bucket after a revision. */
  after(bucket: string, revision: number): readonly StoreEvent[];
  /** The revision up to which changes of a bucket may be forgotten: a reader who has seen less has lost something. */
  floor(bucket: string): number;
}

interface Log {
  readonly events: StoreEvent[];
  forgotten: number;
}

/** An empty history that begins after a revision. */
export function createHistory(limits: HistoryLimits, start: number): History {
  const all: StoreEvent[] = [];
  const logs = new Map<string, Log>();
  let bytes = 0;
  const logOf = (bucket: string): Log => {
    let log = logs.get(bucket);
    if (!log) logs.set(bucket, (log = { events: [], forgotten: 0 }));
    return log;
  };
  const forget = (event: StoreEvent): void => {
    bytes -= sizeOf(event);
    const log = logOf(event.entry.bucket);
    log.events.shift();
    log.forgotten = event.revision;
  };
  return {
    add(event) {
      all.push(event);
      logOf(event.entry.bucket).events.push(event);
      bytes += sizeOf(event);
    },
    trim() {
      let count = 0;
      while (all.length - count > 1 && (all.length - count > limits.events || bytes > limits.bytes)) {
        const oldest = all[count];
        if (!oldest) break;
        forget(oldest);
        count += 1;
      }
      return all.splice(0, count).map((event) => event.revision);
    },
    after(bucket, revision) {
      const events = logs.get(bucket)?.events ?? [];
      let low = 0;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
        else high = middle;
      }
      return low === 0 ? events : events.slice(low);
    },
    floor: (bucket) => Math.max(start, logs.get(bucket)?.forgotten ?? 0),
  };
}

function sizeOf(event: StoreEvent): number {
  return event.entry.json.length + (event.before?.json.length ?? 0);
}
