import { expect, test } from 'vitest';
import { goPrint } from './go-print.ts';

test.each([
  [{ b: [1, 'x y', true], a: { c: null } }, 'map[a:map[c:<nil>] b:[1 x y true]]'],
  [{}, 'map[]'],
  [[], '[]'],
  [undefined, '<nil>'],
  [0.5, '0.5'],
  [0.00001, '1e-05'],
  [1.5e300, '1.5e+300'],
  ['text', 'text'],
])('goPrint(%j)', (value, text) => expect(goPrint(value)).toBe(text));
