/** Static pods: a manifest's text becomes a pod of this node (kubernetes `pkg/kubelet/config/common.go`). */
import { createHash } from 'node:crypto';
import { decode } from '../../api/decode.ts';
import { applyDefaults } from '../../api/defaults/defaults.ts';
import { resources } from '../../api/resources.ts';
import type { Pod } from '../../api/types.ts';
import { validateCreate } from '../../api/validation/validate.ts';
import { parseYaml } from '../../api/yaml.ts';
import { HASH_ANNOTATION, type NodePod } from '../pods/pod.ts';

/** Bytes of one manifest. */
export const MAX_MANIFEST_BYTES = 10 << 20;

export interface ManifestOrigin {
  readonly nodeName: string;
  /** `file` or `url`, and where it lies: both count for the pod's uid. */
  readonly kind: 'file' | 'url';
  readonly location: string;
}

/** Reads the pods of a manifest: one Pod, or a PodList. Throws an Error with what is wrong. */
export function readManifest(text: string, origin: ManifestOrigin): NodePod[] {
  const documents = parseYaml(text).filter((d) => d !== null && d !== undefined);
  if (documents.length === 0) throw new Error('the manifest is empty');
  return documents.flatMap((document) => {
    const { kind, items } = document as { kind?: unknown; items?: unknown };
    if (kind === 'PodList' || kind === 'List') return (Array.isArray(items) ? items : []).map((item: unknown) => staticPod(item, origin));
    return [staticPod(document, origin)];
  });
}

function staticPod(document: unknown, origin: ManifestOrigin): NodePod {
  const { apiVersion, kind } = (typeof document === 'object' && document !== null ? document : {}) as {
    apiVersion?: unknown;
    kind?: unknown;
  };
  if (kind !== 'Pod' || apiVersion !== 'v1')
    throw new Error(`expected a v1 Pod, found ${JSON.stringify(apiVersion)} ${JSON.stringify(kind)}`);
  const { object, unknown } = decode('core/v1.Pod', document);
  if (unknown.length > 0) throw new Error(`strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`);
  const pod = object as unknown as Pod;
  applyDefaults('core/v1.Pod', pod);
  const { spec, metadata } = pod;
  if (spec === undefined || !Array.isArray(spec.containers) || spec.containers.length === 0)
    throw new Error('invalid pod: spec.containers: Required value');
  if (metadata.name === undefined || metadata.name === '') throw new Error('invalid pod: metadata.name: Required value');
  const wrong = validateCreate(resources.pods, { ...pod, metadata: { namespace: 'default', ...metadata } });
  if (wrong.length > 0) throw new Error(`invalid pod: [${wrong.map(({ field, message }) => `${field}: ${message}`).join(', ')}]`);
  const forbidden = apiReferences(pod);
  const nodeName = origin.nodeName.toLowerCase();
  const uid = metadata.uid !== undefined && metadata.uid !== '' ? metadata.uid : manifestHash(document, origin);
  const name = `${metadata.name}-${nodeName}`;
  if (forbidden.length > 0) throw new Error(`pod ${JSON.stringify(name)} has forbidden references to API objects: ${forbidden.join(', ')}`);
  const everywhere = { operator: 'Exists', effect: 'NoExecute' };
  return {
    ...pod,
    metadata: {
      ...metadata,
      name,
      namespace: metadata.namespace !== undefined && metadata.namespace !== '' ? metadata.namespace : 'default',
      uid,
      annotations: { ...metadata.annotations, [HASH_ANNOTATION]: uid },
    },
    spec: {
      ...spec,
      nodeName: origin.nodeName,
      ...(origin.kind === 'file' && { tolerations: [...(spec.tolerations ?? []), everywhere] }),
    },
    status: { phase: 'Pending' },
  };
}

/** 32 hex digits that change with the content, the node and the place. */
function manifestHash(document: unknown, { nodeName, kind, location }: ManifestOrigin): string {
  return createHash('md5').update(JSON.stringify(document)).update(`host:${nodeName}`).update(`${kind}:${location}`).digest('hex');
}

/** What a pod that no API server knows may not refer to, sorted. */
function apiReferences({ spec }: Pod): string[] {
  const found: string[] = [];
  if (spec?.serviceAccountName) found.push(`ServiceAccount "${spec.serviceAccountName}"`);
  for (const { name } of spec?.imagePullSecrets ?? []) found.push(`Secret "${name ?? ''}"`);
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef) found.push(`ConfigMap "${valueFrom.configMapKeyRef.name ?? ''}"`);
      if (valueFrom?.secretKeyRef) found.push(`Secret "${valueFrom.secretKeyRef.name ?? ''}"`);
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef) found.push(`ConfigMap "${configMapRef.name ?? ''}"`);
      if (secretRef) found.push(`Secret "${secretRef.name ?? ''}"`);
    }
  }
  const kinds = {
    configMap: 'ConfigMap',
    secret: 'Secret',
    csi: 'CSI',
    ephemeral: 'Ephemeral',
    persistentVolumeClaim: 'PersistentVolumeClaim',
  } as const;
  for (const volume of spec?.volumes ?? []) {
    for (const [field, kind] of Object.entries(kinds)) if (field in volume) found.push(`${kind} volume "${volume.name}"`);
    for (const source of volume.projected?.sources ?? [])
      for (const field of Object.keys(source)) if (field !== 'downwardAPI') found.push(`${field} projected volume "${volume.name}"`);
  }
  return [...new Set(found)].sort();
}
