/** Finding pods and containers for the endpoints that name them. */
import type { Pod, PodStatus } from '../../api/types.ts';
import type { NodeView, PodView } from './node-view.ts';

type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
type Container = NonNullable<Pod['spec']>['containers'][number];

/** The containers of a pod's spec, of all three kinds, by the fields that they share. */
export function containersOf(pod: Pod): Pick<Container, 'name' | 'tty' | 'stdin'>[] {
  const { spec } = pod;
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
}

/** The kubelet's newest status of a container. */
export function containerStatus(status: PodStatus, name: string): ContainerStatus | undefined {
  return [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])].find(
    (c) => c.name === name,
  );
}

/** The runtime's id in `containerd://ID`; empty when there is none. */
export function runtimeId(containerID: string | undefined): string {
  const text = containerID ?? '';
  const at = text.indexOf('://');
  return at < 0 ? '' : text.slice(at + 3);
}

/** The id of a container that runs now. */
export function runningContainerId(pod: PodView, name: string): string | undefined {
  const status = containerStatus(pod.status, name);
  const id = status?.state?.running === undefined ? '' : runtimeId(status.containerID);
  return id === '' ? undefined : id;
}

/** The pod that a path names. */
export function podOf(view: NodeView, params: Readonly<Record<string, string>>): PodView | undefined {
  return view.pod(params['namespace'] ?? '', params['pod'] ?? '');
}
