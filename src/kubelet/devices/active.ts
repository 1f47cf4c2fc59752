/** Pods whose devices are their own. */
import type { Runtime } from '../../runtime/runtime.ts';
import { anyRunning } from '../pods/observed.ts';
import { isTerminalPhase } from '../pods/pod.ts';
import { POD_UID } from '../spec/labels.ts';
import type { FollowedPod } from '../stats/pod-families.ts';

/** Uids of pods that are not over, and of those of which something still runs. */
export const activePods = (pods: readonly FollowedPod[]): Set<string> =>
  new Set(
    pods.filter(({ pod, observed }) => !isTerminalPhase(pod.status.phase) || anyRunning(observed)).map(({ pod }) => pod.metadata.uid),
  );

/** Uids of pods that have a running container now. */
export async function startedWith(runtime: Runtime): Promise<Set<string>> {
  const containers = await runtime.listContainers();
  return new Set(containers.filter(({ state }) => state === 'running').map(({ labels }) => labels[POD_UID] ?? ''));
}
