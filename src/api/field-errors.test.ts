import { describe, expect, it } from 'vitest';
import {
  duplicate,
  fieldNotFound,
  forbiddenField,
  goQuote,
  invalid,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from './field-errors.ts';

describe('field errors', () => {
  it.each([
    ['plain', '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['tab\tnew\nline', '"tab\\tnew\\nline"'],
    ['\u0000\u007f', '"\\x00\\x7f"'],
    ['grün 日本', '"grün 日本"'],
    ['\u2028\u00a0', '"\\u2028\\u00a0"'],
    ['\ud800', '"\ufffd"'],
  ])('quotes %j as Go does', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });

  it('words each sort of fault as the API does', () => {
    expect(required('spec.containers').message).toBe('Required value');
    expect(required('x', 'why').message).toBe('Required value: why');
    expect(invalidValue('x', 99999, 'must be between 1 and 65535, inclusive').message).toBe(
      'Invalid value: 99999: must be between 1 and 65535, inclusive',
    );
    expect(invalidValue('x', { a: '<' }, 'no').message).toBe('Invalid value: {"a":"\\u003c"}: no');
    expect(invalidValue('x', null, 'no').message).toBe('Invalid value: null: no');
    expect(notSupported('x', 'y', ['A', 'B']).message).toBe('Unsupported value: "y": supported values: "A", "B"');
    expect(forbiddenField('x', 'no').message).toBe('Forbidden: no');
    expect(duplicate('x', 'c').message).toBe('Duplicate value: "c"');
    expect(fieldNotFound('x', 'v').message).toBe('Not found: "v"');
    expect(tooLong('x', 5).message).toBe('Too long: may not be more than 5 bytes');
    expect(tooMany('x', 3, 2).message).toBe('Too many: 3: must have at most 2 items');
  });

  it('puts one fault, several and repeated ones into a Status', () => {
    const one = invalid({ group: '', kind: 'Pod' }, 'p', [required('spec.containers')]);
    expect(one.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Pod "p" is invalid: spec.containers: Required value',
      reason: 'Invalid',
      details: { name: 'p', kind: 'Pod', causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers' }] },
      code: 422,
    });
    const two = invalid({ group: 'apps', kind: 'Deployment' }, 'd', [required('a'), required('b'), required('a')]);
    expect(two.message).toBe('Deployment.apps "d" is invalid: [a: Required value, b: Required value]');
    expect(two.status.details?.causes).toHaveLength(3);
  });
});
