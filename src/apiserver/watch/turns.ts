import type { Clock } from '../../util/clock.ts';

/** Whose turn it is to read what is new. */
export interface Turns {
  /** Runs the work in one of the next turns, once however often it is asked for meanwhile. */
  ask(work: () => void): void;
  /** Forgets work that was asked for. */
  forget(work: () => void): void;
}

/** Watchers that are served before requests and the disk are heard again. */
const MAX_A_TURN = 24;
/** Where more watch than fit into a turn, each is written to at most this often, in ms. */
const PACE = 10;

/**
 * Lets many watchers read without holding up whoever writes. Those who ask make a round; each turn of the event loop serves some of
 * it. A large round begins no sooner than PACE after the one before: what changes meanwhile reaches a watcher in the same write,
 * so that the more changes there are the less each costs, and a change after a quiet time waits for nothing.
 */
export function createTurns(clock: Pick<Clock, 'monotonic' | 'after'>): Turns {
  const waiting = new Set<() => void>();
  const round = new Set<() => void>();
  let began = Number.NEGATIVE_INFINITY;
  let scheduled = false;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  };

  /** Makes those who wait the round; tells how much too early that would be, in ms. */
  const begin = (): number => {
    const isLarge = waiting.size > MAX_A_TURN;
    const now = clock.monotonic();
    if (isLarge && now < began + PACE) return began + PACE - now;
    if (isLarge) began = now;
    for (const work of waiting) round.add(work);
    waiting.clear();
    return 0;
  };

  const turn = (): void => {
    const early = round.size === 0 ? begin() : 0;
    if (early > 0) {
      clock.after(early, turn);
      return;
    }
    scheduled = false;
    let served = 0;
    for (const work of round) {
      if (served === MAX_A_TURN) break;
      served += 1;
      round.delete(work);
      work();
    }
    if (round.size > 0 || waiting.size > 0) schedule();
  };

  return {
    ask(work) {
      waiting.add(work);
      schedule();
    },
    forget(work) {
      waiting.delete(work);
      round.delete(work);
    },
  };
}
