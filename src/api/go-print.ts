/** Values as Go's `%v` prints them: the words of some messages (Go `fmt`). */
import { isObject } from './own.ts';

/** `map[a:1 b:[x y] c:<nil>]`: maps in the order of their keys, text without quotes. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${goPrint(value[key])}`).join(' ')}]`;
  }
  if (typeof value === 'number' && !Number.isInteger(value)) return goFloat(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A float64: an exponent of at least two digits, from 21 digits on and below 0.0001. */
function goFloat(value: number): string {
  const exponent = Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 21) return String(value);
  const [digits = '', power = ''] = value.toExponential().split('e');
  return `${digits}e${power.replace(/^([+-])(\d)$/, '$10$2')}`;
}
