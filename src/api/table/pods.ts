/** How a pod shows in a Table (`pkg/printers/internalversion/printers.go`, printPod). */
import { timeOrUndefined } from '../time.ts';
import { humanDuration } from '../human-duration.ts';
import type { Container, ContainerStatus, Loose, Pod } from '../types.ts';
import { NONE } from './cells.ts';
import type { Cells, PrintContext } from './cells.ts';

type AnyPod = Loose<Pod>;
type Status = Loose<ContainerStatus>;

/** What counting the containers gives. */
interface Count {
  readonly reason: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** Milliseconds since 1970 of the newest restart; 0 without one. */
  readonly restartedAt: number;
}

const conditionIs = (pod: AnyPod, type: string): boolean =>
  (pod.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
const isSidecar = (container: Loose<Container> | undefined): boolean => container?.restartPolicy === 'Always';
const finished = (status: Status): number => timeOrUndefined(status.lastState?.terminated?.finishedAt) ?? 0;

/** The STATUS cell of kubectl: the phase, or the reason that says more. */
export const podReason = (pod: AnyPod): string => countPod(pod).reason;

function countPod(pod: AnyPod): Count {
  const inits = countInits(pod);
  const total = (pod.spec?.containers ?? []).length + (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  const mains =
    inits.initializing === undefined || conditionIs(pod, 'Initialized') ? countMains(pod, inits) : { ...inits, reason: inits.initializing };
  return { ...mains, total, reason: deletionReason(pod, mains.reason) };
}

function phaseReason(pod: AnyPod): string {
  const gated = (pod.status?.conditions ?? []).some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  return gated ? 'SchedulingGated' : pod.status?.reason || (pod.status?.phase ?? '');
}

function deletionReason(pod: AnyPod, reason: string): string {
  if (pod.metadata?.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating';
}

interface Inits {
  /** Set while the pod still initializes. */
  readonly initializing: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly restartedAt: number;
  readonly sidecarRestarts: number;
  readonly sidecarRestartedAt: number;
}

function countInits(pod: AnyPod): Inits {
  const specs = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name ?? '', container]));
  const count = { ready: 0, restarts: 0, restartedAt: 0, sidecarRestarts: 0, sidecarRestartedAt: 0 };
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(specs.get(status.name ?? ''));
    count.restarts += status.restartCount ?? 0;
    count.restartedAt = Math.max(count.restartedAt, finished(status));
    if (sidecar) {
      count.sidecarRestarts += status.restartCount ?? 0;
      count.sidecarRestartedAt = Math.max(count.sidecarRestartedAt, finished(status));
    }
    const { terminated, waiting } = status.state ?? {};
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready === true) count.ready++;
      continue;
    }
    if (terminated !== undefined) return { ...count, initializing: `Init:${endReason(terminated)}` };
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return { ...count, initializing: `Init:${waiting.reason}` };
    return { ...count, initializing: `Init:${i}/${(pod.spec?.initContainers ?? []).length}` };
  }
  return { ...count, initializing: undefined };
}

function endReason(terminated: NonNullable<NonNullable<Status['state']>['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
}

function countMains(pod: AnyPod, inits: Inits): Omit<Count, 'total'> {
  let { ready, sidecarRestarts: restarts, sidecarRestartedAt: restartedAt } = inits;
  let reason = phaseReason(pod);
  let failure = '';
  let running = false;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts += status.restartCount ?? 0;
    restartedAt = Math.max(restartedAt, finished(status));
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) {
      reason = endReason(terminated);
      if ((terminated.exitCode ?? 0) !== 0) failure = reason;
    } else if (status.ready === true && status.state?.running !== undefined) {
      running = true;
      ready++;
    }
  }
  if (reason === 'Completed') {
    if (running && conditionIs(pod, 'Ready')) reason = 'Running';
    else if (failure !== '') reason = failure;
    else if (running) reason = 'NotReady';
  }
  return { reason, ready, restarts, restartedAt };
}

export function podCells(pod: AnyPod, { now }: PrintContext): Cells {
  const { reason, ready, total, restarts, restartedAt } = countPod(pod);
  const gates = pod.spec?.readinessGates ?? [];
  const open = gates.filter((gate) => conditionIs(pod, gate.conditionType ?? '')).length;
  return {
    Ready: `${ready}/${total}`,
    Status: reason,
    Restarts: restarts !== 0 && restartedAt !== 0 ? `${restarts} (${humanDuration(now - restartedAt)} ago)` : `${restarts}`,
    IP: pod.status?.podIPs?.[0]?.ip || NONE,
    Node: pod.spec?.nodeName || NONE,
    'Nominated Node': pod.status?.nominatedNodeName || NONE,
    'Readiness Gates': gates.length === 0 ? NONE : `${open}/${gates.length}`,
  };
}

/** The conditions of a pod's row: clients may hide what is over. */
export function podConditions(pod: AnyPod): readonly object[] | undefined {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded')
    return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
  if (phase === 'Failed') return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
  return undefined;
}
