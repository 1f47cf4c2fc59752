import { mkdtempSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types.ts';
import { systemHost } from '../../util/host.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { startVolumeBinder } from '../volumes/binder.ts';
import { startScheduler } from './scheduler.ts';

const inDefault = { namespace: 'default' };
const volume = (name: string, on: string, spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume => ({
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    local: { path: '/d' },
    storageClassName: 'late',
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [on] }] }] } },
    ...spec,
  },
});
const claim = (name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  metadata: { name, ...inDefault },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'late', ...spec },
});
const user = (name: string, ...claims: readonly string[]): Pod => ({
  metadata: { name, ...inDefault },
  spec: {
    containers: [{ name: 'c', image: 'i' }],
    volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  },
});

describe('a pod with claims', () => {
  let cluster: TestCluster;
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync('/tmp/nodelet-scheduler-');
    cluster = await testCluster();
    const { client } = cluster;
    await client.create(resources.namespaces, { metadata: { name: 'default' } }).catch(() => undefined);
    await client.create(resources['storageclasses.storage.k8s.io'], {
      metadata: { name: 'late' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    for (const name of ['a', 'b'])
      await client.create(resources.nodes, { metadata: { name }, status: { allocatable: { cpu: '4', memory: '4Gi', pods: '110' } } });
    await cluster.run((context) => startVolumeBinder(context, systemHost.files));
    await cluster.run(startScheduler);
  });
  afterEach(async () => {
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const put = async (...objects: readonly (PersistentVolume | PersistentVolumeClaim | Pod)[]): Promise<void> => {
    for (const object of objects) {
      if (object.metadata.namespace === undefined) await cluster.client.create(resources.persistentvolumes, object as PersistentVolume);
      else if ('containers' in (object.spec ?? {})) await cluster.client.create(resources.pods, object as Pod, inDefault);
      else await cluster.client.create(resources.persistentvolumeclaims, object, inDefault);
    }
  };
  const seen = async (name: string): Promise<string> => {
    const { spec, status } = await cluster.client.get(resources.pods, name, inDefault);
    return spec.nodeName ?? status.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? '';
  };
  const become = (name: string, what: string): Promise<void> => expect.poll(() => seen(name), { timeout: 10_000 }).toBe(what);

  it('waits for a claim that is not there or not bound, and is bound with it', async () => {
    await put(user('p', 'c'));
    await become('p', '0/2 nodes are available: persistentvolumeclaim "c" not found. not found');
    await put(claim('c', { storageClassName: '' }));
    await become('p', '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found');
    await put(volume('v', 'b', { storageClassName: '' }));
    await become('p', 'b');
  });

  it('gets volumes of the node that it goes to, where the class waits for it', async () => {
    await put(claim('c'), claim('d'), user('p', 'c', 'd'), volume('a1', 'a'));
    const none = "2 node(s) didn't find available persistent volumes to bind";
    await become(
      'p',
      `0/2 nodes are available: ${none}. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`,
    );
    await put(volume('b1', 'b'), volume('b2', 'b'));
    await become('p', 'b');
    const claims = (await cluster.client.list(resources.persistentvolumeclaims)).items;
    expect(claims.map(({ spec, status }) => `${status.phase ?? ''} ${spec.volumeName ?? ''}`).toSorted()).toEqual(['Bound b1', 'Bound b2']);
  });

  it('is alone where its claim says so', async () => {
    await put(volume('v', 'a', { accessModes: ['ReadWriteOncePod'] }), claim('c', { accessModes: ['ReadWriteOncePod'] }), user('p', 'c'));
    await become('p', 'a');
    await put(user('q', 'c'));
    await expect
      .poll(() => seen('q'), { timeout: 10_000 })
      .toContain('1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode');
  });
});
