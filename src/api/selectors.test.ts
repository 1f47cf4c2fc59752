import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  SelectorError,
  checkFieldSelector,
  labelSelectorFaults,
  matcherOf,
  parseFieldSelector,
  parseLabelSelector,
  selectableFields,
} from './selectors.ts';
import { resources } from './resources.ts';

describe('label selectors', () => {
  it.each([
    ['', {}, true],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['! a', { a: '1' }, false],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a = b , c', { a: 'b', c: '' }, true],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b, c)', {}, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a in ()', { a: '' }, true],
    ['a in (b,)', { a: '' }, true],
    ['a=', { a: '' }, true],
    ['a=,b', { a: '', b: '1' }, true],
    ['a>1', { a: '10' }, true],
    ['a>1', { a: 'x' }, false],
    ['a<9223372036', { a: '1' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['x.io/y=z', { 'x.io/y': 'z' }, true],
    ['constructor', {}, false],
  ] as const)('%j against %j is %j', (text, labels, matches) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(matches);
  });

  it.each([
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['==', "found '==', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (b,=', "unable to parse requirement: found '=', expected: ',', or identifier"],
    ['a in (=', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ['a==!', "unable to parse requirement: found '!', expected: identifier"],
    ['a>x', "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ])('refuses %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(new SelectorError(message));
  });

  it('names keys and values that are no labels', () => {
    expect(() => parseLabelSelector('a/b/c=d')).toThrow(
      /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key must consist/,
    );
    expect(() => parseLabelSelector('a=b/c')).toThrow(
      /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b\/c": a valid label must be/,
    );
  });

  it('prints a canonical text that reads back the same', () => {
    expect(parseLabelSelector('z,b in (y,x),!a,c>3,d!=e').toString()).toBe('!a,b in (x,y),c>3,d!=e,z');
    const key = fc.stringMatching(/^[a-z]{1,5}$/);
    const term = fc.oneof(
      key,
      key.map((k) => `!${k}`),
      fc.tuple(key, fc.constantFrom('=', '==', '!='), key).map((t) => t.join('')),
      fc.tuple(key, fc.constantFrom(' in ', ' notin '), fc.array(key, { minLength: 1 })).map(([k, o, v]) => `${k}${o}(${v.join(',')})`),
    );
    fc.assert(
      fc.property(fc.array(term), (terms) => {
        const text = parseLabelSelector(terms.join(',')).toString();
        expect(parseLabelSelector(text).toString()).toBe(text);
      }),
    );
  });

  it('answers any text with a matcher or a SelectorError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseLabelSelector(text).matches({});
        } catch (error) {
          expect(error).toBeInstanceOf(SelectorError);
        }
      }),
    );
  });

  it('matches objects: none is nothing, an empty one everything', () => {
    expect(matcherOf(undefined).matches({ a: 'b' })).toBe(false);
    expect(matcherOf({}).matches({ a: 'b' })).toBe(true);
    const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['d'] }] };
    expect(matcherOf(selector).matches({ a: 'b' })).toBe(true);
    expect(matcherOf(selector).matches({ a: 'b', c: 'd' })).toBe(false);
    expect(() => matcherOf({ matchExpressions: [{ key: 'c', operator: 'Gt', values: [] }] })).toThrow(
      '"Gt" is not a valid label selector operator',
    );
  });

  it('names the faults of a selector object', () => {
    const faults = labelSelectorFaults(
      {
        matchExpressions: [
          { key: 'a', operator: 'In' },
          { key: 'a b', operator: 'X' },
        ],
      },
      'spec.selector',
    );
    expect(faults.map((f) => f.field)).toEqual([
      'spec.selector.matchExpressions[0].values',
      'spec.selector.matchExpressions[1].operator',
      'spec.selector.matchExpressions[1].key',
    ]);
  });
});

describe('field selectors', () => {
  it('reads terms, escapes and both operators', () => {
    const selector = parseFieldSelector('metadata.name=a\\,b,status.phase!=Running,spec.x==');
    expect(selector.requirements).toEqual([
      { field: 'metadata.name', operator: '=', value: 'a,b' },
      { field: 'status.phase', operator: '!=', value: 'Running' },
      { field: 'spec.x', operator: '=', value: '' },
    ]);
    expect(selector.exact('metadata.name')).toBe('a,b');
    expect(selector.exact('status.phase')).toBeUndefined();
    expect(selector.matches({ 'metadata.name': 'a,b', 'status.phase': 'Failed' })).toBe(true);
    expect(selector.toString()).toBe('metadata.name=a\\,b,status.phase!=Running,spec.x=');
    expect(parseFieldSelector('').empty).toBe(true);
    expect(parseFieldSelector(',').empty).toBe(true);
  });

  it.each([
    ['nonsense', "invalid selector: 'nonsense'; can't understand 'nonsense'"],
    ['a=b,x', "invalid selector: 'a=b,x'; can't understand 'x'"],
    ['a=\\b', 'invalid field selector: invalid escape sequence: \\b'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('refuses %j', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(new SelectorError(message));
  });

  it('knows the fields of each kind', () => {
    const pod = {
      metadata: { name: 'p', namespace: 'n' },
      spec: { nodeName: 'x' },
      status: { phase: 'Running', podIPs: [{ ip: '1.2.3.4' }] },
    };
    expect(selectableFields(resources.pods, pod)).toMatchObject({
      'metadata.name': 'p',
      'metadata.namespace': 'n',
      'spec.nodeName': 'x',
      'spec.hostNetwork': 'false',
      'status.phase': 'Running',
      'status.podIP': '1.2.3.4',
    });
    expect(selectableFields(resources.events, { involvedObject: { name: 'p' }, reportingComponent: 'kubelet' })).toMatchObject({
      'involvedObject.name': 'p',
      source: 'kubelet',
    });
    expect(selectableFields(resources.nodes, { metadata: { name: 'n' } })).toEqual({ 'metadata.name': 'n', 'spec.unschedulable': 'false' });
  });

  it('refuses fields that a kind cannot be selected by, in its own words', () => {
    expect(() => checkFieldSelector(resources.pods, parseFieldSelector('spec.nope=x'))).toThrow('field label not supported: spec.nope');
    expect(() => checkFieldSelector(resources.configmaps, parseFieldSelector('data.a=1'))).toThrow(
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(() => checkFieldSelector(resources.pods, parseFieldSelector('spec.nodeName=,metadata.name!=x'))).not.toThrow();
  });

  it('round-trips any value', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const text = `metadata.name=${value.replace(/[\\,=]/g, '\\$&')}`;
        expect(parseFieldSelector(text).exact('metadata.name')).toBe(value);
      }),
    );
  });
});
