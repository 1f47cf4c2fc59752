/** Binds claims to volumes that were made by hand, and frees or deletes those whose claim is gone (controller-manager `volume/persistentvolume/pv_controller.go`). */
import { unlessNotFound } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import { classOf } from '../../api/storage.ts';
import { goTime } from '../../api/time.ts';
import type { ObjectOf } from '../../api/types.ts';
import type { Files } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { recordEvent } from '../events.ts';
import { ownWrites } from '../own-writes.ts';
import { startWorkQueue } from '../queue.ts';
import { claimKey, findVolume, isFor, misfit, refTo, type Claim, type Volume } from './match.ts';

const COMPONENT = 'persistentvolume-controller';
/** The controller chose the other side: what it did may be undone. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const PROVISIONER = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner'];
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Everything is looked at again this often (`--pvclaimbinder-sync-period`). */
const RESYNC_MS = 15_000;
/** The only paths of a host that are deleted with their volume. */
const DELETABLE = /^\/tmp\/.+/;

type Phase = 'Available' | 'Bound' | 'Released' | 'Failed' | 'Pending' | 'Lost';
type StorageClass = ObjectOf<'storage/v1.StorageClass'>;

/** `files`: this machine's, on which hostPath volumes are deleted. */
export function startVolumeBinder(context: ControllerContext, files: Pick<Files, 'rm'>): Controller {
  const { client, reader = client, clock, log } = context;
  const queue = startWorkQueue({ clock, handle, failed: (key, error) => log.v(1, 'Will look again', { key, err: errorText(error) }) });
  const askClaim = (claim: Claim): void => queue.add(`claim ${claimKey(claim)}`);
  const askVolume = (volume: Volume): void => queue.add(`volume ${volume.metadata.name}`);
  const volumes = reader.inform(
    resources.persistentvolumes,
    {},
    { added: volumeChanged, modified: volumeChanged, deleted: (volume) => askRef(volume) },
  );
  const claims = reader.inform(
    resources.persistentvolumeclaims,
    {},
    { added: claimChanged, modified: claimChanged, deleted: (claim) => askVolumeOf(claim) },
  );
  const classes = reader.inform(resources['storageclasses.storage.k8s.io'], {}, { added: askAll, modified: askAll });
  const ownVolumes = ownWrites(() => volumes.items);
  const ownClaims = ownWrites(() => claims.items);
  const synced = Promise.all([volumes.synced, claims.synced, classes.synced]);
  const timer = clock.every(RESYNC_MS, askAll);
  /** Claims that were told why they wait; said again when the reason changes. */
  const told = new Map<string, string>();

  function volumeChanged(volume: Volume): void {
    ownVolumes.saw(volume);
    askVolume(volume);
    askRef(volume);
    // One that came or was freed may be what a claim waits for.
    if (volume.spec.claimRef === undefined) for (const claim of claims.items.values()) if (claim.status.phase !== 'Bound') askClaim(claim);
  }
  function claimChanged(claim: Claim): void {
    ownClaims.saw(claim);
    askClaim(claim);
    askVolumeOf(claim);
  }
  function askRef({ spec: { claimRef } }: Volume): void {
    if (claimRef) queue.add(`claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`);
  }
  function askVolumeOf({ spec }: Claim): void {
    if ((spec.volumeName ?? '') !== '') queue.add(`volume ${spec.volumeName ?? ''}`);
  }
  function askAll(): void {
    volumes.items.forEach(askVolume);
    claims.items.forEach(askClaim);
  }

  async function handle(key: string): Promise<void> {
    await synced;
    const [kind, name = ''] = key.split(' ');
    await unlessNotFound(kind === 'claim' ? lookAtClaim(name) : lookAtVolume(name));
  }

  async function lookAtClaim(key: string): Promise<void> {
    const claim = claims.items.has(key) ? ownClaims.get(key) : undefined;
    if (claim) await syncClaim(claim);
    else told.delete(key);
  }

  async function lookAtVolume(name: string): Promise<void> {
    const volume = volumeNamed(name);
    if (volume) await syncVolume(volume);
  }

  const volumeNamed = (name: string): Volume | undefined =>
    volumes.items.has(name) ? (ownVolumes.get(`/${name}`) ?? ownVolumes.get(name)) : undefined;

  async function syncClaim(claim: Claim): Promise<void> {
    if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return syncBound(claim);
    const { volumeName = '' } = claim.spec;
    if (volumeName === '') return seek(claim);
    const volume = volumeNamed(volumeName);
    if (volume === undefined) return setClaimPhase(claim, 'Pending');
    if (volume.spec.claimRef === undefined) {
      const no = misfit(volume, claim);
      if (no === undefined) return bind(volume, claim);
      tell(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${volumeName}": ${no}`);
    } else if (isFor(volume, claim)) return bind(volume, claim);
    else tell(claim, 'Warning', 'FailedBinding', `volume "${volumeName}" already bound to a different claim.`);
    await setClaimPhase(claim, 'Pending');
  }

  /** A claim without a volume: takes the best there is. */
  async function seek(claim: Claim): Promise<void> {
    const name = classOf(claim);
    const found = classes.items.get(name);
    const waits = found?.volumeBindingMode === 'WaitForFirstConsumer';
    const all = volumes.items.keys();
    const known = [...all].flatMap((of) => volumeNamed(of) ?? []);
    const volume = findVolume(claim, known, { keptOnly: waits });
    if (volume) return bind(volume, claim);
    if (waits && claim.metadata.annotations?.[SELECTED_NODE] === undefined)
      tell(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
    else if (name === '')
      tell(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
    else await provision(claim, name, found);
    await setClaimPhase(claim, 'Pending');
  }

  /** Makes nothing: says who would have to. */
  async function provision(claim: Claim, name: string, found: StorageClass | undefined): Promise<void> {
    if (found === undefined) return tell(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`);
    const { provisioner } = found;
    if (provisioner.startsWith('kubernetes.io/'))
      return tell(claim, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
    if (PROVISIONER.some((key) => claim.metadata.annotations?.[key] !== provisioner)) {
      const annotations = { ...claim.metadata.annotations, ...Object.fromEntries(PROVISIONER.map((key) => [key, provisioner])) };
      ownClaims.wrote(
        await client.update(resources.persistentvolumeclaims, { ...claim, metadata: { ...claim.metadata, annotations } }, of(claim)),
      );
    }
    tell(
      claim,
      'Normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  }

  async function syncBound(claim: Claim): Promise<void> {
    const { volumeName = '' } = claim.spec;
    const volume = volumeName === '' ? undefined : (volumeNamed(volumeName) ?? (await lookUp(volumeName)));
    if (volumeName === '')
      return lose(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
    if (volume === undefined) return lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    const { claimRef } = volume.spec;
    if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return bind(volume, claim);
    await lose(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }

  /** The watch of volumes may be behind that of claims. */
  const lookUp = (name: string): Promise<Volume | undefined> => unlessNotFound(client.get(resources.persistentvolumes, name));

  async function lose(claim: Claim, reason: string, message: string): Promise<void> {
    if (claim.status.phase === 'Lost') return;
    await setClaimPhase(claim, 'Lost');
    tell(claim, 'Warning', reason, message);
  }

  /** Volume first, claim second: what is half done is seen and finished. */
  async function bind(given: Volume, claim: Claim): Promise<void> {
    let volume = given;
    const { claimRef } = volume.spec;
    if (claimRef === undefined || claimRef.uid !== claim.metadata.uid) {
      const annotations =
        claimRef === undefined ? { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' } : volume.metadata.annotations;
      volume = await client.update(resources.persistentvolumes, {
        ...volume,
        metadata: { ...volume.metadata, ...(annotations && { annotations }) },
        spec: { ...volume.spec, claimRef: refTo(claim) },
      });
      ownVolumes.wrote(volume);
    }
    await setVolumePhase(volume, 'Bound');
    let bound = claim;
    const { annotations = {} } = claim.metadata;
    const chosen = claim.spec.volumeName !== volume.metadata.name;
    if (chosen || annotations[BIND_COMPLETED] === undefined) {
      bound = await client.update(
        resources.persistentvolumeclaims,
        {
          ...claim,
          metadata: {
            ...claim.metadata,
            annotations: { ...annotations, [BIND_COMPLETED]: 'yes', ...(chosen && { [BOUND_BY_CONTROLLER]: 'yes' }) },
          },
          spec: { ...claim.spec, volumeName: volume.metadata.name },
        },
        of(claim),
      );
      ownClaims.wrote(bound);
    }
    told.delete(claimKey(claim));
    await setClaimPhase(bound, 'Bound', volume);
  }

  async function syncVolume(volume: Volume): Promise<void> {
    const { claimRef } = volume.spec;
    if (claimRef === undefined || (claimRef.uid ?? '') === '') return void (await setVolumePhase(volume, 'Available'));
    const key = `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
    let claim: Claim | undefined = claims.items.has(key) ? ownClaims.get(key) : undefined;
    if (claim?.metadata.uid !== claimRef.uid) claim = await claimOf(claimRef.namespace ?? '', claimRef.name ?? '');
    if (claim === undefined || claim.metadata.uid !== claimRef.uid) {
      const phase = volume.status.phase;
      const released = phase === 'Released' || phase === 'Failed' ? volume : await setVolumePhase(volume, 'Released');
      return reclaim(released);
    }
    const { volumeName = '' } = claim.spec;
    if (volumeName === volume.metadata.name) await setVolumePhase(volume, 'Bound');
    else if (volumeName === '') askClaim(claim);
    else await unbind(volume);
  }

  const claimOf = (namespace: string, name: string): Promise<Claim | undefined> =>
    unlessNotFound(client.get(resources.persistentvolumeclaims, name, { namespace }));

  /** The claim took another volume: this one is as it was before, kept by its name where a user kept it. */
  async function unbind(volume: Volume): Promise<void> {
    const { [BOUND_BY_CONTROLLER]: ours, ...annotations } = volume.metadata.annotations ?? {};
    const { claimRef, ...spec } = volume.spec;
    const { uid: _uid, resourceVersion: _version, ...kept } = claimRef ?? {};
    const freed = await client.update(resources.persistentvolumes, {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: ours === undefined ? { ...spec, claimRef: kept } : spec,
    });
    ownVolumes.wrote(freed);
    await setVolumePhase(freed, 'Available');
  }

  async function reclaim(volume: Volume): Promise<void> {
    const { persistentVolumeReclaimPolicy: policy, hostPath } = volume.spec;
    const { name, uid, deletionTimestamp } = volume.metadata;
    if (policy === 'Retain' || volume.status.phase === 'Failed' || deletionTimestamp !== undefined) return;
    if (policy === 'Recycle') return fail(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    if (hostPath === undefined)
      return fail(
        volume,
        'VolumeFailedDelete',
        `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`,
      );
    if (!DELETABLE.test(hostPath.path) || hostPath.path.split('/').includes('..'))
      return fail(volume, 'VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`);
    await files.rm(hostPath.path, { recursive: true, force: true });
    await client.delete(resources.persistentvolumes, name, { delete: { preconditions: { uid } } });
  }

  async function fail(volume: Volume, reason: string, message: string): Promise<void> {
    await setVolumePhase(volume, 'Failed', message);
    event(volume, 'PersistentVolume', 'Warning', reason, message);
  }

  async function setVolumePhase(volume: Volume, phase: Phase, message = ''): Promise<Volume> {
    if (volume.status.phase === phase && (volume.status.message ?? '') === message) return volume;
    const { message: _before, ...before } = volume.status;
    const lastPhaseTransitionTime = goTime(clock.now());
    const status = { ...before, phase, ...(message !== '' && { message }), lastPhaseTransitionTime };
    const written = await client.update(resources.persistentvolumes, { ...volume, status }, { subresource: 'status' });
    ownVolumes.wrote(written);
    return written;
  }

  async function setClaimPhase(claim: Claim, phase: Phase, volume?: Volume): Promise<void> {
    const shown = volume && { accessModes: volume.spec.accessModes ?? [], capacity: { ...volume.spec.capacity } };
    const status = { ...claim.status, phase, ...shown };
    if (JSON.stringify(status) === JSON.stringify({ ...claim.status, ...pick(claim.status, shown) })) return;
    ownClaims.wrote(await client.update(resources.persistentvolumeclaims, { ...claim, status }, { ...of(claim), subresource: 'status' }));
  }

  function tell(claim: Claim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const key = claimKey(claim);
    if (told.get(key) === message) return;
    told.set(key, message);
    event(claim, 'PersistentVolumeClaim', type, reason, message);
  }

  function event(object: Claim | Volume, kind: string, type: 'Normal' | 'Warning', reason: string, message: string): void {
    void recordEvent({ client, clock, log }, { object, kind, component: COMPONENT, type, reason, message, action: reason });
  }

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      timer.cancel();
      queue.stop();
      volumes.stop();
      claims.stop();
      classes.stop();
    },
  };
}

const of = ({ metadata }: Claim): { namespace: string } => ({ namespace: metadata.namespace ?? '' });

/** The fields of a status in the order in which the new one has them. */
const pick = (status: Claim['status'], shown: object | undefined): object =>
  shown === undefined ? {} : { accessModes: status.accessModes, capacity: status.capacity };
