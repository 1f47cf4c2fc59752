/** The phase of a pod, from its container statuses (kubernetes `pkg/kubelet/kubelet_pods.go`, getPhase). */
import { restartsAfter } from '../../api/restart-rules.ts';
import type { Container, ContainerStatus } from '../../api/types.ts';
import { isSidecar, isStatic, type NodePod } from './pod.ts';
import { RESTARTING_REASON } from './restart-all.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** `finished`: the worker has stopped everything and nothing will start again. */
export function podPhase(pod: NodePod, init: readonly ContainerStatus[], app: readonly ContainerStatus[], finished: boolean): Phase {
  const appStarted = app.some((s) => s.state?.running ?? s.state?.terminated ?? s.lastState?.terminated);
  const counts = {
    running: 0,
    waiting: 0,
    stopped: 0,
    restarting: 0,
    succeeded: 0,
    unknown: 0,
    pendingInit: 0,
    pendingSidecar: 0,
    failedInit: 0,
  };
  for (const container of pod.spec.initContainers ?? []) {
    const status = init.find((s) => s.name === container.name);
    if (isSidecar(container)) countSidecar(counts, status);
    else countInit(counts, status, pod, container);
  }
  for (const container of pod.spec.containers) {
    const status = app.find((s) => s.name === container.name);
    countApp(counts, status, pod, container);
  }

  if (counts.failedInit > 0) return 'Failed';
  if (counts.pendingInit > 0 || (counts.pendingSidecar > 0 && !appStarted)) return 'Pending';
  if (counts.waiting > 0) return 'Pending';
  if (counts.running > 0 && counts.unknown === 0) return 'Running';
  if (counts.running === 0 && counts.stopped > 0 && counts.unknown === 0) {
    const ended = counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed';
    if (finished && !isStatic(pod)) return ended;
    return counts.restarting > 0 ? 'Running' : ended;
  }
  return 'Pending';
}

interface Counts {
  running: number;
  waiting: number;
  stopped: number;
  /** Of those that are stopped. */
  restarting: number;
  succeeded: number;
  unknown: number;
  pendingInit: number;
  pendingSidecar: number;
  /** For good. */
  failedInit: number;
}

type Ended = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

const comesBack = (ended: Ended, pod: NodePod, container: Container): boolean =>
  ended.reason === RESTARTING_REASON || restartsAfter(container, pod.spec.restartPolicy, ended.exitCode);

function countInit(counts: Counts, status: ContainerStatus | undefined, pod: NodePod, container: Container): void {
  const { state, lastState } = status ?? {};
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (ended === undefined) counts.pendingInit++;
  else if (ended.exitCode !== 0 && !comesBack(ended, pod, container)) counts.failedInit++;
}

function countSidecar(counts: Counts, status: ContainerStatus | undefined): void {
  if (status?.state?.running) {
    counts.running++;
    if (status.started !== true) counts.pendingSidecar++;
  } else if (status?.state?.waiting && !status.lastState?.terminated) {
    counts.waiting++;
    counts.pendingSidecar++;
  } else if (status?.state?.waiting === undefined && status?.state?.terminated === undefined) counts.unknown++;
}

function countApp(counts: Counts, status: ContainerStatus | undefined, pod: NodePod, container: Container): void {
  const { state, lastState } = status ?? {};
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (state?.running) counts.running++;
  else if (ended) {
    counts.stopped++;
    if (comesBack(ended, pod, container)) counts.restarting++;
    if (state?.terminated && ended.exitCode === 0) counts.succeeded++;
  } else if (state?.waiting) counts.waiting++;
  else counts.unknown++;
}
