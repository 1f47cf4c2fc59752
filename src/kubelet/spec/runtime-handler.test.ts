import { expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { aPod } from '../testing/objects.ts';
import { runtimeHandler } from './runtime-handler.ts';

const api = createFakeApi('n');
api.put(resources['runtimeclasses.node.k8s.io'], { metadata: { name: 'sandboxed' }, handler: 'gvisor' });
const handlerOf = (spec: object): Promise<string> => runtimeHandler(aPod(spec), api.client);

it('a pod without a class gets the default handler, one with a class the handler of that', async () => {
  expect(await handlerOf({})).toBe('');
  expect(await handlerOf({ runtimeClassName: '' })).toBe('');
  expect(await handlerOf({ runtimeClassName: 'sandboxed', hostUsers: true })).toBe('gvisor');
});

it('a class that nobody has made is told as the original does', async () => {
  const missing = 'runtimeclass.node.k8s.io "nosuch" not found';
  await expect(handlerOf({ runtimeClassName: 'nosuch' })).rejects.toThrow(missing);
  await expect(runtimeHandler(aPod({ runtimeClassName: 'nosuch' }), undefined)).rejects.toThrow(missing);
  api.failNext('get', new Error('away'));
  await expect(handlerOf({ runtimeClassName: 'sandboxed' })).rejects.toThrow('failed to lookup RuntimeClass sandboxed: away');
});
