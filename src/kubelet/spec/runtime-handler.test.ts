import { expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { aPod } from '../testing/objects.ts';
import { runtimeHandler } from './runtime-handler.ts';

const handlers = [
  { name: '', recursiveReadOnlyMounts: true, userNamespaces: false },
  { name: 'mapped', recursiveReadOnlyMounts: true, userNamespaces: true },
];
const runtime = { status: async () => ({ conditions: [], handlers, notices: [] }) };
const api = createFakeApi('n');
api.put(resources['runtimeclasses.node.k8s.io'], { metadata: { name: 'sandboxed' }, handler: 'gvisor' });
api.put(resources['runtimeclasses.node.k8s.io'], { metadata: { name: 'mapping' }, handler: 'mapped' });
const handlerOf = (spec: object): Promise<string> => runtimeHandler(aPod(spec), api.client, runtime);

it('a pod without a class gets the default handler, one with a class the handler of that', async () => {
  expect(await handlerOf({})).toBe('');
  expect(await handlerOf({ runtimeClassName: '' })).toBe('');
  expect(await handlerOf({ runtimeClassName: 'sandboxed', hostUsers: true })).toBe('gvisor');
});

it('a class that nobody has made is told as the original does', async () => {
  const missing = 'runtimeclass.node.k8s.io "nosuch" not found';
  await expect(handlerOf({ runtimeClassName: 'nosuch' })).rejects.toThrow(missing);
  await expect(runtimeHandler(aPod({ runtimeClassName: 'nosuch' }), undefined, runtime)).rejects.toThrow(missing);
  api.failNext('get', new Error('away'));
  await expect(handlerOf({ runtimeClassName: 'sandboxed' })).rejects.toThrow('failed to lookup RuntimeClass sandboxed: away');
});

it('a pod that asks for a user namespace does not run without one', async () => {
  await expect(handlerOf({ hostUsers: false })).rejects.toThrow('RuntimeClass handler "" does not support user namespaces');
  await expect(handlerOf({ hostUsers: false, runtimeClassName: 'sandboxed' })).rejects.toThrow('the handler "gvisor" is not known');
  await expect(handlerOf({ hostUsers: false, runtimeClassName: 'mapping' })).rejects.toThrow('does not map the users of pods');
});
