/** Resizing pods in place: whether the node can, and what it tells of it (kubernetes `pkg/kubelet/allocation`, `pkg/kubelet/events`). */
import { qosClass } from '../../api/qos.ts';
import { amountsOf, podRequests } from '../../api/pod-resources.ts';
import { refusal, type AdmissionInput } from './admission.ts';
import { allocationOf, sameAllocation } from './allocation.ts';
import { isStatic, type NodePod } from './pod.ts';

/** What is under way for a pod, as its conditions tell it. */
export interface ResizeState {
  /** Asked for and not granted. */
  readonly pending?: { readonly reason: 'Deferred' | 'Infeasible'; readonly message: string; readonly generation: number | undefined };
  /** Granted and not yet done. `error`: the last attempt failed. */
  readonly inProgress?: { readonly generation: number | undefined; readonly error?: string };
}

/** Whether a pod asks for other resources than it was granted. */
export const isResize = (wanted: NodePod, granted: NodePod): boolean => !sameAllocation(allocationOf(wanted), allocationOf(granted));

/** Why a resize cannot be granted; undefined when it can. `input.pod` is the pod as it wants to be. */
export function resizeRefusal(input: AdmissionInput): { reason: 'Deferred' | 'Infeasible'; message: string } | undefined {
  const { pod, allocatable } = input;
  if (isStatic(pod)) return { reason: 'Infeasible', message: 'In-place resize of static-pods is not supported' };
  const capacity = amountsOf(allocatable);
  const requests = podRequests(pod.spec);
  for (const name of ['memory', 'cpu'] as const) {
    const [wanted = 0, all] = [requests[name], capacity[name]];
    if (all === undefined || wanted <= all) continue;
    // cpu is told in thousandths, memory in bytes.
    const unit = name === 'cpu' ? 1 : 1000;
    return {
      reason: 'Infeasible',
      message: `Node didn't have enough capacity: ${name}, requested: ${wanted / unit}, capacity: ${all / unit}`,
    };
  }
  const no = refusal(input);
  return no && { reason: 'Deferred', message: no.message };
}

/** What decides which of the resizes that wait is tried first. */
export interface ResizeRank {
  readonly increases: boolean;
  readonly priority: number;
  readonly guaranteed: boolean;
}

export function resizeRank(wanted: NodePod, granted: NodePod): ResizeRank {
  const [more, less] = [podRequests(wanted.spec), podRequests(granted.spec)];
  return {
    increases: ['cpu', 'memory'].some((name) => (more[name] ?? 0) > (less[name] ?? 0)),
    priority: wanted.spec.priority ?? 0,
    guaranteed: qosClass(wanted) === 'Guaranteed',
  };
}

/** Those that ask for no more first, then by priority, then Guaranteed pods; the rest as they came (sortPendingResizes). */
export const byResizeRank = (a: ResizeRank, b: ResizeRank): number =>
  Number(a.increases) - Number(b.increases) || b.priority - a.priority || Number(b.guaranteed) - Number(a.guaranteed);

/** The text of a resize event: `what` is `started`, `completed`, `error`, or why it waits. */
export function resizeText(what: string, { spec }: NodePod, generation: number | undefined, error?: string): string {
  const summary = (list: NodePod['spec']['containers'] | undefined): { name: string; resources: object }[] | undefined =>
    list && list.length > 0 ? list.map(({ name, resources }) => ({ name, resources: ordered(resources ?? {}) })) : undefined;
  const initContainers = summary(spec.initContainers?.filter((c) => c.restartPolicy === 'Always'));
  const told = {
    ...(initContainers && { initContainers }),
    containers: summary(spec.containers),
    generation,
    ...(error !== undefined && { error }),
  };
  return `Pod resize ${what}: ${JSON.stringify(told)}`;
}

/** Limits before requests and names in order, as Go writes them. */
function ordered({ limits, requests }: NonNullable<NodePod['spec']['resources']>): object {
  const sorted = (amounts: Readonly<Record<string, string>>): object =>
    Object.fromEntries(Object.entries(amounts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { ...(limits && { limits: sorted(limits) }), ...(requests && { requests: sorted(requests) }) };
}
