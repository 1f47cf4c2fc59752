/** Lists that many ask for at once are asked for once. */

/** Calls beyond this many at a time wait for the next list of everything, and share it. */
const ALONE = 2;

export interface Batch<T, F> {
  /** What matches the filter, as the runtime has it at some time after this call. */
  get(filter: F): Promise<T[]>;
}

/** `ask` lists what matches a filter, or everything; `matches` does the same here. */
export function createBatch<T, F>(ask: (filter: F | undefined) => Promise<T[]>, matches: (item: T, filter: F) => boolean): Batch<T, F> {
  let alone = 0;
  /** The list that will be asked for when the one under way is there: nobody may share one that began before they came. */
  let next: Promise<T[]> | undefined;
  let underWay: Promise<unknown> = Promise.resolve();

  function join(): Promise<T[]> {
    if (next) return next;
    const started = underWay.then(() => {
      next = undefined;
      const list = ask(undefined);
      underWay = list.catch(() => undefined);
      return list;
    });
    next = started;
    return started;
  }

  return {
    async get(filter) {
      if (alone >= ALONE) return (await join()).filter((item) => matches(item, filter));
      alone += 1;
      try {
        return await ask(filter);
      } finally {
        alone -= 1;
      }
    },
  };
}
