/** Work by key: each key is handled once at a time, and again after a back-off when handling it fails (client-go `util/workqueue`). */
import type { Clock } from '../util/clock.ts';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 60_000;

export interface WorkQueue {
  /** Asks for the key to be handled; asking again while it waits changes nothing. */
  add(key: string): void;
  stop(): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly handle: (key: string) => Promise<void>;
  readonly failed: (key: string, error: unknown) => void;
}

/** Starts a queue; it runs one key at a time, in the order asked. */
export function startWorkQueue({ clock, handle, failed }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();
  const stopping = new AbortController();
  let running = false;

  async function drain(): Promise<void> {
    if (running) return;
    running = true;
    for (const key of waiting) {
      if (stopping.signal.aborted) break;
      waiting.delete(key);
      try {
        await handle(key);
        failures.delete(key);
      } catch (error) {
        if (!stopping.signal.aborted) retry(key, error);
      }
    }
    running = false;
  }

  function retry(key: string, error: unknown): void {
    failed(key, error);
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    clock.after(Math.min(FIRST_RETRY_MS * 2 ** count, MAX_RETRY_MS), () => add(key));
  }

  function add(key: string): void {
    if (stopping.signal.aborted) return;
    waiting.add(key);
    void drain();
  }

  return { add, stop: () => stopping.abort() };
}

/** `namespace/name` taken apart; the namespace of a cluster-scoped key is empty. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
