import { expect, test } from 'vitest';
import { createModel } from './model.ts';

test('the model takes what was acknowledged, or what may have been done, and nothing else', () => {
  const model = createModel();
  const write = (name: string, after: number | null, then: 'acknowledged' | 'unknown' | 'refused'): void => {
    model.begin(name, after);
    model[then](name);
  };
  write('kept', 1, 'acknowledged');
  write('kept', 2, 'refused');
  write('maybe', 1, 'acknowledged');
  write('maybe', 2, 'unknown');
  write('lost', 5, 'acknowledged');
  write('back', 5, 'acknowledged');
  write('gone', 1, 'acknowledged');
  write('gone', null, 'acknowledged');
  const stored = new Map([
    ['kept', 1],
    ['maybe', 2],
    ['back', 4],
    ['gone', 1],
    ['strange', 9],
  ]);
  expect(model.settle(stored).toSorted()).toEqual([
    'back is 4; acknowledged was 5',
    'gone is 1; acknowledged was that it is not there',
    'lost is not there; acknowledged was 5',
    'strange is 9; acknowledged was that it is not there',
  ]);
  expect(model.settle(stored)).toEqual([]);
  expect(model.known('maybe')).toBe(2);
  expect(model.writes()).toBe(6);
});
