/** A pod as the kubelet keeps it, and small questions that many parts ask of it. */
import type { Container, EphemeralContainer, Pod, PodSpec, PodStatus } from '../../api/types.ts';

/** A pod that a source wants on this node: named, with a uid, spec and status present. */
export type NodePod = Omit<Pod, 'metadata' | 'spec' | 'status'> & {
  metadata: Pod['metadata'] & { name: string; namespace: string; uid: string };
  spec: PodSpec;
  status: PodStatus;
};

export const SOURCE_ANNOTATION = 'kubernetes.io/config.source';
export const SEEN_ANNOTATION = 'kubernetes.io/config.seen';
export const HASH_ANNOTATION = 'kubernetes.io/config.hash';
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** Which list of the spec a container stands in. */
export type ContainerKind = 'init' | 'container' | 'ephemeral';

/** A container of any kind; ephemeral ones have no probes, ports or hooks. */
export type AnyContainer = Container | (EphemeralContainer & { resizePolicy?: never });

export interface PodContainer {
  readonly kind: ContainerKind;
  readonly container: AnyContainer;
}

/** `name_namespace(uid)`, as messages name a pod. */
export const podText = (pod: NodePod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
export const podKey = (pod: { readonly metadata: { readonly namespace: string; readonly name: string } }): string =>
  `${pod.metadata.namespace}/${pod.metadata.name}`;

/** Whether the pod comes from a file or a URL, not from the API. */
export function isStatic(pod: NodePod): boolean {
  const source = pod.metadata.annotations?.[SOURCE_ANNOTATION];
  return source !== undefined && source !== 'api';
}
export const isMirror = (pod: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): boolean =>
  pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;

/** An init container that is restarted always and runs beside the app containers. */
export const isSidecar = (container: Pick<Container, 'restartPolicy'>): boolean => container.restartPolicy === 'Always';

/** Every container, in the order in which they start. */
export function podContainers(spec: PodSpec): PodContainer[] {
  return [
    ...(spec.initContainers ?? []).map((container) => ({ kind: 'init' as const, container })),
    ...spec.containers.map((container) => ({ kind: 'container' as const, container })),
    ...(spec.ephemeralContainers ?? []).map((container) => ({ kind: 'ephemeral' as const, container })),
  ];
}

export function findContainer(spec: PodSpec, name: string): PodContainer | undefined {
  return podContainers(spec).find((c) => c.container.name === name);
}

const FIELD: Readonly<Record<ContainerKind, string>> = {
  init: 'initContainers',
  container: 'containers',
  ephemeral: 'ephemeralContainers',
};
/** `spec.containers{main}`: where events point. */
export const containerFieldPath = ({ kind, container }: PodContainer): string => `spec.${FIELD[kind]}{${container.name}}`;

/** Pods of this priority or more are critical. */
export const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;
/** A pod that the node does not end for want of resources, and for which it ends others. */
export const isCritical = (pod: NodePod): boolean => isStatic(pod) || isMirror(pod) || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;

export const restartPolicyOf = (pod: NodePod): string => pod.spec.restartPolicy ?? 'Always';
export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
