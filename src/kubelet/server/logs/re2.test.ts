import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patternProblem } from './re2.ts';

/** What Go's regexp/syntax says of each. */
const CASES: readonly (readonly [string, string | undefined])[] = [
  ['', undefined],
  ['a{2}b{2,}c{2,3}?', undefined],
  ['x{', undefined],
  ['x{,2}', undefined],
  ['x{02}', undefined],
  ['(?i)a|(?:b)|(?P<n>c)|(?<m>d)', undefined],
  ['[]a]', undefined],
  ['[a\\-z-]', undefined],
  ['[[:alpha:]\\d]\\pN\\p{Greek}\\p{^Lu}', undefined],
  ['\\Qa*(', undefined],
  ['\\x41\\x{1F600}\\012\\n\\.', undefined],
  ['(', 'missing closing ): `(`'],
  ['a)', 'unexpected ): `a)`'],
  ['[', 'missing closing ]: `[`'],
  ['[a', 'missing closing ]: `[a`'],
  ['*', 'missing argument to repetition operator: `*`'],
  ['a|+', 'missing argument to repetition operator: `+`'],
  ['(?i)*', 'missing argument to repetition operator: `*`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['a{2}{3}', 'invalid nested repetition operator: `{2}{3}`'],
  ['x{2,1}', 'invalid repeat count: `{2,1}`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['[z-a]', 'invalid character class range: `z-a`'],
  ['[[:foo:]]', 'invalid character class range: `[:foo:]`'],
  ['\\p{Foo}', 'invalid character class range: `\\p{Foo}`'],
  ['\\q', 'invalid escape sequence: `\\q`'],
  ['\\1', 'invalid escape sequence: `\\1`'],
  ['\\xzz', 'invalid escape sequence: `\\xzz`'],
  ['\\C', 'invalid escape sequence: `\\C`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['(?i', 'invalid or unsupported Perl syntax: `(?i`'],
  ['(?P<a', 'invalid named capture: `(?P<a`'],
  ['(?P<a-b>c)', 'invalid named capture: `(?P<a-b>`'],
];

describe('patterns', () => {
  for (const [pattern, problem] of CASES)
    it(`${JSON.stringify(pattern)} is ${problem === undefined ? 'one' : 'none'}`, () => {
      expect(patternProblem(pattern)).toBe(problem);
    });

  it('of any characters get an answer', () => {
    const piece = fc.constantFrom('a', '(', ')', '[', ']', '^', '-', '*', '{2}', '{', '\\', 'x', '?', 'P', '<', ':', 'é', '\u{1F600}', '|');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(['string', 'undefined']).toContain(typeof patternProblem(pieces.join('')));
      }),
    );
  });

  it('that nest deeply are refused', () => {
    expect(patternProblem('('.repeat(2000))).toMatch(/^expression nests too deeply/);
  });
});
