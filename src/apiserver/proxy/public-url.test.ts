import { expect, test } from 'vitest';
import { cleanPath, publicUrl } from './public-url.ts';

const place = { prefix: '/api/v1/namespaces/n/services/s/proxy', backendHost: '10.0.0.1:80', requestHost: 'localhost:8001' };
const { prefix } = place;

test.each([
  ['/x', `${prefix}/x`],
  ['/', `${prefix}/`],
  ['/x/', `${prefix}/x/`],
  ['/x?a=/b#/c', `${prefix}/x?a=/b#/c`],
  ['/a/../../b', `${prefix}/b`],
  ['x', 'x'],
  ['../x', '../x'],
  ['#top', '#top'],
  ['', ''],
  ['mailto:a@b', 'mailto:a@b'],
  ['javascript:void(0)', 'javascript:void(0)'],
  ['http://10.0.0.1:80/x', `${prefix}/x`],
  ['//10.0.0.1:80/x', `${prefix}/x`],
  ['http://localhost:8001/x', `http://localhost:8001${prefix}/x`],
  ['http://example.com/x', 'http://example.com/x'],
  ['//example.com/x', '//example.com/x'],
  ['http://10.0.0.1:80', 'http://10.0.0.1:80'],
  [`${prefix}/x`, `${prefix}/x`],
  [`http://10.0.0.1:80${prefix}/x`, `${prefix}/x`],
])('publicUrl(%j)', (url, expected) => expect(publicUrl(url, place)).toBe(expected));

test.each([
  ['', '/'],
  ['/', '/'],
  ['/a//b/./c/', '/a/b/c/'],
  ['/../../etc', '/etc'],
  ['/a/%2e%2E/b', '/b'],
  ['/a%2Fb', '/a%2Fb'],
])('cleanPath(%j)', (path, expected) => expect(cleanPath(path)).toBe(expected));
