import { expect, it } from 'vitest';
import type { Clock } from '../../util/clock.ts';
import { openStock } from './stock.ts';

/** A clock whose timers go off when the test says so. */
function handClock(): { readonly clock: Clock; readonly ring: () => void } {
  let pending: (() => void) | undefined;
  const after = (_ms: number, callback: () => void) => {
    pending = callback;
    return { cancel: () => (pending = undefined) };
  };
  return {
    clock: { now: () => 0, monotonic: () => 0, after, every: after, sleep: async () => undefined },
    ring() {
      const callback = pending;
      pending = undefined;
      callback?.();
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function stockOf(size: number, fail: () => boolean = () => false) {
  const { clock, ring } = handClock();
  const discarded: number[] = [];
  const errors: unknown[] = [];
  let made = 0;
  const stock = openStock({
    clock,
    size,
    make: async () => {
      await turn();
      if (fail()) throw new Error('no');
      return (made += 1);
    },
    discard: async (item) => void discarded.push(item),
    failed: (error) => errors.push(error),
  });
  return { stock, ring, discarded, errors, made: () => made };
}

it('makes things ahead, hands them out in order, and makes them anew a while after', async () => {
  const { stock, ring, made } = stockOf(2);
  expect(made()).toBe(0);
  ring();
  for (let i = 0; i < 5; i += 1) await turn();
  expect(made()).toBe(2);
  expect([await stock.take(), await stock.take(), await stock.take()]).toEqual([1, 2, 3]);
  ring();
  for (let i = 0; i < 5; i += 1) await turn();
  expect(made()).toBe(5);
  await stock.close();
});

it('stops to make things ahead while somebody takes', async () => {
  const { stock, ring, made } = stockOf(3);
  ring();
  await stock.take();
  for (let i = 0; i < 5; i += 1) await turn();
  expect(made()).toBe(2);
  ring();
  for (let i = 0; i < 5; i += 1) await turn();
  expect(made()).toBe(4);
  await stock.close();
});

it('discards what it holds and what is on its way when it is closed', async () => {
  const { stock, ring, discarded } = stockOf(2);
  ring();
  await stock.close();
  expect(discarded).toEqual([1]);
  expect(await stock.take()).toBe(2);
});

it('tells why a thing could not be made ahead, and tries again after the next was taken', async () => {
  let broken = true;
  const { stock, ring, errors, made } = stockOf(1, () => broken);
  ring();
  for (let i = 0; i < 3; i += 1) await turn();
  expect(errors).toHaveLength(1);
  await expect(stock.take()).rejects.toThrow('no');
  broken = false;
  ring();
  for (let i = 0; i < 3; i += 1) await turn();
  expect(made()).toBe(1);
  await stock.close();
});
