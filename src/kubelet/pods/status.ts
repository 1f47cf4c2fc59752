/** The status of a pod, from its spec, what the runtime says and what was published before: a pure function. */
import { mayRestartAll } from '../../api/restart-rules.ts';
import { addQuantities, formatQuantity } from '../../api/quantity.ts';
import { goTime } from '../../api/time.ts';
import type { PodStatus } from '../../api/types.ts';
import { podConditions } from './conditions.ts';
import { containerStatuses, type ContainerStatusInput, type WaitingReason } from './container-status.ts';
import { readySandbox, type ObservedPod } from './observed.ts';
import type { PodVerdict } from './pod-state.ts';
import { planSandbox, type ProbeResults } from './plan.ts';
import { isTerminalPhase, type NodePod } from './pod.ts';
import { podPhase, type Phase } from './phase.ts';
import type { ResizeState } from './resize.ts';
import { hasContainersToReset, restartsAll } from './restart-all.ts';
import { qosClass } from '../../api/qos.ts';

export interface StatusInput {
  readonly pod: NodePod;
  readonly observed: ObservedPod;
  /** As last published, or as the API had it when the pod came. */
  readonly previous: PodStatus;
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly probes: ProbeResults;
  readonly runtimeName: string;
  /** Addresses of the node; empty without an API server. */
  readonly hostIPs: readonly string[];
  /** Everything is stopped and stays so: a terminal phase may be shown. */
  readonly finished: boolean;
  /** The pod must end, whatever its containers do: deadline, eviction. */
  readonly verdict?: PodVerdict | undefined;
  readonly resize?: ResizeState;
  readonly now: number;
}

export interface ComputedStatus {
  readonly status: PodStatus;
  /** The phase that the containers ask for; the status shows it only once everything is stopped. */
  readonly phase: Phase;
}

/** Bytes of all termination messages of a pod together. */
const MAX_MESSAGES_BYTES = 12 * 1024;

export function podStatus(input: StatusInput): ComputedStatus {
  const { pod, previous, observed, now } = input;
  const restartingAll = restartsAll(pod, observed, previous);
  const lists = (statuses: ContainerStatusInput['previous'] | undefined): ContainerStatusInput => ({
    ...input,
    previous: statuses ?? [],
    restartingAll,
  });
  const init = containerStatuses('init', lists(previous.initContainerStatuses));
  const app = containerStatuses('container', lists(previous.containerStatuses));
  const ephemeral = containerStatuses('ephemeral', lists(previous.ephemeralContainerStatuses));
  for (const status of [...init, ...app]) shortenMessages(status, Math.floor(MAX_MESSAGES_BYTES / (init.length + app.length)));

  const phase = finalPhase(input, podPhase(pod, init, app, input.finished));
  const conditions = podConditions({
    pod,
    phase,
    init,
    app,
    sandboxReady: !planSandbox(observed).create,
    ...(input.resize && { resize: input.resize }),
    ...(mayRestartAll(pod.spec) && { restartingAll: restartingAll && hasContainersToReset(pod, observed) }),
    ...(input.verdict?.disruption === true && { disruption: input.verdict.message }),
    previous: previous.conditions ?? [],
    now,
  });
  // A terminal phase waits until nothing runs any more; the conditions do not.
  const shown = isTerminalPhase(phase) && !input.finished ? (previous.phase ?? 'Pending') : phase;
  const why = input.verdict && (input.finished || shown === phase) ? input.verdict : shown === previous.phase ? previous : {};
  const status: PodStatus = {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase: shown,
    conditions,
    ...(why.message !== undefined && why.message !== '' && { message: why.message }),
    ...(why.reason !== undefined && why.reason !== '' && { reason: why.reason }),
    ...(previous.nominatedNodeName !== undefined && { nominatedNodeName: previous.nominatedNodeName }),
    ...hostAddresses(input),
    ...podAddresses(input),
    startTime: previous.startTime ?? goTime(now),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: app,
    qosClass: previous.qosClass ?? qosClass(pod),
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    ...(previous.resourceClaimStatuses && { resourceClaimStatuses: previous.resourceClaimStatuses }),
    ...podResources(pod),
  };
  return { status, phase };
}

/** A pod that the node refuses: nothing of it ever ran (kubernetes `pkg/kubelet/kubelet.go`, rejectPod). */
export function rejectedStatus(pod: NodePod, reason: string, message: string, now: number): PodStatus {
  return {
    phase: 'Failed',
    reason,
    message: `Pod was rejected: ${message}`,
    startTime: pod.status.startTime ?? goTime(now),
    qosClass: pod.status.qosClass ?? qosClass(pod),
  };
}

function finalPhase({ previous, verdict }: StatusInput, computed: Phase): Phase {
  if (verdict) return 'Failed';
  if (previous.phase === 'Succeeded' || previous.phase === 'Failed') return previous.phase;
  return computed;
}

function hostAddresses({ hostIPs }: StatusInput): Pick<PodStatus, 'hostIP' | 'hostIPs'> {
  const [first] = hostIPs;
  return first === undefined ? {} : { hostIP: first, hostIPs: hostIPs.map((ip) => ({ ip })) };
}

/** Addresses of the sandbox that is ready, else those that were published: they stay when the pod ends. */
function podAddresses({ pod, observed, hostIPs, previous }: StatusInput): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const sandbox = readySandbox(observed);
  const own = sandbox ? (sandbox.network === 'node' || pod.spec.hostNetwork === true ? hostIPs : sandbox.ips) : [];
  const [first] = own;
  if (first !== undefined) return { podIP: first, podIPs: own.map((ip) => ({ ip })) };
  const { podIP, podIPs } = previous;
  return { ...(podIP !== undefined && { podIP }), ...(podIPs && { podIPs }) };
}

/** Requests of the pod as a whole, as far as containers ask for any. */
function podResources({ spec }: NodePod): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const requests = sum(spec.containers.map((c) => c.resources?.requests ?? {}));
  const limits = sum(spec.containers.map((c) => c.resources?.limits ?? {}));
  const everywhere = Object.fromEntries(
    Object.entries(limits).filter(([name]) => spec.containers.every((c) => c.resources?.limits?.[name] !== undefined)),
  );
  const hasRequests = Object.keys(requests).length > 0;
  return {
    ...(hasRequests && { allocatedResources: requests }),
    resources: { ...(Object.keys(everywhere).length > 0 && { limits: everywhere }), ...(hasRequests && { requests }) },
  };
}

function sum(lists: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const total: Record<string, string> = {};
  for (const list of lists) {
    for (const [name, amount] of Object.entries(list)) {
      const before = total[name];
      total[name] = before === undefined ? amount : formatQuantity(addQuantities(before, amount));
    }
  }
  return total;
}

function shortenMessages(status: { state?: object; lastState?: object }, limit: number): void {
  for (const key of ['state', 'lastState'] as const) {
    const state: { terminated?: { message?: string } } | undefined = status[key];
    const message = state?.terminated?.message;
    if (message === undefined || Buffer.byteLength(message) <= limit) continue;
    status[key] = { ...state, terminated: { ...state?.terminated, message: Buffer.from(message).subarray(0, limit).toString('utf8') } };
  }
}
