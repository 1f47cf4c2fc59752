import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, MAX_JSON_DEPTH, parseJson } from './json.ts';

describe('parseJson', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"apiVersion":"v1","kind":"Con', 'unexpected end of JSON input'],
    ['[1', 'unexpected end of JSON input'],
    ['nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['-', 'unexpected end of JSON input'],
    ['é', "invalid character 'Ã' looking for beginning of value"],
  ])('says of %j what Go says', (text, message) => {
    expect(() => parseJson(text)).toThrow(new JsonError(message));
  });

  it.each<[string, string[]]>([
    ['{"a":1,"a":2}', ['a']],
    ['{"data":{"a":"1","a":"2"}}', ['data.a']],
    ['{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]}}', ['spec.containers[1].name']],
    ['[[1,2],[{"x":1,"x":2}]]', ['[1][0].x']],
    ['{"a":{"k":1},"b":{"k":1}}', []],
    ['{"a":"{\\"x\\":1,\\"x\\":2}"}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"a\\\\":1,"b":2,"a\\\\":3}', ['a\\']],
    ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"a" :1,"a"\n:2}', ['a']],
    ['{"a":"\\":","a":"b\\" :"}', ['a']],
    ['{"":{"":1},"":{"":2}}', ['']],
  ])('names the duplicates of %s', (text, duplicates) => {
    expect(parseJson(text).duplicates).toEqual(duplicates);
  });

  it('refuses what nests too deep', () => {
    const deep = (n: number): string => '['.repeat(n) + ']'.repeat(n);
    expect(parseJson(deep(MAX_JSON_DEPTH)).duplicates).toEqual([]);
    expect(() => parseJson(deep(MAX_JSON_DEPTH + 1))).toThrow('exceeded max depth');
    expect(() => parseJson('['.repeat(200_000))).toThrow('unexpected end of JSON input');
  });

  it('keeps a key named __proto__ as an ordinary key', () => {
    const { value } = parseJson('{"__proto__":{"admin":true}}');
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  it('reads every JSON value and finds no duplicates where there are none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates: [] });
      }),
    );
  });

  it('throws JsonError for any broken text', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), fc.string({ maxLength: 3 }), (value, at, noise) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        const broken = text.slice(0, cut) + noise + text.slice(cut + 1);
        try {
          parseJson(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
          expect((error as Error).message).toMatch(/^(unexpected end of JSON input|invalid character '.*)$/s);
        }
      }),
      { numRuns: 300 },
    );
  });
});
