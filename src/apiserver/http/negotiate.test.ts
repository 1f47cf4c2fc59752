import { describe, expect, it } from 'vitest';
import { StatusError } from '../../api/status.ts';
import { negotiate, negotiateError, type NegotiationOptions } from './negotiate.ts';

const ask = (accept: string | undefined, more: Partial<NegotiationOptions> = {}): string => {
  try {
    const { media, as, version, pretty } = negotiate({ accept, userAgent: 'test/1', query: new URLSearchParams(), ...more });
    return `${media} ${as} ${version}${pretty ? ' pretty' : ''}`;
  } catch (error) {
    return error instanceof StatusError ? `${error.status.code} ${error.message}` : String(error);
  }
};

const TABLES = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

describe('negotiate', () => {
  it.each([
    [undefined, 'application/json object v1'],
    ['*/*', 'application/json object v1'],
    ['application/json, */*', 'application/json object v1'],
    ['application/vnd.kubernetes.protobuf,application/json', 'application/json object v1'],
    ['application/vnd.kubernetes.protobuf, */*', 'application/json object v1'],
    ['application/vnd.kubernetes.protobuf', 'application/vnd.kubernetes.protobuf object v1'],
    ['application/yaml', 'application/yaml object v1'],
    ['text/html, application/yaml;q=0.5, application/json;q=0.4', 'application/yaml object v1'],
    [TABLES, 'application/json Table v1'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'application/json Table v1beta1'],
    ['application/json;as=Table;v=v2;g=meta.k8s.io, application/json', 'application/json object v1'],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'application/json PartialObjectMetadata v1'],
    [
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      'application/vnd.kubernetes.protobuf PartialObjectMetadata v1',
    ],
    [
      'text/html',
      '406 406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
    [
      'application/json;as=Nope;v=v1;g=meta.k8s.io',
      '406 only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
  ])('answers Accept %s', (accept, expected) => {
    expect(ask(accept)).toBe(expected);
  });

  it('streams no YAML', () => {
    expect(ask('application/yaml', { stream: true })).toBe(
      '406 only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    );
  });

  it('prints prettily for people', () => {
    expect(ask(undefined, { userAgent: 'curl/8.0' })).toContain('pretty');
    expect(ask(undefined, { query: new URLSearchParams('pretty=true') })).toContain('pretty');
    expect(ask(undefined, { userAgent: 'curl/8.0', query: new URLSearchParams('pretty=false') })).not.toContain('pretty');
  });

  it('finds a form for an error in any case', () => {
    const form = (accept: string): string => negotiateError({ accept, userAgent: undefined, query: new URLSearchParams() }).media;
    expect(['text/html', 'application/yaml', 'application/json', 'image/png, application/yaml'].map(form)).toEqual([
      'application/json',
      'application/yaml',
      'application/json',
      'application/yaml',
    ]);
  });
});
