import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, parseYamlDocuments, stringifyYaml, YamlError } from './yaml.ts';

describe('parseYaml', () => {
  it.each<[string, unknown]>([
    ['0644', 420],
    ['0o644', 420],
    ['0x1F', 31],
    ['0b11', 3],
    ['08', 8],
    ['1_000', 1000],
    ['yes', true],
    ['off', false],
    ['y', true],
    ['~', null],
    ['', null],
    ['1e3', 1000],
    ['.5', 0.5],
    ['12:30:45', '12:30:45'],
    ['2026-01-01', '2026-01-01'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['1.2.3', '1.2.3'],
    ['100m', '100m'],
    ['"5"', '5'],
    ["'yes'", 'yes'],
    ['!!str 5', '5'],
    ['0x', '0x'],
  ])('reads %s as Go does', (text, value) => {
    expect(parseYaml(`a: ${text}\n`)).toEqual([{ a: value }]);
  });

  it('reads documents one by one and leaves empty ones out', () => {
    expect(parseYaml('---\na: 1\n---\n# nothing\n---\nb: 2\n')).toEqual([{ a: 1 }, { b: 2 }]);
    expect(parseYaml('')).toEqual([]);
  });

  it('merges what << names', () => {
    expect(parseYaml('a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n')).toEqual([{ a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }]);
  });

  it('reads JSON as JSON', () => {
    expect(parseYamlDocuments('{"a":{"b":1,"b":2}}')).toEqual({ documents: [{ a: { b: 2 } }], duplicates: ['a.b'] });
  });

  it('names duplicate keys with their lines', () => {
    expect(parseYamlDocuments('a: 1\nb:\n  c: 1\n  c: 2\na: 2\n').duplicates).toEqual([
      'line 4: key "c" already set in map',
      'line 5: key "a" already set in map',
    ]);
  });

  it.each([
    ['a: [', 'yaml: line 1: did not find expected node content'],
    ['a: {b: 1,', 'yaml: line 1: did not find expected node content'],
    ['a: [b', "yaml: line 1: did not find expected ',' or ']'"],
    ['x: 1\na: {b: 1\n\n', "yaml: line 1: did not find expected ',' or '}'"],
    ['a: [\n', 'yaml: line 1: did not find expected node content'],
    ['x: 1\na: b: c\n', 'yaml: line 2: mapping values are not allowed in this context'],
    ['a: "\\q"\n', 'yaml: found unknown escape character'],
  ])('says of %j what Go says', (text, message) => {
    expect(() => parseYaml(text)).toThrow(new YamlError(message));
  });

  it('refuses aliases that blow up, endless nesting and cycles', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    expect(() => parseYaml(bomb.join('\n'))).toThrow('excessive aliasing');
    expect(() => parseYaml('a: '.concat('['.repeat(5000)))).toThrow(YamlError);
    expect(() => parseYaml('a: &a [*a]')).toThrow(YamlError);
  });

  it('keeps a key named __proto__ as an ordinary key', () => {
    const [value] = parseYaml('__proto__: {admin: true}\n');
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  it('throws nothing but YamlError for any text', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&x ',
      '*x',
      '<<',
      '|',
      '>',
      '!!int ',
      '#',
      '---\n',
      '0',
      '\t',
      '?',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseYaml(text);
          } catch (error) {
            expect(error).toBeInstanceOf(YamlError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('stringifyYaml', () => {
  it('writes an object as kubectl shows it', () => {
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      data: { a: '1', b: 'yes', c: 'text', d: 'l1\nl2\n', e: '2026-01-01', f: '' },
      metadata: { finalizers: ['x'], labels: {} },
    };
    expect(stringifyYaml(object)).toBe(
      'apiVersion: v1\ndata:\n  a: "1"\n  b: "yes"\n  c: text\n  d: |\n    l1\n    l2\n  e: "2026-01-01"\n  f: ""\nkind: ConfigMap\nmetadata:\n  finalizers:\n  - x\n  labels: {}\n',
    );
  });

  it('writes what it reads back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json: unknown = JSON.parse(JSON.stringify({ value }));
        expect(parseYaml(stringifyYaml(json))).toEqual([json]);
      }),
    );
  });
});
