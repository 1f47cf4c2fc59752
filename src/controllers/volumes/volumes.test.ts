import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Event, PersistentVolume, PersistentVolumeClaim, Stored } from '../../api/types.ts';
import { systemHost } from '../../util/host.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { startVolumeBinder } from './binder.ts';
import { findVolume, misfit } from './match.ts';
import { startClaimProtection, startVolumeProtection } from './protection.ts';

const MIB = (count: number): { storage: string } => ({ storage: `${count}Mi` });
const volume = (name: string, spec: Partial<PersistentVolume['spec']> = {}, labels: Record<string, string> = {}): PersistentVolume => ({
  metadata: { name, labels },
  spec: { capacity: MIB(100), accessModes: ['ReadWriteOnce'], hostPath: { path: `/nonexistent/${name}` }, ...spec },
});
const claim = (name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: MIB(50) }, storageClassName: '', ...spec },
});

describe('a volume for a claim', () => {
  const free = (name: string, spec: Partial<PersistentVolume['spec']> = {}, labels = {}): Stored<PersistentVolume> =>
    ({ ...volume(name, spec, labels), status: { phase: 'Available' } }) as Stored<PersistentVolume>;
  const wants = (spec: Partial<PersistentVolumeClaim['spec']> = {}): Stored<PersistentVolumeClaim> => {
    const made = claim('c', spec);
    return { ...made, metadata: { ...made.metadata, uid: 'u' } } as Stored<PersistentVolumeClaim>;
  };
  it.each<[string, Stored<PersistentVolume>[], Stored<PersistentVolumeClaim>, string | undefined]>([
    [
      'is the smallest that is large enough',
      [free('big'), free('fits', { capacity: MIB(60) }), free('small', { capacity: MIB(40) })],
      wants(),
      'fits',
    ],
    [
      'has all access modes',
      [free('one'), free('two', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] })],
      wants({ accessModes: ['ReadOnlyMany'] }),
      'two',
    ],
    ['is of its class', [free('none'), free('fast', { storageClassName: 'fast' })], wants({ storageClassName: 'fast' }), 'fast'],
    ['has the labels', [free('a'), free('b', {}, { disk: 'ssd' })], wants({ selector: { matchLabels: { disk: 'ssd' } } }), 'b'],
    ['is of its mode', [free('file'), free('block', { volumeMode: 'Block' })], wants({ volumeMode: 'Block' }), 'block'],
    [
      'is the one that is kept for it',
      [free('a', { capacity: MIB(50) }), free('kept', { claimRef: { namespace: 'default', name: 'c' } })],
      wants(),
      'kept',
    ],
    ['is not kept for another', [free('kept', { claimRef: { namespace: 'default', name: 'other' } })], wants(), undefined],
    [
      'is not that of a claim of the same name before',
      [free('kept', { claimRef: { namespace: 'default', name: 'c', uid: 'before' } })],
      wants(),
      undefined,
    ],
  ])('%s', (_, volumes, wanted, name) => {
    expect(findVolume(wanted, volumes)?.metadata.name).toBe(name);
  });
  it.each<[Partial<PersistentVolume['spec']>, string | undefined]>([
    [{}, undefined],
    [{ capacity: MIB(1) }, 'requested PV is too small'],
    [{ storageClassName: 'x' }, 'storageClassName does not match'],
    [{ volumeMode: 'Block' }, 'incompatible volumeMode'],
    [{ accessModes: ['ReadOnlyMany'] }, 'incompatible accessMode'],
  ])('with %j that a claim names is refused: %s', (spec, why) => {
    expect(misfit(free('v', spec), wants())).toBe(why);
  });
});

describe('claims and volumes', () => {
  let cluster: TestCluster;
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'nodelet-volumes-'));
    cluster = await testCluster();
    await cluster.client.create(resources.namespaces, { metadata: { name: 'default' } }).catch(() => undefined);
    await cluster.run((context) => startVolumeBinder(context, systemHost.files));
    await cluster.run(startClaimProtection);
    await cluster.run(startVolumeProtection);
  });
  afterEach(async () => {
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const put = (...objects: readonly (PersistentVolume | PersistentVolumeClaim)[]): Promise<unknown> =>
    Promise.all(
      objects.map((object) =>
        object.metadata.namespace === undefined
          ? cluster.client.create(resources.persistentvolumes, object as PersistentVolume)
          : cluster.client.create(resources.persistentvolumeclaims, object as PersistentVolumeClaim, { namespace: 'default' }),
      ),
    );
  const pv = (name: string): Promise<Stored<PersistentVolume>> => cluster.client.get(resources.persistentvolumes, name);
  const pvc = (name: string): Promise<Stored<PersistentVolumeClaim>> =>
    cluster.client.get(resources.persistentvolumeclaims, name, { namespace: 'default' });
  const phases = async (): Promise<Record<string, string>> => {
    const volumes = (await cluster.client.list(resources.persistentvolumes)).items;
    const claims = (await cluster.client.list(resources.persistentvolumeclaims)).items;
    return Object.fromEntries([...volumes, ...claims].map(({ metadata, status }) => [metadata.name, status.phase ?? '']));
  };
  const become = (wanted: Record<string, string>): Promise<void> => expect.poll(phases, { timeout: 10_000 }).toEqual(wanted);
  const told = (text: string): Promise<void> =>
    expect
      .poll(
        async () =>
          ((await cluster.client.list(resources.events)).items as Event[]).map(
            (e) => `${e.type ?? ''} ${e.reason ?? ''}: ${e.message ?? ''}`,
          ),
        { timeout: 10_000 },
      )
      .toContain(text);
  const drop = (name: string): Promise<unknown> => cluster.client.delete(resources.persistentvolumeclaims, name, { namespace: 'default' });

  it('are bound to each other, with the marks of the original', async () => {
    await put(claim('c'));
    await told('Normal FailedBinding: no persistent volumes available for this claim and no storage class is set');
    await become({ c: 'Pending' });
    await put(volume('v'));
    await become({ v: 'Bound', c: 'Bound' });
    const [bound, wanted] = [await pv('v'), await pvc('c')];
    expect(bound.metadata).toMatchObject({
      annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' },
      finalizers: ['kubernetes.io/pv-protection'],
    });
    expect(bound.spec.claimRef).toMatchObject({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'default',
      name: 'c',
      uid: wanted.metadata.uid,
    });
    expect(wanted.metadata).toMatchObject({
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' },
      finalizers: ['kubernetes.io/pvc-protection'],
    });
    expect(wanted.status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: MIB(100) });
    expect(wanted.spec.volumeName).toBe('v');
  });

  it('that name each other are bound, and a named volume that does not suit is not', async () => {
    await put(
      volume('kept', { claimRef: { namespace: 'default', name: 'a' } }),
      volume('small', { capacity: MIB(1) }),
      claim('a', { volumeName: 'kept' }),
    );
    await become({ kept: 'Bound', small: 'Available', a: 'Bound' });
    expect((await pv('kept')).metadata.annotations).toBeUndefined();
    await put(claim('b', { volumeName: 'small' }), claim('d', { volumeName: 'kept' }));
    await told('Warning VolumeMismatch: Cannot bind to requested volume "small": requested PV is too small');
    await told('Warning FailedBinding: volume "kept" already bound to a different claim.');
    await become({ kept: 'Bound', small: 'Available', a: 'Bound', b: 'Pending', d: 'Pending' });
  });

  it('two claims never get one volume', async () => {
    await put(claim('a'), claim('b'), claim('c'), volume('v'), volume('w'));
    await expect
      .poll(async () => Object.values(await phases()).toSorted(), { timeout: 10_000 })
      .toEqual(['Bound', 'Bound', 'Bound', 'Bound', 'Pending']);
    const claims = await Promise.all(['a', 'b', 'c'].map(pvc));
    expect(claims.map(({ spec }) => spec.volumeName ?? '').toSorted()).toEqual(['', 'v', 'w']);
  });

  it('a claim says who would have to make its volume', async () => {
    const make = (name: string, provisioner: string, volumeBindingMode = 'Immediate'): Promise<unknown> =>
      cluster.client.create(resources['storageclasses.storage.k8s.io'], { metadata: { name }, provisioner, volumeBindingMode });
    await make('none', 'kubernetes.io/no-provisioner');
    await make('ours', 'example.com/disks');
    await make('late', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer');
    await put(...['none', 'ours', 'late', 'absent'].map((storageClassName) => claim(storageClassName, { storageClassName })));
    await told('Warning ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner');
    await told('Warning ProvisioningFailed: storageclass.storage.k8s.io "absent" not found');
    await told('Normal WaitForFirstConsumer: waiting for first consumer to be created before binding');
    await told(
      "Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disks' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    );
  });

  it('a volume is released with its claim, and deleted only where its policy and path say so', async () => {
    const kept = mkdtempSync('/tmp/nodelet-volume-');
    await put(
      volume('retain', { capacity: MIB(50) }),
      volume('delete', { capacity: MIB(60), persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: kept } }),
      volume('outside', { capacity: MIB(70), persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/var/nonexistent' } }),
    );
    await become({ retain: 'Available', delete: 'Available', outside: 'Available' });
    for (const [name, size] of [
      ['a', 50],
      ['b', 60],
      ['c', 70],
    ] as const)
      await put(claim(name, { resources: { requests: MIB(size) } }));
    await become({ retain: 'Bound', delete: 'Bound', outside: 'Bound', a: 'Bound', b: 'Bound', c: 'Bound' });
    for (const name of ['a', 'b', 'c']) await drop(name);
    await become({ retain: 'Released', outside: 'Failed' });
    await told('Warning VolumeFailedDelete: host_path deleter only supports /tmp/.+ but received provided /var/nonexistent');
    expect(existsSync(kept)).toBe(false);
    // A new claim of the old name does not get the old data.
    await put(claim('a', { resources: { requests: MIB(50) } }));
    await become({ retain: 'Released', outside: 'Failed', a: 'Pending' });
    const { claimRef: _freed, ...spec } = (await pv('retain')).spec;
    await cluster.client.update(resources.persistentvolumes, { ...(await pv('retain')), spec });
    await become({ retain: 'Bound', outside: 'Failed', a: 'Bound' });
  });

  it('a claim whose volume was taken away is lost', async () => {
    await put(volume('v'), claim('c'));
    await become({ v: 'Bound', c: 'Bound' });
    await cluster.client.delete(resources.persistentvolumes, 'v');
    expect((await pv('v')).metadata.deletionTimestamp).toBeDefined();
    const bound = await pv('v');
    await cluster.client.update(resources.persistentvolumes, { ...bound, metadata: { ...bound.metadata, finalizers: [] } });
    await become({ c: 'Lost' });
    await told('Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  });

  it('a claim that a pod uses stays until the pod is gone', async () => {
    await put(volume('v'), claim('c'));
    await become({ v: 'Bound', c: 'Bound' });
    const pod = {
      metadata: { name: 'p', namespace: 'default' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] },
    };
    await cluster.client.create(resources.pods, pod, { namespace: 'default' });
    await drop('c');
    await put(claim('other'));
    await told('Normal FailedBinding: no persistent volumes available for this claim and no storage class is set');
    expect((await pvc('c')).metadata.deletionTimestamp).toBeDefined();
    await cluster.client.delete(resources.pods, 'p', { namespace: 'default', delete: { gracePeriodSeconds: 0 } });
    await expect
      .poll(
        () =>
          pvc('c').then(
            () => 'there',
            (error: unknown) => (hasReason(error, 'NotFound') ? 'gone' : String(error)),
          ),
        { timeout: 10_000 },
      )
      .toBe('gone');
    await become({ v: 'Released', other: 'Pending' });
  });
});
