/** How many pulls run at once, and how fast they may begin (kubernetes `pkg/kubelet/images/{puller,helpers}.go`). */
import type { Clock } from '../../util/clock.ts';

export interface PullLimits {
  /** Pulls at once; 1 is one after the other. */
  readonly parallel: number;
  /** Pulls that begin in a second; 0 means no limit. */
  readonly perSecond: number;
  /** Pulls that may begin at once above that. */
  readonly burst: number;
}

export const NO_LIMITS: PullLimits = { parallel: Infinity, perSecond: 0, burst: 0 };

export interface PullGate {
  /** Runs `pull` in its turn. Rejects with `pull QPS exceeded` when too many begin, and when `signal` is aborted in the queue. */
  run<T>(pull: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createPullGate(limits: PullLimits, clock: Clock): PullGate {
  const waiting = new Set<() => void>();
  let running = 0;
  let tokens = limits.burst;
  let filledAt = clock.monotonic();

  function takeToken(): boolean {
    if (limits.perSecond <= 0) return true;
    const now = clock.monotonic();
    tokens = Math.min(limits.burst, tokens + ((now - filledAt) / 1000) * limits.perSecond);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < limits.parallel) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(go);
        reject(signal.reason instanceof Error ? signal.reason : new Error('context canceled'));
      };
      waiting.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function done(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async run(pull, signal) {
      await turn(signal);
      try {
        if (!takeToken()) throw new Error('pull QPS exceeded');
        return await pull();
      } finally {
        done();
      }
    },
  };
}
