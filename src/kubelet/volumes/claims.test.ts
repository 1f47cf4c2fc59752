import { mkdtempSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { PersistentVolume, PersistentVolumeClaim, PodSpec } from '../../api/types.ts';
import { systemHost } from '../../util/host.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { aPod } from '../testing/objects.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually, startTestNode, type TestNode } from '../testing/node.ts';
import { claimOf, mountClaim, type MountedClaim } from './claims.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nodelet-claims-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const claim = (status: PersistentVolumeClaim['status'] = { phase: 'Bound' }, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'data', namespace: 'default', uid: 'claim-uid', ...metadata },
  spec: { volumeName: 'pv', ...spec },
  status,
});
const volume = (spec: Partial<PersistentVolume['spec']>): object => ({
  metadata: { name: 'pv' },
  spec: { claimRef: { namespace: 'default', name: 'data', uid: 'claim-uid' }, ...spec },
});
const mounting = (use: 'volumeMounts' | 'volumeDevices' = 'volumeMounts'): Partial<PodSpec> => ({
  containers: [
    {
      name: 'c',
      image: 'busybox',
      ...(use === 'volumeMounts'
        ? { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
        : { volumeDevices: [{ name: 'v', devicePath: '/dev/v' }] }),
    },
  ],
});

async function mount(
  objects: { readonly claim?: object; readonly pv?: object },
  spec: Partial<PodSpec> = mounting(),
  source: object = {},
): Promise<MountedClaim> {
  const api = createFakeApi('node-a');
  if (objects.claim) api.put(resources.persistentvolumeclaims, objects.claim);
  if (objects.pv) api.put(resources.persistentvolumes, objects.pv);
  const wanted = { name: 'v', persistentVolumeClaim: { claimName: 'data', ...source } };
  const pod = aPod({ ...spec, volumes: [wanted] });
  const name = claimOf(pod, wanted);
  if (name === undefined) throw new Error('the volume is no claim');
  const node = () => ({ metadata: { name: 'node-a', labels: { disk: 'slow' } } });
  return mountClaim(pod, wanted, name, { client: api.client, files: systemHost.files, node });
}

const UNPROCESSED =
  'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/data: ';

describe('a claim', () => {
  it.each<[string, Parameters<typeof mount>, string]>([
    ['is not there', [{}], 'failed to fetch PVC from API server: persistentvolumeclaims "data" not found'],
    ['waits', [{ claim: claim({ phase: 'Pending' }, { volumeName: undefined }) }], 'PVC is not bound'],
    ['has lost its volume', [{ claim: claim({ phase: 'Lost' }) }], 'PVC is not bound'],
    ['is being deleted', [{ claim: claim(undefined, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }) }], 'PVC is being deleted'],
    ['has a volume that is gone', [{ claim: claim() }], 'failed to fetch PV pv from API server: persistentvolumes "pv" not found'],
    [
      'has a volume that knows nothing of it',
      [{ claim: claim(), pv: { metadata: { name: 'pv' }, spec: {} } }],
      'found PV object pv from the API server but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim',
    ],
    [
      'has the volume of another claim of that name',
      [{ claim: claim(), pv: volume({ claimRef: { uid: 'before' } }) }],
      'found PV object pv from the API server but its pv.Spec.ClaimRef.UID before does not point to claim.UID claim-uid',
    ],
    [
      'is a block device that is mounted',
      [{ claim: claim(), pv: volume({ volumeMode: 'Block', local: { path: '/' } }) }],
      'volume v has volumeMode Block, but is specified in volumeMounts',
    ],
    [
      'is a file system that is wanted as a device',
      [{ claim: claim(), pv: volume({ local: { path: '/' } }) }, mounting('volumeDevices')],
      'volume v has volumeMode Filesystem, but is specified in volumeDevices',
    ],
  ])('that %s keeps its pod waiting', async (_, given, why) => {
    await expect(mount(...given)).rejects.toThrow(UNPROCESSED + why);
  });

  const pv = (spec: Partial<PersistentVolume['spec']>) => ({ claim: claim(), pv: volume(spec) });
  const on = (disk: string): Partial<PersistentVolume['spec']> => ({
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: [disk] }] }] } },
  });
  it.each<[string, Parameters<typeof mount>, string]>([
    [
      'on another node',
      [pv({ local: { path: '/' }, ...on('fast') })],
      'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
    ],
    [
      'whose path is not there',
      [pv({ local: { path: '/nonexistent/d' } })],
      'MountVolume.NewMounter initialization failed for volume "pv" : path "/nonexistent/d" does not exist',
    ],
    [
      'that is a file',
      [pv({ local: { path: '/etc/passwd' } })],
      'MountVolume.SetUp failed for volume "pv" : /etc/passwd is not a directory: this node formats no block devices',
    ],
    [
      'whose hostPath is no directory',
      [pv({ hostPath: { path: '/etc/passwd', type: 'Directory' } })],
      'MountVolume.SetUp failed for volume "pv" : hostPath type check failed: /etc/passwd is not a directory',
    ],
    [
      'of a kind that is not known',
      [pv({ capacity: { storage: '1Gi' }, nfs: { server: 'h', path: '/' } })],
      'MountVolume.SetUp failed for volume "pv" : persistent volumes of type nfs are not supported by this node',
    ],
    [
      'that is a block device',
      [pv({ volumeMode: 'Block', local: { path: '/dev/null' } }), mounting('volumeDevices')],
      'MapVolume.SetUpDevice failed for volume "pv" : block volumes are not supported by this node',
    ],
  ])('of a volume %s is refused with words', async (_, given, message) => {
    await expect(mount(...given)).rejects.toThrow(message);
  });

  it('of a local volume gives its path to the pod’s group, unless it is read-only', async () => {
    const path = join(directory, 'd');
    mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(path, 'f'), '', { mode: 0o644 });
    const spec = { ...mounting(), securityContext: { fsGroup: process.getgid?.() ?? 0 } };
    const bound = pv({ local: { path }, ...on('slow') });
    const ready = { path, claim: { namespace: 'default', name: 'data' }, measured: true };
    expect(await mount(bound, spec, { readOnly: true })).toEqual({ ...ready, readonly: true });
    expect(statSync(path).mode & 0o7777).toBe(0o755);
    expect(await mount(bound, spec)).toEqual({ ...ready, readonly: false });
    expect([statSync(path).mode & 0o7777, statSync(join(path, 'f')).mode & 0o7777]).toEqual([0o2775, 0o664]);
  });
});

describe('a pod with a claim', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startTestNode({ images: ['busybox:1'], host: fastHost(20) });
  });
  afterEach(() => node.close());

  it('says what it waits for, and starts when the claim is bound', { timeout: 30_000 }, async () => {
    const { api } = node;
    api.put(resources.persistentvolumeclaims, claim({ phase: 'Pending' }));
    api.put(resources.persistentvolumes, volume({ hostPath: { path: directory } }));
    api.createPod({
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data', readOnly: true } }],
        containers: [{ name: 'c', image: 'busybox:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      },
    });
    await eventually(() => node.events('p').includes(`Warning FailedMount: ${UNPROCESSED}PVC is not bound`), 'the event');
    await api.client.update(resources.persistentvolumeclaims, claim() as never);
    await eventually(() => api.pod('p')?.status.phase === 'Running', 'the pod');
    const [container] = node.runtime.containers.values();
    expect(container?.config.mounts).toContainEqual({ containerPath: '/v', hostPath: directory, readonly: true, propagation: 'private' });
  });

  it('tells how full a local volume is', { timeout: 30_000 }, async () => {
    const { api, kubelet } = node;
    api.put(resources.persistentvolumeclaims, claim());
    api.put(resources.persistentvolumes, volume({ local: { path: directory } }));
    api.createPod({
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
        containers: [{ name: 'c', image: 'busybox:1', volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a/b' }] }],
      },
    });
    await eventually(() => api.pod('p')?.status.phase === 'Running', 'the pod');
    expect(statSync(join(directory, 'a/b')).isDirectory()).toBe(true);
    const family = (): string => {
      const lines: string[] = [];
      for (const f of kubelet.measurements.families ?? [])
        if (f.name === 'kubelet_volume_stats_capacity_bytes') f.write((_suffix, labels, value) => value > 0 && lines.push(labels));
      return lines.join('');
    };
    await eventually(() => family().includes('namespace="default",persistentvolumeclaim="data"'), 'the metric');
  });
});
