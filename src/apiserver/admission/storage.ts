/** What claims and volumes get when they are made (plugins `storage/storageobjectinuseprotection`, `storage/storageclass/setdefault`). */
import { resources } from '../../api/resources.ts';
import { BETA_CLASS, CLAIM_FINALIZER, VOLUME_FINALIZER } from '../../api/storage.ts';
import type { PersistentVolumeClaim } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

const storageClasses = resources['storageclasses.storage.k8s.io'];
const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const FINALIZERS = new Map<object, string>([
  [resources.persistentvolumes, VOLUME_FINALIZER],
  [resources.persistentvolumeclaims, CLAIM_FINALIZER],
]);

/** Nothing that is in use is removed: the protection controllers take the finalizer away. */
export const storageProtectionAdmission: AdmissionPlugin = ({ operation, resource, subresource, object }) => {
  const finalizer = FINALIZERS.get(resource);
  if (finalizer === undefined || operation !== 'create' || subresource !== '' || object === undefined) return;
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer];
};

/** A claim that names no class gets the default one, the newest where there are several. */
export const defaultStorageClassAdmission: AdmissionPlugin = ({ operation, resource, subresource, object }, objects) => {
  if (resource !== resources.persistentvolumeclaims || operation !== 'create' || subresource !== '') return;
  const claim = object as unknown as PersistentVolumeClaim;
  if (claim.spec === undefined || claim.spec.storageClassName !== undefined || claim.metadata.annotations?.[BETA_CLASS] !== undefined)
    return;
  const [first] = objects
    .list(storageClasses)
    .filter(({ metadata }) => IS_DEFAULT.some((key) => metadata.annotations?.[key] === 'true'))
    .toSorted((a, b) => byText(b.metadata.creationTimestamp, a.metadata.creationTimestamp) || byText(a.metadata.name, b.metadata.name));
  if (first) claim.spec.storageClassName = first.metadata.name;
};

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
