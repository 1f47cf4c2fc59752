/**
 * From a pod's claim to the volume that it is bound to (kubernetes
 * `pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go`, createVolumeSpec).
 */
import { matchesNodeTerms } from '../../api/node-affinity.ts';
import { resources } from '../../api/resources.ts';
import { claimNameOf } from '../../api/storage.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Stored, Volume } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Files } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { podContainers, type NodePod } from '../pods/pod.ts';
import { applyFsGroup } from './fs-group.ts';
import { prepareHostPath } from './host-path.ts';

/** A claim whose volume is not known yet: the pod waits. The message is that of the event. */
export class ClaimNotProcessed extends Error {
  constructor(volume: string, { namespace, name }: ClaimName, why: string) {
    super(
      `Unable to attach or mount volumes: unmounted volumes=[${volume}], unattached volumes=[], failed to process volumes=[${volume}]: ` +
        `error processing PVC ${namespace}/${name}: ${why}`,
    );
    this.name = 'ClaimNotProcessed';
  }
}

/** A volume that is known and cannot be mounted. The message is that of the event. */
export class VolumeNotMounted extends Error {
  constructor(operation: string, volume: string, why: string) {
    super(`${operation} for volume "${volume}" : ${why}`);
    this.name = 'VolumeNotMounted';
  }
}

export interface ClaimName {
  readonly namespace: string;
  readonly name: string;
}

/** The claim that a pod's volume stands for; undefined when it is another kind of volume. */
export function claimOf({ metadata: { name: pod, namespace } }: NodePod, volume: Volume): ClaimName | undefined {
  const name = claimNameOf(pod, volume);
  return name === undefined ? undefined : { namespace, name };
}

export interface ClaimContext {
  readonly client: KubeClient | undefined;
  readonly files: Files;
  readonly node: () => Pick<Node, 'metadata'> | undefined;
}

export interface MountedClaim {
  readonly path: string;
  readonly readonly: boolean;
  readonly claim: ClaimName;
  /** What it holds can be told: the original does not ask what a path of the host holds. */
  readonly measured: boolean;
}

/** Finds the bound volume and makes it ready. Rejects with ClaimNotProcessed or VolumeNotMounted. */
export async function mountClaim(pod: NodePod, volume: Volume, claim: ClaimName, context: ClaimContext): Promise<MountedClaim> {
  const bound = await boundVolume(pod, volume, claim, context.client);
  const { name } = bound.metadata;
  const node = context.node();
  const required = bound.spec.nodeAffinity?.required;
  if (required && node && !matchesNodeTerms(required.nodeSelectorTerms, node))
    throw new VolumeNotMounted('MountVolume.NodeAffinity check failed', name, 'no matching NodeSelectorTerms');
  const readonly = volume.persistentVolumeClaim?.readOnly === true;
  const failed = (why: unknown): VolumeNotMounted => new VolumeNotMounted('MountVolume.SetUp failed', name, errorText(why));
  const { hostPath, local } = bound.spec;
  if (hostPath) {
    await prepareHostPath(context.files, hostPath.path, hostPath.type ?? '').catch((error: unknown) => {
      throw failed(error);
    });
    return { path: hostPath.path, readonly, claim, measured: false };
  }
  if (!local) throw failed(`persistent volumes of type ${sourceOf(bound)} are not supported by this node`);
  const stats = await context.files.stat(local.path).catch(() => undefined);
  if (stats === undefined)
    throw new VolumeNotMounted('MountVolume.NewMounter initialization failed', name, `path "${local.path}" does not exist`);
  if (local.path.split('/').includes('..')) throw failed(`invalid path: ${local.path} must not contain '..'`);
  if (!stats.isDirectory()) throw failed(`${local.path} is not a directory: this node formats no block devices`);
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
  if (fsGroup !== undefined && !readonly)
    await applyFsGroup(context.files, local.path, fsGroup, { recursive: true, onMismatch: fsGroupChangePolicy === 'OnRootMismatch' }).catch(
      (error: unknown) => {
        throw failed(`applyFSGroup failed for vol ${name}: ${errorText(error)}`);
      },
    );
  return { path: local.path, readonly, claim, measured: true };
}

async function boundVolume(
  pod: NodePod,
  volume: Volume,
  name: ClaimName,
  client: KubeClient | undefined,
): Promise<Stored<PersistentVolume>> {
  const no = (why: string): ClaimNotProcessed => new ClaimNotProcessed(volume.name, name, why);
  if (client === undefined) throw no('failed to fetch PVC from API server: there is none');
  let claim: Stored<PersistentVolumeClaim>;
  try {
    claim = await client.get(resources.persistentvolumeclaims, name.name, { namespace: name.namespace });
  } catch (error) {
    throw no(`failed to fetch PVC from API server: ${errorText(error)}`);
  }
  const owned = claim.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === pod.metadata.uid) === true;
  if (volume.ephemeral && !owned)
    throw no(
      `PVC ${name.namespace}/${name.name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  if (claim.metadata.deletionTimestamp !== undefined) throw no('PVC is being deleted');
  const { volumeName = '' } = claim.spec;
  if (claim.status.phase !== 'Bound' || volumeName === '') throw no('PVC is not bound');
  let bound: Stored<PersistentVolume>;
  try {
    bound = await client.get(resources.persistentvolumes, volumeName);
  } catch (error) {
    throw no(`failed to fetch PV ${volumeName} from API server: ${errorText(error)}`);
  }
  const { claimRef } = bound.spec;
  if (!claimRef)
    throw no(
      `found PV object ${volumeName} from the API server but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  if (claimRef.uid !== claim.metadata.uid)
    throw no(
      `found PV object ${volumeName} from the API server but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${claim.metadata.uid}`,
    );
  checkMode(pod, volume.name, bound, no);
  return bound;
}

/** A file system is mounted and a block device is handed on: a container asks for one or the other. */
function checkMode(pod: NodePod, name: string, { metadata, spec }: Stored<PersistentVolume>, no: (why: string) => Error): void {
  const uses = (field: 'volumeMounts' | 'volumeDevices'): boolean =>
    podContainers(pod.spec).some(({ container }) => container[field]?.some((use: { readonly name: string }) => use.name === name) === true);
  const block = spec.volumeMode === 'Block';
  if (block && uses('volumeMounts')) throw no(`volume ${name} has volumeMode Block, but is specified in volumeMounts`);
  if (!block && uses('volumeDevices')) throw no(`volume ${name} has volumeMode Filesystem, but is specified in volumeDevices`);
  if (block) throw new VolumeNotMounted('MapVolume.SetUpDevice failed', metadata.name, 'block volumes are not supported by this node');
}

const NO_SOURCE: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);
const sourceOf = ({ spec }: Stored<PersistentVolume>): string => Object.keys(spec).find((key) => !NO_SOURCE.has(key)) ?? 'unknown';
