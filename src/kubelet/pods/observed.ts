/** What the runtime says of one pod, and how to ask it. */
import type { ContainerRuntimeStatus, PodSandboxStatus, Runtime } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { CONTAINER_NAME, POD_UID } from '../spec/labels.ts';

/** Sandboxes and containers of a pod, each newest first. */
export interface ObservedPod {
  readonly sandboxes: readonly PodSandboxStatus[];
  readonly containers: readonly ContainerRuntimeStatus[];
}

export const NOTHING_OBSERVED: ObservedPod = { sandboxes: [], containers: [] };

/** Asks the runtime for everything of a pod. What vanishes in between is left out. */
export async function observePod(runtime: Runtime, uid: string): Promise<ObservedPod> {
  const filter = { labels: { [POD_UID]: uid } };
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(filter), runtime.listContainers(filter)]);
  const [sandboxStatuses, containerStatuses] = await Promise.all([
    Promise.all(sandboxes.map((s) => unlessGone(runtime.podSandboxStatus(s.id)))),
    Promise.all(containers.map((c) => unlessGone(runtime.containerStatus(c.id)))),
  ]);
  return {
    sandboxes: newestFirst(sandboxStatuses.filter((s) => s !== undefined)),
    containers: newestFirst(containerStatuses.filter((c) => c !== undefined)),
  };
}

/** Rejects as the call does, except that what is not there is undefined. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'notFound') return undefined;
    throw error;
  }
}

/** By creation time, then attempt; sandboxes that were never created (time 0 or below) come last. */
export function newestFirst<T extends { readonly createdAt: number; readonly metadata: { readonly attempt: number }; readonly id: string }>(
  list: readonly T[],
): T[] {
  return list.toSorted(
    (a, b) => b.createdAt - a.createdAt || b.metadata.attempt - a.metadata.attempt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/** The name under which the pod's spec knows a container. */
export const containerNameOf = (c: Pick<ContainerRuntimeStatus, 'labels' | 'metadata'>): string =>
  c.labels[CONTAINER_NAME] ?? c.metadata.name;

/** The containers of one name, newest first. */
export const containersNamed = (observed: ObservedPod, name: string): readonly ContainerRuntimeStatus[] =>
  observed.containers.filter((c) => containerNameOf(c) === name);

export const isRunning = (c: ContainerRuntimeStatus | undefined): c is ContainerRuntimeStatus & { readonly state: 'running' } =>
  c?.state === 'running';
export const anyRunning = (observed: ObservedPod): boolean => observed.containers.some((c) => c.state === 'running');
/** The sandbox that is in use: the newest, when it is ready. */
export function readySandbox(observed: ObservedPod): PodSandboxStatus | undefined {
  const newest = observed.sandboxes[0];
  return newest?.state === 'ready' ? newest : undefined;
}
