/** Whose turn it is to read what is new. */
export interface Turns {
  /** Runs the work in one of the next turns, once however often it is asked for meanwhile. */
  ask(work: () => void): void;
  /** Forgets work that was asked for. */
  forget(work: () => void): void;
}

/** Watchers that are served before requests and the disk are heard again. */
const MAX_A_TURN = 24;

/**
 * Lets many watchers read without holding up whoever writes: each turn of the event loop serves some of them. What changes while
 * a watcher waits reaches it in the same write, so that the more changes there are the less each costs.
 */
export function createTurns(): Turns {
  const waiting = new Set<() => void>();
  let scheduled = false;
  const schedule = (): void => {
    scheduled = true;
    setImmediate(turn);
  };
  const turn = (): void => {
    scheduled = false;
    let served = 0;
    for (const work of waiting) {
      if (served === MAX_A_TURN) break;
      served += 1;
      waiting.delete(work);
      work();
    }
    if (waiting.size > 0 && !scheduled) schedule();
  };
  return {
    ask(work) {
      waiting.add(work);
      if (!scheduled) schedule();
    },
    forget: (work) => void waiting.delete(work),
  };
}
