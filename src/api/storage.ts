/** Names of storage that several parts must agree on, and which claims a pod uses (kubernetes `pkg/volume/util/storageclass.go`, component-helpers `storage/ephemeral`). */
import type { PersistentVolume, PersistentVolumeClaim, Pod, Stored, Volume } from './types.ts';

/** Keeps a claim from vanishing while a pod uses it. */
export const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';
/** Keeps a volume from vanishing while it is bound. */
export const VOLUME_FINALIZER = 'kubernetes.io/pv-protection';
/** Where the class stood before it was a field. */
export const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** The class of a claim or volume; empty for none. */
export const classOf = ({ metadata, spec }: Pick<Stored<PersistentVolume> | Stored<PersistentVolumeClaim>, 'metadata' | 'spec'>): string =>
  metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? '';

/** The name of the claim that a pod's volume stands for; undefined when it is another kind of volume. */
export function claimNameOf(pod: string | undefined, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  return persistentVolumeClaim?.claimName ?? (ephemeral ? `${pod ?? ''}-${name}` : undefined);
}

/** Names of the claims that a pod uses, all in its namespace. */
export const claimNames = ({ metadata, spec }: Pick<Stored<Pod>, 'metadata' | 'spec'>): string[] =>
  (spec.volumes ?? []).flatMap((volume) => claimNameOf(metadata.name, volume) ?? []);
