/** What a pod refers to by name (kubernetes `pkg/api/v1/pod/util.go` VisitPodSecretNames, VisitPodConfigmapNames). */
import type { Pod } from '../../api/types.ts';

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configmaps: ReadonlySet<string>;
  readonly persistentvolumeclaims: ReadonlySet<string>;
  readonly serviceaccounts: ReadonlySet<string>;
  readonly resourceclaims: ReadonlySet<string>;
}

/** Names of the objects of the pod's namespace that it refers to, whether or not they exist. */
export function podReferences(pod: Pod): PodReferences {
  const secrets = new Set<string>();
  const configmaps = new Set<string>();
  const persistentvolumeclaims = new Set<string>();
  const add = (to: Set<string>, name: string | undefined): void => {
    if (name !== undefined && name !== '') to.add(name);
  };
  const { spec } = pod;
  for (const { name } of spec?.imagePullSecrets ?? []) add(secrets, name);
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]) {
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add(secrets, secretRef?.name);
      add(configmaps, configMapRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(secrets, valueFrom?.secretKeyRef?.name);
      add(configmaps, valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec?.volumes ?? []) {
    add(configmaps, volume.configMap?.name);
    add(persistentvolumeclaims, volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral !== undefined) add(persistentvolumeclaims, `${pod.metadata.name ?? ''}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add(secrets, source.secret?.name);
      add(configmaps, source.configMap?.name);
    }
    add(secrets, volume.secret?.secretName);
    add(secrets, volume.azureFile?.secretName);
    for (const backed of [volume.cephfs, volume.cinder, volume.flexVolume, volume.iscsi, volume.rbd, volume.scaleIO, volume.storageos])
      add(secrets, backed?.secretRef?.name);
    add(secrets, volume.csi?.nodePublishSecretRef?.name);
  }
  const serviceaccounts = new Set<string>();
  add(serviceaccounts, spec?.serviceAccountName);
  const resourceclaims = new Set<string>();
  for (const claim of spec?.resourceClaims ?? []) add(resourceclaims, claim.resourceClaimName);
  for (const claim of pod.status?.resourceClaimStatuses ?? []) add(resourceclaims, claim.resourceClaimName);
  return { secrets, configmaps, persistentvolumeclaims, serviceaccounts, resourceclaims };
}
