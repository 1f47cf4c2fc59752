/** Pods whose devices are their own. */
import type { Runtime } from '../../runtime/runtime.ts';
import { anyRunning } from '../pods/observed.ts';
import { isTerminalPhase, type NodePod } from '../pods/pod.ts';
import { POD_UID } from '../spec/labels.ts';
import type { FollowedPod } from '../stats/pod-families.ts';

/** Pods that are not over, and those of which something still runs. */
export const activePods = (pods: readonly FollowedPod[]): NodePod[] =>
  pods.filter(({ pod, observed }) => !isTerminalPhase(pod.status.phase) || anyRunning(observed)).map(({ pod }) => pod);

/** Uids of pods that have a running container now. */
export async function startedWith(runtime: Runtime): Promise<Set<string>> {
  const containers = await runtime.listContainers();
  return new Set(containers.filter(({ state }) => state === 'running').map(({ labels }) => labels[POD_UID] ?? ''));
}
