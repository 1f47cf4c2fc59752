import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineFilter, type LineFilterOptions } from './line-filter.ts';

const all: LineFilterOptions = { timestamps: false, sinceMs: undefined, limitBytes: undefined, stream: 'All' };
const at = (second: number): string => `2026-11-21T10:11:${String(second).padStart(2, '0')}.945001453Z`;

function filtered(text: string, options: Partial<LineFilterOptions> = {}, size = text.length): string {
  const filter = createLineFilter({ ...all, ...options });
  const data = Buffer.from(text);
  let out = '';
  for (let i = 0; i < data.length && !filter.done; i += Math.max(1, size))
    out += filter.feed(data.subarray(i, i + Math.max(1, size))).toString('latin1');
  return Buffer.from(out, 'latin1').toString();
}

describe('createLineFilter', () => {
  const log = `${at(1)} stdout F one\n${at(2)} stderr F two\n${at(3)} stdout F three\n`;
  const cases: [string, string, Partial<LineFilterOptions>, string][] = [
    ['the text of each line', log, {}, 'one\ntwo\nthree\n'],
    ['times when asked', log, { timestamps: true }, `${at(1)} one\n${at(2)} two\n${at(3)} three\n`],
    ['lines since a time', log, { sinceMs: Date.parse(at(2)) }, 'two\nthree\n'],
    ['nothing when all is older', log, { sinceMs: Date.parse(at(4)) }, ''],
    ['one stream', log, { stream: 'Stderr' }, 'two\n'],
    ['the other stream', log, { stream: 'Stdout' }, 'one\nthree\n'],
    ['the first bytes', log, { limitBytes: 6 }, 'one\ntw'],
    ['the first bytes with times', log, { limitBytes: 33, timestamps: true }, `${at(1)} on`],
    ['the first bytes of one stream', log, { limitBytes: 2, stream: 'Stderr' }, 'tw'],
    ['partial entries as one line', `${at(1)} stdout P ab\n${at(1)} stdout P cd\n${at(2)} stdout F e\n`, {}, 'abcde\n'],
    [
      'one time for partial entries',
      `${at(1)} stdout P ab\n${at(2)} stdout F c\n${at(3)} stdout F d\n`,
      { timestamps: true },
      `${at(1)} abc\n${at(3)} d\n`,
    ],
    ['further tags', `${at(1)} stdout P:x ab\n${at(1)} stdout F:y c\n`, {}, 'abc\n'],
    ['an empty line', `${at(1)} stdout F \n`, {}, '\n'],
    ['a last line without end', `${at(1)} stdout F cut`, {}, 'cut'],
    ['short times, padded', '2026-11-21T10:11:51.5Z stdout F a\n', { timestamps: true }, '2026-11-21T10:11:51.500000000Z a\n'],
    [
      'times of other zones',
      '2026-11-21T10:11:51.945001453+02:00 stdout F a\n',
      { timestamps: true, sinceMs: Date.parse('2026-11-21T08:11:50Z') },
      '2026-11-21T10:11:51.945001453+02:00 a\n',
    ],
    ['nothing of broken lines', `junk\n\n${at(1)} stdin F a\nnotatime stdout F b\n${at(1)} stdout F good\n${at(1)} stdout\n`, {}, 'good\n'],
    ['nothing of a long line without header', `${'x'.repeat(500)} stdout F y\n${at(1)} stdout F good\n`, {}, 'good\n'],
    ['bytes that are no text', `${at(1)} stdout F \u00e4\u0000\u0001\n`, {}, 'ä\u0000\u0001\n'],
  ];
  for (const [name, text, options, expected] of cases)
    it(`writes ${name}, whatever the size of the parts`, () => {
      for (const size of [1, 2, 3, 7, 31, 40, 41, 1000]) expect([size, filtered(text, options, size)]).toEqual([size, expected]);
    });

  it('writes the same as a plain reading line by line', () => {
    const message = fc.string({ maxLength: 60 }).map((s) => s.replace(/[\n\r]/g, ''));
    const entry = fc.record({
      second: fc.integer({ min: 0, max: 59 }),
      stream: fc.constantFrom('stdout', 'stderr'),
      tag: fc.constantFrom('F', 'P'),
      message,
    });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 20 }),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        fc.constantFrom('All' as const, 'Stdout' as const),
        (entries, size, timestamps, stream) => {
          const text = entries.map((e) => `${at(e.second)} ${e.stream} ${e.tag} ${e.message}\n`).join('');
          let expected = '';
          let fresh = true;
          for (const e of entries) {
            if (stream === 'All' || e.stream === 'stdout')
              expected += `${timestamps && fresh ? `${at(e.second)} ` : ''}${e.message}${e.tag === 'F' ? '\n' : ''}`;
            fresh = e.tag === 'F';
          }
          expect(filtered(text, { timestamps, stream }, size)).toBe(expected);
        },
      ),
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), fc.boolean(), (chunks, timestamps) => {
        const filter = createLineFilter({ ...all, timestamps });
        const given = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const written = chunks.reduce((sum, chunk) => sum + filter.feed(Buffer.from(chunk)).length, 0);
        expect(written).toBeLessThanOrEqual(given * 2);
      }),
    );
  });
});
