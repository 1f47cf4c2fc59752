import { describe, expect, it } from 'vitest';
import { goTime, microTime, nanoTime, parseTime, timeOrUndefined } from './time.ts';

describe('time', () => {
  it('prints whole seconds, six digits, and no more digits than needed', () => {
    const ms = Date.UTC(2026, 10, 21, 10, 32, 41, 7);
    expect(goTime(ms)).toBe('2026-11-21T10:32:41Z');
    expect(microTime(ms)).toBe('2026-11-21T10:32:41.007000Z');
    expect(microTime(ms + 0.25)).toBe('2026-11-21T10:32:41.007250Z');
    expect(nanoTime(ms)).toBe('2026-11-21T10:32:41.007Z');
    expect(nanoTime(ms - 7)).toBe('2026-11-21T10:32:41Z');
    expect(nanoTime(Date.UTC(2026, 0, 1, 0, 0, 0))).toBe('2026-01-01T00:00:00Z');
  });

  it.each([
    ['2026-11-21T10:32:41Z', Date.UTC(2026, 10, 21, 10, 32, 41)],
    ['2026-11-21T10:32:41.5Z', Date.UTC(2026, 10, 21, 10, 32, 41, 500)],
    ['2026-11-21T12:32:41.123456+02:00', Date.UTC(2026, 10, 21, 10, 32, 41) + 123.456],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseTime(text)).toBeCloseTo(ms, 3);
  });

  it.each(['', 'yesterday', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01 00:00:00Z'])(
    'refuses %j',
    (text) => {
      expect(() => parseTime(text)).toThrow('parsing time');
      expect(timeOrUndefined(text)).toBeUndefined();
    },
  );
});
