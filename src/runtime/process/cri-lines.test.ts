import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineWriter, MAX_LINE, nanoTime } from './cri-lines.ts';

const T = '2024-01-01T00:00:00Z';

function write(pieces: readonly (Buffer | string)[]): string {
  const lines = createLineWriter('stdout');
  return Buffer.concat([...pieces.map((piece) => lines.push(Buffer.from(piece), T)), lines.end(T)]).toString('latin1');
}

describe('the CRI log format', () => {
  it.each<[string, string[], string[]]>([
    ['whole lines', ['one\ntwo\n'], ['F one', 'F two']],
    ['a line in pieces', ['o', 'n', 'e\n'], ['F one']],
    ['empty lines', ['\n\n'], ['F ', 'F ']],
    ['a carriage return before the newline', ['a\r\n', 'b\rc\n', '\r\n'], ['F a', 'F b\rc', 'F ']],
    ['an unterminated end', ['a\nb'], ['F a', 'P b']],
    ['nothing', [], []],
  ])('of %s', (_what, pieces, lines) => {
    expect(write(pieces)).toBe(lines.map((line) => `${T} stdout ${line}\n`).join(''));
  });

  it('cuts long lines after every 16,384 bytes', () => {
    const tags = (length: number): string[] =>
      write([`${'x'.repeat(length)}\n`])
        .split('\n')
        .filter(Boolean)
        .map((line) => `${line.slice(T.length + 8, T.length + 9)}${line.length - T.length - 10}`);
    expect(tags(MAX_LINE)).toEqual([`F${MAX_LINE}`]);
    expect(tags(MAX_LINE + 1)).toEqual([`P${MAX_LINE}`, 'F1']);
    expect(tags(40_000)).toEqual([`P${MAX_LINE}`, `P${MAX_LINE}`, 'F7232']);
  });

  it('is the same however the bytes arrive, and loses none', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'x'.repeat(9000)), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60_000), { maxLength: 8 }), (whole, cuts) => {
        const at = cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b);
        const pieces = [0, ...at].map((from, index) => whole.slice(from, at[index] ?? whole.length));
        expect(write(pieces)).toBe(write([whole]));
        const back = write([whole])
          .split('\n')
          .filter(Boolean)
          .map((line) => line.slice(T.length + 10) + (line[T.length + 8] === 'F' ? '\n' : ''))
          .join('');
        expect(back).toBe(whole);
      }),
    );
  });

  it('writes times as Go does', () => {
    expect(nanoTime(0)).toBe('1970-01-01T00:00:00Z');
    expect(nanoTime(1_700_000_000_120)).toBe('2023-11-14T22:13:20.12Z');
    expect(nanoTime(1_700_000_000_001.5)).toBe('2023-11-14T22:13:20.0015Z');
  });
});
