import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, stringifyYaml } from './yaml.ts';

const words = (count: number, word = 'word'): string => Array.from({ length: count }, () => word).join(' ');

describe('folding of long lines', () => {
  it('breaks at the first space beyond column 80, as kubectl shows it', () => {
    const message =
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
    expect(stringifyYaml({ message })).toBe(
      "message: 'only the following media types are accepted: application/json;stream=watch,\n  application/vnd.kubernetes.protobuf;stream=watch'\n",
    );
  });

  it('indents what follows by two beyond the mapping', () => {
    const text = stringifyYaml({ a: { b: [{ c: words(20) }], d: [words(20)] } });
    expect(text).toBe(`a:\n  b:\n  - c: ${words(15)}\n      ${words(5)}\n  d:\n  - ${words(16)}\n    ${words(4)}\n`);
  });

  it('leaves blocks, unbroken text and runs of spaces alone', () => {
    const block = `${words(30)}\n${words(30)}\n`;
    expect(stringifyYaml({ a: block, b: 1 })).toBe(`a: |\n  ${words(30)}\n  ${words(30)}\nb: 1\n`);
    expect(stringifyYaml({ a: 'x'.repeat(200) })).toBe(`a: ${'x'.repeat(200)}\n`);
  });

  it('loses nothing', () => {
    const piece = fc.constantFrom('word', ' ', '  ', ': ', "'", '"', '\\', '#', ' #', '- ', '\n', '|', '\t', 'é', '{', ',');
    const text = fc.array(piece, { minLength: 20, maxLength: 80 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (a, b) => {
        const value = { a, list: [b, { [b.slice(0, 30)]: a }], [a.slice(0, 20)]: { nested: [[b]] } };
        expect(parseYaml(stringifyYaml(value))).toEqual([value]);
      }),
      { numRuns: 500 },
    );
  });
});
