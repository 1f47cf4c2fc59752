import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';
import { humanDuration } from './human-duration.ts';

describe('duration', () => {
  it.each([
    ['1h2m3.5s', 3_723_500, '1h2m3.5s'],
    ['1m0s', 60_000, '1m0s'],
    ['60s', 60_000, '1m0s'],
    ['100ms', 100, '100ms'],
    ['0', 0, '0s'],
    ['0s', 0, '0s'],
    ['-1.5h', -5_400_000, '-1h30m0s'],
    ['+5s', 5000, '5s'],
    ['1us', 0.001, '1µs'],
    ['2.5µs', 0.0025, '2.5µs'],
    ['15ns', 0.000015, '15ns'],
    ['.5s', 500, '500ms'],
    ['1.s', 1000, '1s'],
    ['24h', 86_400_000, '24h0m0s'],
  ])('reads %s and prints it', (text, ms, printed) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
    expect(formatDuration(ms)).toBe(printed);
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['abc', 'time: invalid duration "abc"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['--1s', 'time: invalid duration "--1s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
  ])('refuses %j', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });

  it('reads back what it prints', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    [-5000, '<invalid>'],
    [-1000, '0s'],
    [0, '0s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [150_000, '2m30s'],
    [600_000, '10m'],
    [179 * 60_000, '179m'],
    [180 * 60_000, '3h'],
    [200 * 60_000, '3h20m'],
    [8 * 3_600_000, '8h'],
    [47 * 3_600_000, '47h'],
    [48 * 3_600_000, '2d'],
    [50 * 3_600_000, '2d2h'],
    [8 * 86_400_000, '8d'],
    [729 * 86_400_000, '729d'],
    [730 * 86_400_000, '2y'],
    [800 * 86_400_000, '2y70d'],
    [3000 * 86_400_000, '8y'],
  ])('prints an age of %d ms as %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});
