import { expect, test } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import { memoryRegistry } from '../auth/testing.ts';
import { parseProxyId } from './proxy-id.ts';
import { serviceTarget } from './service-target.ts';

function objects(addresses: unknown[], notReadyAddresses: unknown[] = []) {
  const registry = memoryRegistry();
  const metadata = { name: 's', namespace: 'n' };
  const put = (resource: Parameters<typeof registry.put>[0], object: unknown): void => registry.put(resource, object as KubeObject);
  put(resources.services, {
    metadata,
    spec: {
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
    },
  });
  put(resources.endpoints, { metadata, subsets: [{ addresses, notReadyAddresses, ports: [{ name: 'http', port: 8080 }] }] });
  put(resources.pods, { metadata: { name: 'p', namespace: 'n' }, status: { podIPs: [{ ip: '10.0.0.5' }] } });
  return registry.reader;
}
const targetRef = { kind: 'Pod', namespace: 'n', name: 'p' };
const good = { ip: '10.0.0.5', targetRef };
const to = (id: string, addresses: unknown[] = [good]): unknown => {
  try {
    return serviceTarget(objects(addresses), 'n', parseProxyId(id, 'service'));
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  ['s:80', { host: '10.0.0.5', port: 8080 }],
  ['s:http', { host: '10.0.0.5', port: 8080 }],
  ['https:s:http', { host: '10.0.0.5', port: 8080 }],
  ['s', 'no endpoints available for service "s"'],
  ['s:nope', 'no endpoints available for service "s"'],
  ['s:81', 'no endpoints available for service "s"'],
  ['s:82', 'no service port 82 found for service "s"'],
  ['other:80', 'services "other" not found'],
])('%s leads to %j', (id, expected) => expect(to(id)).toEqual(expected));

test.each([
  ['of another pod', { ip: '10.0.0.6', targetRef }],
  ['of a pod elsewhere', { ip: '10.0.0.5', targetRef: { ...targetRef, namespace: 'm' } }],
  ['of a pod that is not there', { ip: '10.0.0.5', targetRef: { ...targetRef, name: 'q' } }],
  ['of no pod', { ip: '10.0.0.5' }],
  ['of this machine', { ip: '127.0.0.1', targetRef }],
])('an address %s is not gone to', (_, address) => expect(to('s:80', [address])).toBe('no endpoints available for service "s"'));

test('an address that is not ready is not gone to', () => {
  expect(() => serviceTarget(objects([], [good]), 'n', parseProxyId('s:80', 'service'))).toThrow('no endpoints');
});
