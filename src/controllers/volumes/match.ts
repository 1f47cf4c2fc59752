/** Which persistent volume suits a claim (component-helpers `storage/volume/pv_helpers.go`, controller-manager `volume/persistentvolume/index.go`). */
import { matchesNodeTerms } from '../../api/node-affinity.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { matcherOf } from '../../api/selectors.ts';
import { classOf } from '../../api/storage.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Stored } from '../../api/types.ts';

export type Volume = Stored<PersistentVolume>;
export type Claim = Stored<PersistentVolumeClaim>;

export const claimKey = ({ metadata }: Claim): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** What a volume that is kept for a claim says of it. */
export const refTo = ({ metadata: { name, namespace = '', uid, resourceVersion } }: Claim): NonNullable<Volume['spec']['claimRef']> => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  name,
  namespace,
  uid,
  resourceVersion,
});

/** Whether a volume is kept for this claim: by its uid, or by its name while no uid is given. */
export function isFor({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean {
  if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return (claimRef.uid ?? '') === '' || claimRef.uid === metadata.uid;
}

const modeOf = ({ spec }: Volume | Claim): string => spec.volumeMode ?? 'Filesystem';
const requested = ({ spec }: Claim): string => spec.resources?.requests?.['storage'] ?? '0';
const capacity = ({ spec }: Volume): string => spec.capacity?.['storage'] ?? '0';

/** What keeps a volume that a claim names from being bound to it; undefined when nothing does. */
export function misfit(volume: Volume, claim: Claim): string | undefined {
  if (compareQuantities(capacity(volume), requested(claim)) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return hasModes(volume, claim) ? undefined : 'incompatible accessMode';
}

const hasModes = (volume: Volume, claim: Claim): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode) === true);

export interface MatchOptions {
  /** Only volumes that this node can reach. */
  readonly node?: Pick<Node, 'metadata'>;
  /** The claim waits for its pod: only a volume that is kept for it counts. */
  readonly keptOnly?: boolean;
}

/** The volume that is kept for the claim, else the smallest free one that suits it. */
export function findVolume(claim: Claim, volumes: Iterable<Volume>, { node, keptOnly = false }: MatchOptions = {}): Volume | undefined {
  const selector = claim.spec.selector ? matcherOf(claim.spec.selector) : undefined;
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (modeOf(volume) !== modeOf(claim) || volume.metadata.deletionTimestamp !== undefined) continue;
    const fits = compareQuantities(capacity(volume), requested(claim)) >= 0;
    if (volume.spec.claimRef) {
      if (isFor(volume, claim) && fits) return node && !reaches(volume, node) ? undefined : volume;
      continue;
    }
    if (keptOnly || !fits || volume.status.phase !== 'Available') continue;
    if (classOf(volume) !== classOf(claim) || !hasModes(volume, claim)) continue;
    if (selector && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (node && !reaches(volume, node)) continue;
    if (best === undefined || isBetter(volume, best)) best = volume;
  }
  return best;
}

function isBetter(volume: Volume, best: Volume): boolean {
  const order = compareQuantities(capacity(volume), capacity(best));
  return order < 0 || (order === 0 && volume.metadata.name < best.metadata.name);
}

/** Whether a node can reach a volume. */
export function reaches({ spec }: Volume, node: Pick<Node, 'metadata'>): boolean {
  const required = spec.nodeAffinity?.required;
  return required === undefined || matchesNodeTerms(required.nodeSelectorTerms, node);
}
