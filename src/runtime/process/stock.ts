import type { Clock, Timer } from '../../util/clock.ts';

/** Things that take a while to make, some of them made before they are asked for. */
export interface Stock<T> {
  /** One from the stock; when it is empty, one that is made now. */
  take(): Promise<T>;
  /** Discards what lies in stock, and what is on its way there. */
  close(): Promise<void>;
}

export interface StockOptions<T> {
  readonly clock: Clock;
  /** How many lie ready. */
  readonly size: number;
  readonly make: () => Promise<T>;
  readonly discard: (item: T) => Promise<void>;
  /** One could not be made ahead; the next is tried when one has been taken. */
  readonly failed: (error: unknown) => void;
}

/** The start of a program, and a burst of takers, are not held up by what is made for later. */
const FIRST_FILL_MS = 1_000;
const FILL_AFTER_MS = 100;

export function openStock<T>({ clock, size, make, discard, failed }: StockOptions<T>): Stock<T> {
  const items: T[] = [];
  let timer: Timer = clock.after(FIRST_FILL_MS, fillNow);
  let filling: Promise<void> | null = null;
  let closed = false;
  let taken = 0;

  function fillLater(): void {
    timer.cancel();
    if (!closed) timer = clock.after(FILL_AFTER_MS, fillNow);
  }

  function fillNow(): void {
    if (filling) return fillLater();
    filling = fill(taken)
      .catch(failed)
      .finally(() => (filling = null));
  }

  /** One after the other, until somebody takes. */
  async function fill(before: number): Promise<void> {
    if (closed || taken !== before || items.length >= size) return;
    items.push(await make());
    await fill(before);
  }

  return {
    async take() {
      taken += 1;
      fillLater();
      return items.shift() ?? make();
    },
    async close() {
      closed = true;
      timer.cancel();
      await filling;
      await Promise.all(items.splice(0).map(discard));
    },
  };
}
