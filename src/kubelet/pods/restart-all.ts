/** All containers of a pod anew in place, when one ends with a code for which its rules ask that (kubernetes `pkg/kubelet/container/helpers.go`, ShouldAllContainersRestart; KEP-5532). */
import { matchingRule, mayRestartAll, RESTART_ALL } from '../../api/restart-rules.ts';
import type { PodStatus } from '../../api/types.ts';
import { containersNamed, type ObservedPod } from './observed.ts';
import { podContainers, type NodePod, type PodContainer } from './pod.ts';

export const RESTARTING_CONDITION = 'AllContainersRestarting';
/** The reason of containers that were removed for it, waiting and last ended. */
export const RESTARTING_REASON = 'RestartingAllContainers';

/** A container to be removed from the runtime; its log stays. */
export interface ContainerToReset {
  readonly id: string;
  readonly target: PodContainer;
  /** It is stopped first. */
  readonly kill: boolean;
}

const isMarked = ({ conditions = [] }: PodStatus): boolean =>
  conditions.some(({ type, status }) => type === RESTARTING_CONDITION && status === 'True');

const resettable = ({ spec }: NodePod): PodContainer[] => podContainers(spec).filter(({ kind }) => kind !== 'ephemeral');

/** Whether the pod is in such a restart; `previous` is the status as it was last published: a restart that began goes on. */
export function restartsAll(pod: NodePod, observed: ObservedPod, previous: PodStatus): boolean {
  if (!mayRestartAll(pod.spec)) return false;
  return isMarked(previous) || resettable(pod).some(({ container }) => triggers(container, containersNamed(observed, container.name)[0]));
}

/** Whether something of the old containers is still there. */
export const hasContainersToReset = (pod: NodePod, observed: ObservedPod): boolean =>
  resettable(pod).some(({ container }) => containersNamed(observed, container.name).length > 0);

/** Every container of the runtime, those last that began it: a kubelet that is stopped in between must find them. */
export function containersToReset(pod: NodePod, observed: ObservedPod): ContainerToReset[] {
  const sources: ContainerToReset[] = [];
  const others: ContainerToReset[] = [];
  const main = resettable(pod).toSorted((a, b) => Number(a.kind === 'init') - Number(b.kind === 'init'));
  for (const target of main)
    for (const c of containersNamed(observed, target.container.name))
      (triggers(target.container, c) ? sources : others).push({ id: c.id, target, kill: c.state !== 'exited' });
  return [...others, ...sources];
}

const triggers = (container: PodContainer['container'], seen: ObservedPod['containers'][number] | undefined): boolean =>
  seen?.state === 'exited' && matchingRule(container, seen.exitCode)?.action === RESTART_ALL;

/** Whether the last published status says that all are to be removed now. */
export const mustReset = isMarked;
