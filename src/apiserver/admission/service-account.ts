/** Gives a pod its ServiceAccount, the token volume and the image pull secrets (plugin `serviceaccount/admission.go`). */
import { randomInt } from 'node:crypto';
import { resources } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import type { Container, Pod, ServiceAccount, Stored } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** An hour and seven seconds: the odd number by which TokenRequest knows an injected token. */
const TOKEN_SECONDS = 3607;
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export const serviceAccountAdmission: AdmissionPlugin = (request, objects) => {
  if (request.operation !== 'create' || request.resource !== resources.pods || request.subresource !== '') return;
  const pod = request.object as unknown as Pod;
  const spec = pod.spec;
  if (spec === undefined) return;
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    refuseMirrorPod(pod, request.name);
    return;
  }
  const name = spec.serviceAccountName === undefined || spec.serviceAccountName === '' ? 'default' : spec.serviceAccountName;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
  const account = objects.get(resources.serviceaccounts, request.namespace, name);
  if (account === undefined) {
    throw forbidden(
      resources.pods,
      pod.metadata.name ?? '',
      `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`,
    );
  }
  if (mountsToken(pod, account)) mountToken(pod);
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0)
    spec.imagePullSecrets = account.imagePullSecrets ?? [];
};

function refuseMirrorPod(pod: Pod, name: string): void {
  const refuse = (why: string): never => {
    throw forbidden(resources.pods, name, why);
  };
  if ((pod.spec?.serviceAccountName ?? '') !== '') refuse('a mirror pod may not reference service accounts');
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.secret !== undefined) refuse('a mirror pod may not reference secrets');
    if (volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined) === true)
      refuse('a mirror pod may not use ServiceAccountToken volume projections');
  }
}

function mountsToken(pod: Pod, account: Stored<ServiceAccount>): boolean {
  return pod.spec?.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

function mountToken(pod: Pod): void {
  const spec = pod.spec;
  if (spec === undefined) return;
  const present = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = present?.name ?? `${VOLUME_PREFIX}${suffix()}`;
  let used = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH) === true) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
    used = true;
  };
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) mount(container);
  if (!used || present !== undefined) return;
  spec.volumes = [
    ...(spec.volumes ?? []),
    {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
        defaultMode: 0o644,
      },
    },
  ];
}

function suffix(): string {
  return Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
