/** The phase of a pod, from its container statuses (kubernetes `pkg/kubelet/kubelet_pods.go`, getPhase). */
import type { ContainerStatus } from '../../api/types.ts';
import { isSidecar, isStatic, restartPolicyOf, type NodePod } from './pod.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** `finished`: the worker has stopped everything and nothing will start again. */
export function podPhase(pod: NodePod, init: readonly ContainerStatus[], app: readonly ContainerStatus[], finished: boolean): Phase {
  const policy = restartPolicyOf(pod);
  const appStarted = app.some((s) => s.state?.running ?? s.state?.terminated ?? s.lastState?.terminated);
  const counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0, unknown: 0, pendingInit: 0, failedInit: 0 };
  for (const container of pod.spec.initContainers ?? []) {
    const status = init.find((s) => s.name === container.name);
    if (isSidecar(container)) countSidecar(counts, status);
    else countInit(counts, status);
  }
  for (const container of pod.spec.containers)
    countApp(
      counts,
      app.find((s) => s.name === container.name),
    );

  if (counts.failedInit > 0 && policy === 'Never') return 'Failed';
  if (counts.pendingInit > 0 && !appStarted) return 'Pending';
  if (counts.waiting > 0) return 'Pending';
  if (counts.running > 0 && counts.unknown === 0) return 'Running';
  if (counts.running === 0 && counts.stopped > 0 && counts.unknown === 0) {
    if (finished && !isStatic(pod)) return counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed';
    if (policy === 'Always') return 'Running';
    if (counts.stopped === counts.succeeded) return 'Succeeded';
    return policy === 'Never' ? 'Failed' : 'Running';
  }
  return 'Pending';
}

interface Counts {
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
  unknown: number;
  pendingInit: number;
  failedInit: number;
}

function countInit(counts: Counts, status: ContainerStatus | undefined): void {
  const { state, lastState } = status ?? {};
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (ended === undefined) counts.pendingInit++;
  else if (ended.exitCode !== 0) counts.failedInit++;
}

function countSidecar(counts: Counts, status: ContainerStatus | undefined): void {
  if (status?.state?.running) {
    counts.running++;
    if (status.started !== true) counts.pendingInit++;
  } else if (status?.state?.waiting && !status.lastState?.terminated) {
    counts.waiting++;
    counts.pendingInit++;
  } else if (status?.state?.waiting === undefined && status?.state?.terminated === undefined) counts.unknown++;
}

function countApp(counts: Counts, status: ContainerStatus | undefined): void {
  if (status?.state?.running) counts.running++;
  else if (status?.state?.terminated) {
    counts.stopped++;
    if (status.state.terminated.exitCode === 0) counts.succeeded++;
  } else if (status?.state?.waiting) {
    if (status.lastState?.terminated) counts.stopped++;
    else counts.waiting++;
  } else counts.unknown++;
}
