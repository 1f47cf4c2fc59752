/** What a pod's claims ask of its node (kube-scheduler `plugins/volumebinding`, `plugins/volumerestrictions`). */
import { resources } from '../../api/resources.ts';
import { claimNames, classOf } from '../../api/storage.ts';
import type { Node, ObjectOf, Pod, Stored } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { BOUND_BY_CONTROLLER } from '../volumes/binder.ts';
import { findVolume, reaches, refTo, type Claim, type Volume } from '../volumes/match.ts';
import type { Misfit } from './filters.ts';

/** Claims, volumes and classes as they are now, by their keys. */
export interface VolumeFacts {
  readonly claims: ReadonlyMap<string, Claim>;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly classes: ReadonlyMap<string, ObjectOf<'storage/v1.StorageClass'>>;
}

export interface PodVolumes {
  /** Why no node at all will do; undefined when one may. */
  readonly problem: string | undefined;
  readonly bound: readonly Volume[];
  /** Claims that get their volume when the node is chosen. */
  readonly waiting: readonly Claim[];
  /** Keys of claims that one pod alone may use. */
  readonly single: readonly string[];
}

const NONE: PodVolumes = { problem: undefined, bound: [], waiting: [], single: [] };
const NOT_HELPED = false;

/** Keys of the claims that a pod uses. */
const claimKeys = (pod: Stored<Pod>): string[] => claimNames(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`);

export function podVolumes(pod: Stored<Pod>, { claims, volumes, classes }: VolumeFacts): PodVolumes {
  const keys = claimKeys(pod);
  if (keys.length === 0) return NONE;
  const bound: Volume[] = [];
  const waiting: Claim[] = [];
  const single: string[] = [];
  let unbound = false;
  for (const key of keys) {
    const name = key.slice(key.indexOf('/') + 1);
    const claim = claims.get(key);
    const no = (what: string): PodVolumes => ({ ...NONE, problem: `persistentvolumeclaim "${name}" ${what}` });
    if (claim === undefined) return no('not found');
    if (claim.metadata.deletionTimestamp !== undefined) return no('is being deleted');
    const { volumeName = '', accessModes } = claim.spec;
    if (claim.status.phase === 'Lost') return no(`bound to non-existent persistentvolume "${volumeName}"`);
    if (accessModes?.includes('ReadWriteOncePod') === true) single.push(key);
    if (claim.status.phase === 'Bound') {
      const volume = volumes.get(volumeName);
      if (volume === undefined) return no(`bound to non-existent persistentvolume "${volumeName}"`);
      bound.push(volume);
    } else if (volumeName === '' && classes.get(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer') waiting.push(claim);
    else unbound = true;
  }
  return { problem: unbound ? 'pod has unbound immediate PersistentVolumeClaims' : undefined, bound, waiting, single };
}

/** Why a node cannot have a pod with these volumes. `pods`: those that are on it. */
export function volumeMisfits(
  { bound, waiting, single }: PodVolumes,
  node: Stored<Node>,
  pods: readonly Stored<Pod>[],
  facts: VolumeFacts,
): Misfit[] {
  if (single.length > 0 && pods.some((other) => claimKeys(other).some((key) => single.includes(key))))
    return [{ reason: 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode', preemptible: true }];
  const found: Misfit[] = [];
  if (!bound.every((volume) => reaches(volume, node)))
    found.push({ reason: "node(s) didn't match PersistentVolume's node affinity", preemptible: NOT_HELPED });
  if (waiting.length > 0 && choose(waiting, node, facts) === undefined)
    found.push({ reason: "node(s) didn't find available persistent volumes to bind", preemptible: NOT_HELPED });
  return found;
}

/** A volume for each claim, none twice; undefined when there are not enough. Those who want most choose first. */
function choose(waiting: readonly Claim[], node: Stored<Node>, { volumes }: VolumeFacts): (readonly [Claim, Volume])[] | undefined {
  const free = new Set(volumes.values());
  const chosen: (readonly [Claim, Volume])[] = [];
  for (const claim of waiting) {
    const volume = findVolume(claim, free, { node });
    if (volume === undefined) return undefined;
    free.delete(volume);
    chosen.push([claim, volume]);
  }
  return chosen;
}

/** Keeps a volume for each claim that waited for its node; the binder does the rest. */
export async function keepVolumes(client: KubeClient, { waiting }: PodVolumes, node: Stored<Node>, facts: VolumeFacts): Promise<void> {
  for (const [claim, volume] of choose(waiting, node, facts) ?? []) {
    if (volume.spec.claimRef) continue;
    await client.update(resources.persistentvolumes, {
      ...volume,
      metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' } },
      spec: { ...volume.spec, claimRef: refTo(claim) },
    });
  }
}
