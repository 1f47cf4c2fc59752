import { expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../util/clock.ts';
import { splitKey, startWorkQueue } from './queue.ts';

test('a key asked for twice while it waits is handled once, and again when asked while it is handled', async () => {
  const handled: string[] = [];
  const queue = startWorkQueue({
    clock: systemClock,
    failed: () => undefined,
    handle: async (key) => {
      await Promise.resolve();
      if (key === 'a' && !handled.includes('a')) queue.add('a');
      handled.push(key);
    },
  });
  queue.add('a');
  queue.add('b');
  queue.add('b');
  await until('three calls', () => handled.length === 3);
  expect(handled).toEqual(['a', 'b', 'a']);
  queue.stop();
});

test('a key that fails is tried again after longer and longer waits, and others go on', async () => {
  const waits: number[] = [];
  const timers: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (ms: number, callback: () => void) => (waits.push(ms), timers.push(callback), { cancel: () => undefined }),
  };
  let tries = 0;
  const handled: string[] = [];
  const queue = startWorkQueue({
    clock,
    failed: () => undefined,
    handle: async (key) => {
      if (key === 'bad' && ++tries < 4) throw new Error('no');
      handled.push(key);
    },
  });
  queue.add('bad');
  queue.add('good');
  while (handled.length < 2) {
    timers.shift()?.();
    await Promise.resolve();
  }
  expect(handled).toEqual(['good', 'bad']);
  expect(waits).toEqual([50, 100, 200]);
  queue.stop();
});

test('a stopped queue handles nothing more', async () => {
  const handled: string[] = [];
  const queue = startWorkQueue({ clock: systemClock, failed: () => undefined, handle: async (key) => void handled.push(key) });
  queue.stop();
  queue.add('a');
  await Promise.resolve();
  expect(handled).toEqual([]);
});

test.each([
  ['n/a', { namespace: 'n', name: 'a' }],
  ['a', { namespace: '', name: 'a' }],
])('splitKey(%s)', (key, parts) => expect(splitKey(key)).toEqual(parts));
