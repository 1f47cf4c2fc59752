import { describe, expect, it } from 'vitest';
import { internalError } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { silentLogger } from '../../util/log.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { aPod } from '../testing/objects.ts';
import { createObjectCache } from './object-cache.ts';
import { createTokenManager } from './tokens.ts';

describe('the object cache', () => {
  it('reads again only what is too old', async () => {
    const api = createFakeApi('n');
    let now = 1000;
    const cache = createObjectCache(api.client, () => now);
    const read = async (notBefore: number): Promise<string | undefined> =>
      (await cache.reader(notBefore).configMap('default', 'a')).data?.['x'];
    await expect(read(0)).rejects.toThrow('configmap "a" not found');
    api.put(resources.configmaps, { metadata: { name: 'a', namespace: 'default' }, data: { x: '1' } });
    expect(await read(0)).toBe('1');
    await api.client.patch(resources.configmaps, 'a', 'strategic', { data: { x: '2' } }, { namespace: 'default' });
    now = 2000;
    expect(await read(1000)).toBe('1');
    expect(await read(1001)).toBe('2');
  });
  it('keeps no failure, and says when there is no API server', async () => {
    const api = createFakeApi('n');
    api.put(resources.secrets, { metadata: { name: 's', namespace: 'default' }, data: {} });
    api.failNext('get', internalError('down'));
    const cache = createObjectCache(api.client, () => 0);
    await expect(cache.reader(0).secret('default', 's')).rejects.toThrow('down');
    expect((await cache.reader(0).secret('default', 's')).metadata.name).toBe('s');
    await expect(
      createObjectCache(undefined, () => 0)
        .reader(0)
        .secret('ns', 's'),
    ).rejects.toThrow("couldn't get secret ns/s, no kubeClient defined");
  });
});

describe('tokens', () => {
  const setup = () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    let serial = 0;
    let broken = false;
    const asked: unknown[] = [];
    const client = {
      createSubresource: async (_resource: unknown, name: string, _sub: string, body: { spec: { expirationSeconds: number } }) => {
        if (broken) throw new Error('down');
        asked.push({ name, spec: body.spec });
        return { status: { token: `t${++serial}`, expirationTimestamp: new Date(now + body.spec.expirationSeconds * 1000).toISOString() } };
      },
    } as unknown as KubeClient;
    const manager = createTokenManager(client, () => now, silentLogger);
    const pod = aPod({ serviceAccountName: 'sa' });
    return {
      asked,
      token: (audience = 'vault') => manager.token(pod, { path: 'tok', audience, expirationSeconds: 1000 }),
      pass: (seconds: number) => void (now += seconds * 1000),
      breakServer: () => void (broken = true),
      forget: () => manager.forget('u'),
    };
  };

  it('are bound to the pod and its audience', async () => {
    const { token, asked } = setup();
    expect([await token(), await token(), await token('other')]).toEqual(['t1', 't1', 't2']);
    expect(asked[0]).toEqual({
      name: 'sa',
      spec: { audiences: ['vault'], expirationSeconds: 1000, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' } },
    });
  });
  it('are renewed when four fifths of their life are over', async () => {
    const { token, pass } = setup();
    await token();
    pass(780);
    expect(await token()).toBe('t1');
    pass(21);
    expect(await token()).toBe('t2');
  });
  it('stay when they cannot be renewed, until they are worth nothing', async () => {
    const { token, pass, breakServer } = setup();
    await token();
    breakServer();
    pass(900);
    expect(await token()).toBe('t1');
    pass(200);
    await expect(token()).rejects.toThrow(/expired and refresh failed: down/);
  });
  it('are forgotten with the pod, and need an API server', async () => {
    const { token, forget, breakServer } = setup();
    await token();
    forget();
    breakServer();
    await expect(token()).rejects.toThrow('failed to fetch token: down');
    await expect(createTokenManager(undefined, () => 0, silentLogger).token(aPod(), { path: 'x' })).rejects.toThrow('standalone mode');
  });
});
