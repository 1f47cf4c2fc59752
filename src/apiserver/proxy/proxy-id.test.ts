import { expect, test } from 'vitest';
import { afterSegments, mayProxyTo, parseProxyId } from './proxy-id.ts';

test.each([
  ['n', { scheme: '', name: 'n', port: '' }],
  ['n:10250', { scheme: '', name: 'n', port: '10250' }],
  ['https:n:10250', { scheme: 'https', name: 'n', port: '10250' }],
  ['https:n:', { scheme: 'https', name: 'n', port: '' }],
])('parseProxyId(%s)', (text, id) => expect(parseProxyId(text, 'node')).toEqual(id));

test.each(['', ':', ':80', 'ftp:n:21', 'a:b:c:d', 'https::1'])('parseProxyId refuses %j', (text) => {
  expect(() => parseProxyId(text, 'pod')).toThrow(`invalid pod request ${JSON.stringify(text)}`);
});

test.each([
  ['10.0.0.5', true],
  ['192.168.1.1', true],
  ['2001:db8::1', true],
  ['127.0.0.1', false],
  ['127.8.8.8', false],
  ['169.254.169.254', false],
  ['0.0.0.0', false],
  ['224.0.0.1', false],
  ['::1', false],
  ['::', false],
  ['fe80::1', false],
])('mayProxyTo(%s) is %s', (address, allowed) => expect(mayProxyTo(address)).toBe(allowed));

test.each([
  ['/api/v1/nodes/n/proxy', 5, ''],
  ['/api/v1/nodes/n/proxy/', 5, '/'],
  ['/api/v1/nodes/n/proxy/a%2Fb/../c', 5, '/a%2Fb/../c'],
  ['/api/v1/namespaces/proxy/pods/proxy/proxy/x', 7, '/x'],
])('afterSegments(%s, %i)', (path, count, rest) => expect(afterSegments(path, count)).toBe(rest));
