import { expect, test } from 'vitest';
import { ownWrites } from './own-writes.ts';

const object = (name: string, resourceVersion: string) => ({ metadata: { namespace: 'n', name, resourceVersion } });

test('what was written counts until the watch has shown it, or something newer', () => {
  const items = new Map([['n/a', object('a', '9')]]);
  const writes = ownWrites(() => items);
  expect(writes.get('n/a')).toEqual(object('a', '9'));
  writes.wrote(object('a', '10'));
  writes.wrote(object('b', '11'));
  expect(writes.all()).toEqual([object('a', '10'), object('b', '11')]);
  writes.saw(object('a', '9'));
  expect(writes.get('n/a')).toEqual(object('a', '10'));
  items.set('n/a', object('a', '12'));
  writes.saw(object('a', '12'));
  expect(writes.get('n/a')).toEqual(object('a', '12'));
  writes.wrote(object('a', '11'));
  expect(writes.get('n/a')).toEqual(object('a', '12'));
  writes.forget(object('b', ''));
  expect(writes.get('n/b')).toBeUndefined();
});
