/** Why a node cannot take a pod: one function a reason, in the order and words of kube-scheduler's plug-ins. */
import { matchesNodeSelection } from '../../api/node-affinity.ts';
import { amountsOf, hostPorts, podRequests, portsCollide } from '../../api/pod-resources.ts';
import { untolerated } from '../../api/taints.ts';
import type { Node, Pod, Stored } from '../../api/types.ts';

/** A node and the pods that are on it or on their way to it. */
export interface Candidate {
  readonly node: Stored<Node>;
  readonly pods: readonly Stored<Pod>[];
}

/** A reason, and whether ending other pods could take it away. */
export interface Misfit {
  readonly reason: string;
  readonly preemptible: boolean;
}

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Empty when the pod fits. */
export function misfits(pod: Stored<Pod>, candidate: Candidate): Misfit[] {
  const { node } = candidate;
  const tolerations = pod.spec.tolerations ?? [];
  if (
    node.spec.unschedulable === true &&
    untolerated([{ key: UNSCHEDULABLE, effect: 'NoSchedule' }], tolerations, ['NoSchedule']) !== undefined
  )
    return [{ reason: 'node(s) were unschedulable', preemptible: false }];
  if (untolerated(node.spec.taints ?? [], tolerations, ['NoSchedule', 'NoExecute']) !== undefined)
    return [{ reason: 'node(s) had untolerated taint(s)', preemptible: false }];
  if (!matchesNodeSelection(pod.spec, node)) return [{ reason: "node(s) didn't match Pod's node affinity/selector", preemptible: false }];
  const living = candidate.pods.filter((other) => other.status.phase !== 'Succeeded' && other.status.phase !== 'Failed');
  const wanted = hostPorts(pod.spec);
  if (wanted.length > 0 && living.some((other) => portsCollide(wanted, hostPorts(other.spec))))
    return [{ reason: "node(s) didn't have free ports for the requested pod ports", preemptible: true }];
  return shortages(pod, node, living);
}

function shortages(pod: Stored<Pod>, node: Stored<Node>, living: readonly Stored<Pod>[]): Misfit[] {
  const free = amountsOf(node.status.allocatable);
  for (const other of living) for (const [name, amount] of Object.entries(podRequests(other.spec))) free[name] = (free[name] ?? 0) - amount;
  const short: Misfit[] = [];
  if ((free['pods'] ?? 0) < (living.length + 1) * 1000) short.push({ reason: 'Too many pods', preemptible: true });
  for (const [name, amount] of Object.entries(podRequests(pod.spec)))
    if (amount > 0 && amount > (free[name] ?? 0)) short.push({ reason: `Insufficient ${name}`, preemptible: true });
  return short;
}

/** The message of the condition and the event for a pod that no node can take. */
export function unschedulableMessage(found: readonly (readonly Misfit[])[]): string {
  if (found.length === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const { reason } of found.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
  const helpless = found.filter((of) => of.some((m) => !m.preemptible)).length;
  const victimless = found.length - helpless;
  const preemption = [
    ...(victimless > 0 ? [`${victimless} No preemption victims found for incoming pod`] : []),
    ...(helpless > 0 ? [`${helpless} Preemption is not helpful for scheduling`] : []),
  ];
  const head = `0/${found.length} nodes are available`;
  return `${head}: ${reasons.join(', ')}. no new claims to deallocate, preemption: ${head}: ${preemption.join(', ')}.`;
}
