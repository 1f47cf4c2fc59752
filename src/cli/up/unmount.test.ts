import { expect, test } from 'vitest';
import { mountsBelow } from './unmount.ts';

test('mountsBelow names what lies below, deepest first, and nothing beside', () => {
  const line = (target: string): string => `36 35 98:0 / ${target} rw,noatime master:1 - tmpfs tmpfs rw`;
  const info = ['/', '/data', '/data/a', '/data/a/b\\040c', '/database/x'].map(line).join('\n');
  expect(mountsBelow('/data', info)).toEqual(['/data/a/b c', '/data/a']);
});
