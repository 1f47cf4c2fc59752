import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configKey,
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  envVarName,
  labelValue,
  pathSegment,
  portName,
  qualifiedName,
  wildcardSubdomain,
} from './names.ts';

describe('names', () => {
  it.each([
    [dnsLabel, ['a', 'a-b', '1a', 'x'.repeat(63)], ['', 'A', 'a_', '-a', 'a-', 'a.b', 'x'.repeat(64)]],
    [dnsSubdomain, ['a', 'a.b', '1.2', 'x'.repeat(253)], ['', 'a..b', '.a', 'A', 'a_b', 'x'.repeat(254)]],
    [dns1035Label, ['a', 'a-1'], ['1a', 'a.b', '']],
    [qualifiedName, ['a', 'A_b.c', 'example.com/a', 'a/b'], ['', '/a', 'a/', 'a/b/c', 'a b', 'A/b', 'x'.repeat(64)]],
    [labelValue, ['', 'a', 'A_b-c.d'], ['a b', '-a', 'a/b', 'x'.repeat(64)]],
    [pathSegment, ['system:node', 'a b'], ['.', '..', 'a/b', '50%']],
    [configKey, ['a', 'a.b', '.a', '-'], ['', 'a b', '.', '..', '..a', 'a/b']],
    [envVarName, ['A', '1', 'a b', 'a-b.c'], ['', 'A=B', 'ä']],
    [portName, ['http', 'a-1'], ['', '-a', 'a--b', '1', 'Http', 'x'.repeat(16)]],
    [wildcardSubdomain, ['*.a.b'], ['*', 'a.b', '*.*.a']],
  ] as const)('%o accepts what is valid and refuses the rest', (check, good, bad) => {
    for (const name of good) expect(check(name)).toEqual([]);
    for (const name of bad) expect(check(name)).not.toEqual([]);
  });

  it('says what is wrong in the words of the API', () => {
    expect(dnsLabel('Bad_Name')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(dnsLabel('a.b')).toEqual(['must not contain dots']);
    expect(qualifiedName('a/b/c')).toEqual([
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ]);
    expect(configKey('a b')).toEqual([
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ]);
    expect(configKey('..')).toEqual(["must not be '..'"]);
    expect(labelValue('x'.repeat(64))).toEqual(['must be no more than 63 bytes']);
  });

  it('answers fast for hostile text', () => {
    const hostile = `${'a'.repeat(100_000)}!`;
    const start = performance.now();
    for (const check of [dnsLabel, dnsSubdomain, dns1035Label, qualifiedName, labelValue, configKey, portName])
      expect(check(hostile)).not.toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('accepts every label that its pattern makes', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/), (name) => dnsLabel(name).length === 0));
  });
});
