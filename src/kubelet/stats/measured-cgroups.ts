/** Times the work on the control groups of pods (kubernetes `pkg/kubelet/cm/cgroup_manager_linux.go`). */
import type { Clock } from '../../util/clock.ts';
import { NO_POD_CGROUPS, type PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

/** The same groups. What is known to be made already is updated. */
export function measuredCgroups(cgroups: PodCgroups, { cgroupManagerDuration }: KubeletMetrics, clock: Clock): PodCgroups {
  // Made by the runtime: nothing to time.
  if (cgroups === NO_POD_CGROUPS) return cgroups;
  const made = new Set<string>();
  const timed = async (operation: 'create' | 'update' | 'destroy', work: () => Promise<void>): Promise<void> => {
    const began = clock.monotonic();
    try {
      await work();
    } finally {
      cgroupManagerDuration.observe((clock.monotonic() - began) / 1000, [operation]);
    }
  };
  return {
    async ensure(pod) {
      const { uid } = pod.metadata;
      await timed(made.has(uid) ? 'update' : 'create', () => cgroups.ensure(pod));
      made.add(uid);
    },
    made: (pod) => cgroups.made(pod),
    count: (pod) => cgroups.count(pod),
    memory: (pod, id) => cgroups.memory(pod, id),
    ended: (pod) => cgroups.ended(pod),
    async remove(pod) {
      await timed('destroy', () => cgroups.remove(pod));
      made.delete(pod.metadata.uid);
    },
    removeOrphans: (has) => cgroups.removeOrphans(has),
  };
}
