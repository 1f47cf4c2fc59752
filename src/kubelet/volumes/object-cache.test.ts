import { describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { eventually } from '../testing/node.ts';
import { createObjectCache } from './object-cache.ts';

describe('objects that pods show', () => {
  it('are watched once for all pods, and no longer than one shows them', async () => {
    const api = createFakeApi('n');
    const cache = createObjectCache(api.client, () => 0);
    const name = { kind: 'configMap', namespace: 'default', name: 'a' } as const;
    const told = { p: 0, q: 0 };
    cache.follow('p', [name], () => told.p++);
    cache.follow('q', [name], () => told.q++);
    await expect(cache.reader(0).configMap('default', 'a')).rejects.toThrow('configmap "a" not found');
    api.put(resources.configmaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: '1' } });
    await eventually(() => told.p > 0 && told.q > 0);
    expect((await cache.reader(0).configMap('default', 'a')).data).toEqual({ k: '1' });
    cache.unfollow('p');
    const before = { ...told };
    await api.client.update(resources.configmaps, {
      ...(await api.client.get(resources.configmaps, 'a', { namespace: 'default' })),
      data: { k: '2' },
    });
    await eventually(() => told.q > before.q);
    expect(told.p).toBe(before.p);
    // The clock stands still, and yet the new contents are read: what was kept is old news.
    expect((await cache.reader(0).configMap('default', 'a')).data).toEqual({ k: '2' });
    cache.close();
  });
});
