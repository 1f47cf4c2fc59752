import { describe, expect, it } from 'vitest';
import { parseLogOptions } from './options.ts';

const none = {
  follow: false,
  previous: false,
  timestamps: false,
  sinceMs: undefined,
  tailLines: undefined,
  limitBytes: undefined,
  stream: 'All',
};
const NOW = 1_000_000;

describe('parseLogOptions', () => {
  const good: [string, object][] = [
    ['', {}],
    ['follow=true&timestamps=1', { follow: true, timestamps: true }],
    ['follow=maybe&previous', { follow: true, previous: true }],
    ['follow=false&previous=0&timestamps=FALSE', {}],
    ['tailLines=0', { tailLines: 0 }],
    ['tailLines=1&tailLines=2', { tailLines: 1 }],
    ['tail=5&tailLines=2', { tailLines: 5 }],
    ['tail=all&tailLines=2', {}],
    ['limitBytes=10', { limitBytes: 10 }],
    ['sinceSeconds=5', { sinceMs: NOW - 5000 }],
    ['sinceTime=2000-01-01T00:00:00Z', { sinceMs: Date.UTC(2000, 0, 1) }],
    ['sinceTime=2000-01-01T01:00:00.5%2B01:00', { sinceMs: Date.UTC(2000, 0, 1) + 500 }],
    ['sinceTime=', { sinceMs: Number.NEGATIVE_INFINITY }],
    ['stream=Stderr', { stream: 'Stderr' }],
    ['stream=All&tailLines=1', { tailLines: 1 }],
    ['unknown=1&insecureSkipTLSVerifyBackend=true', {}],
  ];
  for (const [query, options] of good)
    it(`reads "${query}"`, () => {
      expect(parseLogOptions(new URLSearchParams(query), NOW)).toEqual({ kind: 'options', options: { ...none, ...options } });
    });

  const undecodable = [
    'tailLines=abc',
    'tailLines=',
    'limitBytes=1.5',
    'sinceSeconds=x',
    'sinceTime=nonsense',
    'tailLines=9223372036854775808',
    'sinceTime=2000-13-01T00:00:00Z',
    'tailLines=abc&stream=Foo',
  ];
  for (const query of undecodable)
    it(`cannot decode "${query}"`, () => {
      expect(parseLogOptions(new URLSearchParams(query), NOW)).toEqual({
        kind: 'refused',
        status: 400,
        message: '{"message": "Unable to decode query."}',
      });
    });

  const invalid = [
    'tailLines=-1',
    'limitBytes=0',
    'limitBytes=-5',
    'sinceSeconds=0',
    'sinceSeconds=5&sinceTime=2000-01-01T00:00:00Z',
    'stream=Foo',
    'stream=stdout',
    'stream=',
    'stream=Stdout&tailLines=1',
  ];
  for (const query of invalid)
    it(`refuses "${query}"`, () => {
      expect(parseLogOptions(new URLSearchParams(query), NOW)).toEqual({
        kind: 'refused',
        status: 422,
        message: '{"message": "Invalid request."}',
      });
    });
});
