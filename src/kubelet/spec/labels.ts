/** Labels and annotations that name a pod's parts in the runtime (kubernetes `pkg/kubelet/kuberuntime/labels.go`). */
import type { ContainerKind, NodePod, AnyContainer } from '../pods/pod.ts';

export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';
export const CONTAINER_HASH = 'io.kubernetes.container.hash';
export const RESTART_COUNT = 'io.kubernetes.container.restartCount';
export const CONTAINER_TYPE = 'io.kubernetes.container.type';
export const MESSAGE_PATH = 'io.kubernetes.container.terminationMessagePath';
export const MESSAGE_POLICY = 'io.kubernetes.container.terminationMessagePolicy';
export const POD_DELETION_GRACE = 'io.kubernetes.pod.deletionGracePeriod';
export const POD_GRACE = 'io.kubernetes.pod.terminationGracePeriod';
export const PRE_STOP = 'io.kubernetes.container.preStopHandler';
export const PORTS = 'io.kubernetes.container.ports';

export function identityLabels(pod: NodePod): Record<string, string> {
  return { [POD_NAME]: pod.metadata.name, [POD_NAMESPACE]: pod.metadata.namespace, [POD_UID]: pod.metadata.uid };
}

export const sandboxLabels = (pod: NodePod): Record<string, string> => ({ ...pod.metadata.labels, ...identityLabels(pod) });
export const sandboxAnnotations = (pod: NodePod): Record<string, string> => ({ ...pod.metadata.annotations });

export const containerLabels = (pod: NodePod, container: AnyContainer): Record<string, string> => ({
  ...identityLabels(pod),
  [CONTAINER_NAME]: container.name,
});

/** What a restarted kubelet must know to treat the container rightly when its spec is gone. */
export function containerAnnotations(
  pod: NodePod,
  container: AnyContainer,
  kind: ContainerKind,
  restartCount: number,
): Record<string, string> {
  const { deletionGracePeriodSeconds } = pod.metadata;
  const { terminationGracePeriodSeconds } = pod.spec;
  return {
    [CONTAINER_HASH]: containerHash(container),
    [RESTART_COUNT]: String(restartCount),
    [MESSAGE_PATH]: container.terminationMessagePath ?? '',
    [MESSAGE_POLICY]: container.terminationMessagePolicy ?? '',
    [CONTAINER_TYPE]: kind,
    ...(deletionGracePeriodSeconds !== undefined && { [POD_DELETION_GRACE]: String(deletionGracePeriodSeconds) }),
    ...(terminationGracePeriodSeconds !== undefined && { [POD_GRACE]: String(terminationGracePeriodSeconds) }),
    ...(container.lifecycle?.preStop && { [PRE_STOP]: JSON.stringify(container.lifecycle.preStop) }),
    ...(container.ports && container.ports.length > 0 && { [PORTS]: JSON.stringify(container.ports) }),
  };
}

/** FNV-32a over what a change of must restart the container: its name and image. */
export function containerHash(container: Pick<AnyContainer, 'name' | 'image'>): string {
  return fnv32a(JSON.stringify({ name: container.name, image: container.image ?? '' })).toString(16);
}

/** The 32-bit FNV-1a hash of a text's UTF-8 bytes. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
