/** This machine with a clock that goes on only when it is told to: a day passes as fast as its work is done. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Timer } from '../../util/clock.ts';
import { systemHost, type Host } from '../../util/host.ts';

export interface VirtualHost {
  readonly host: Host;
  /** Lets so many milliseconds pass: each timer runs at its time, and what it began gets its turns before the next one. */
  readonly pass: (ms: number) => Promise<void>;
  /** Timers that wait. */
  readonly timers: () => number;
}

interface Waiting {
  at: number;
  readonly serial: number;
  readonly everyMs?: number;
  readonly callback: () => void;
  off: boolean;
}

/** Turns of the event loop after each moment: a round of a worker takes a few. */
const TURNS = 3;

export function virtualHost(start = Date.parse('2026-01-01T00:00:00Z')): VirtualHost {
  let now = start;
  let serial = 0;
  const heap: Waiting[] = [];
  let dead = 0;

  const before = (a: Waiting, b: Waiting): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial);
  function push(entry: Waiting): void {
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(entry, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = entry;
  }
  function pop(): Waiting | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      const left = heap[2 * i + 1];
      const right = heap[2 * i + 2];
      const least = left && right ? (before(right, left) ? right : left) : left;
      if (least === undefined || !before(least, last)) break;
      heap[i] = least;
      i = 2 * i + (least === left ? 1 : 2);
    }
    heap[i] = last;
    return first;
  }
  function add(ms: number, callback: () => void, everyMs?: number): Timer {
    const entry: Waiting = { at: now + Math.max(0, ms), serial: ++serial, callback, off: false, ...(everyMs !== undefined && { everyMs }) };
    push(entry);
    return {
      cancel: () => {
        if (entry.off) return;
        entry.off = true;
        dead += 1;
      },
    };
  }

  const host: Host = {
    ...systemHost,
    clock: {
      now: () => now,
      monotonic: () => now - start,
      after: (ms, callback) => add(ms, callback),
      every: (ms, callback) => add(ms, callback, ms),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) {
            resolve();
            return;
          }
          const timer = add(ms, done);
          function done(): void {
            timer.cancel();
            signal?.removeEventListener('abort', done);
            resolve();
          }
          signal?.addEventListener('abort', done, { once: true });
        }),
    },
  };

  return {
    host,
    timers: () => heap.length - dead,
    async pass(ms) {
      const end = now + ms;
      for (let [next] = heap; next !== undefined && next.at <= end; [next] = heap) {
        now = Math.max(now, next.at);
        for (let [due] = heap; due !== undefined && due.at <= now; [due] = heap) {
          pop();
          if (due.off) {
            dead -= 1;
            continue;
          }
          if (due.everyMs === undefined) due.off = true;
          else push(Object.assign(due, { at: now + Math.max(1, due.everyMs) }));
          due.callback();
        }
        for (let i = 0; i < TURNS; i += 1) await turn();
      }
      now = end;
      for (let i = 0; i < TURNS; i += 1) await turn();
    },
  };
}
