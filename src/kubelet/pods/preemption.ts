/** Whom a critical pod takes its room from (kubernetes `pkg/kubelet/preemption/preemption.go`). */
import { podRequests } from '../../api/pod-resources.ts';
import { qosClass, type QosClass } from '../../api/qos.ts';
import { refusal, type AdmissionInput, type Refusal } from './admission.ts';
import { isCritical, type NodePod } from './pod.ts';

/** Pods of no promise go first. */
const ORDER: readonly QosClass[] = ['BestEffort', 'Burstable', 'Guaranteed'];

/** The fewest lesser pods whose end makes room for the pod; undefined when room is not what it lacks, or no end makes enough. */
export function preempted(input: AdmissionInput): NodePod[] | undefined {
  const without = (gone: ReadonlySet<NodePod>): AdmissionInput => ({ ...input, others: input.others.filter((pod) => !gone.has(pod)) });
  if (!refusal(input)?.reason.startsWith('OutOf')) return undefined;
  const gone = new Set<NodePod>();
  for (const pod of candidates(input)) {
    gone.add(pod);
    if (refusal(without(gone)) === undefined) return spared(gone, without);
  }
  return undefined;
}

/** Takes back every end that was not needed, the dearest first. */
function spared(gone: Set<NodePod>, without: (gone: ReadonlySet<NodePod>) => AdmissionInput): NodePod[] {
  for (const pod of [...gone].toReversed()) {
    gone.delete(pod);
    if (refusal(without(gone)) !== undefined) gone.add(pod);
  }
  return [...gone];
}

function candidates({ pod, others }: AdmissionInput): NodePod[] {
  const priority = (p: NodePod): number => p.spec.priority ?? 0;
  const size = (p: NodePod): number => podRequests(p.spec)['memory'] ?? 0;
  return others
    .filter((other) => !isCritical(other) || priority(other) < priority(pod))
    .toSorted(
      (a, b) =>
        Number(isCritical(a)) - Number(isCritical(b)) ||
        ORDER.indexOf(qosClass(a)) - ORDER.indexOf(qosClass(b)) ||
        priority(a) - priority(b) ||
        size(b) - size(a),
    );
}

/** What is short, and by how much, as the original's label writes it. */
export function preemptionSignal(no: Refusal | undefined): string {
  const [, requested, used, capacity] = /requested: (\d+), used: (\d+), capacity: (\d+)/.exec(no?.message ?? '') ?? [];
  if (no === undefined || requested === undefined) return '';
  return `[(res: ${no.reason.slice('OutOf'.length)}, q: ${Number(requested) + Number(used) - Number(capacity)}), ]`;
}
