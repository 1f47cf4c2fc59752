import { describe, expect, it } from 'vitest';
import { requestInfo } from './request-info.ts';

const read = (method: string, url: string): Record<string, unknown> => {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const { path: _path, prefix: _prefix, ...info } = requestInfo(method, decodeURIComponent(pathname), searchParams);
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== '' && !Array.isArray(value)));
};

describe('requestInfo', () => {
  it.each([
    ['GET', '/api/v1/pods', { isResource: true, verb: 'list', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=true', { isResource: true, verb: 'watch', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods?watch', { isResource: true, verb: 'watch', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=false', { isResource: true, verb: 'list', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/namespaces/a/pods/b', { isResource: true, verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: 'b' }],
    [
      'GET',
      '/api/v1/namespaces/a/pods/b?watch=true',
      { isResource: true, verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: 'b' },
    ],
    [
      'DELETE',
      '/api/v1/namespaces/a/pods',
      { isResource: true, verb: 'deletecollection', version: 'v1', namespace: 'a', resource: 'pods' },
    ],
    ['GET', '/api/v1/namespaces/a', { isResource: true, verb: 'get', version: 'v1', namespace: 'a', resource: 'namespaces', name: 'a' }],
    [
      'PUT',
      '/api/v1/namespaces/a/finalize',
      { isResource: true, verb: 'update', version: 'v1', namespace: 'a', resource: 'namespaces', name: 'a', subresource: 'finalize' },
    ],
    ['GET', '/api/v1/namespaces', { isResource: true, verb: 'list', version: 'v1', resource: 'namespaces' }],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/a/deployments/d/scale',
      {
        isResource: true,
        verb: 'patch',
        group: 'apps',
        version: 'v1',
        namespace: 'a',
        resource: 'deployments',
        name: 'd',
        subresource: 'scale',
      },
    ],
    [
      'GET',
      '/api/v1/nodes/n/proxy/pods',
      { isResource: true, verb: 'get', version: 'v1', resource: 'nodes', name: 'n', subresource: 'proxy' },
    ],
    [
      'GET',
      '/api/v1/watch/namespaces/a/pods/b',
      { isResource: true, verb: 'watch', version: 'v1', namespace: 'a', resource: 'pods', name: 'b' },
    ],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', { isResource: true, verb: 'list', version: 'v1', resource: 'pods', name: 'x' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dx', { isResource: true, verb: 'list', version: 'v1', resource: 'pods' }],
    ['FOO', '/api/v1/pods', { isResource: true, version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1', { isResource: false, verb: 'get', version: 'v1' }],
    ['GET', '/apis/apps/v1', { isResource: false, verb: 'get', group: 'apps', version: 'v1' }],
    ['POST', '/healthz', { isResource: false, verb: 'post' }],
    ['GET', '/', { isResource: false, verb: 'get' }],
  ])('reads %s %s', (method, url, expected) => {
    expect(read(method, url)).toEqual(expected);
  });

  it('keeps what follows a proxy subresource in parts', () => {
    expect(requestInfo('GET', '/api/v1/nodes/n/proxy/logs/syslog', new URLSearchParams()).parts).toEqual([
      'nodes',
      'n',
      'proxy',
      'logs',
      'syslog',
    ]);
  });
});
