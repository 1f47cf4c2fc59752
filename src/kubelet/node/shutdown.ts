/** Ends pods in good order when the machine is shut down (kubernetes `pkg/kubelet/nodeshutdown/nodeshutdown_manager.go`). */
import { parseDuration } from '../../api/duration.ts';
import type { ObjectOf } from '../../api/types.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/log.ts';
import type { PodVerdict } from '../pods/pod-state.ts';
import { SYSTEM_CRITICAL_PRIORITY, type NodePod } from '../pods/pod.ts';

type KubeletConfiguration = ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;

/** Pods of this priority or more, up to the next group, get so long. */
export interface ShutdownGroup {
  readonly priority: number;
  readonly seconds: number;
}

export const SHUTDOWN_REFUSAL = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
const VERDICT = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.', disruption: true };

/** The groups of a configuration, the least important first; none when pods get no time. */
export function shutdownGroups(config: KubeletConfiguration): ShutdownGroup[] {
  const listed = config.shutdownGracePeriodByPodPriority ?? [];
  if (listed.length > 0)
    return listed
      .map(({ priority = 0, shutdownGracePeriodSeconds = 0 }) => ({ priority, seconds: shutdownGracePeriodSeconds }))
      .toSorted((a, b) => a.priority - b.priority);
  const whole = Math.floor(parseDuration(config.shutdownGracePeriod ?? '0s') / 1000);
  const critical = Math.floor(parseDuration(config.shutdownGracePeriodCriticalPods ?? '0s') / 1000);
  if (whole === 0) return [];
  return [
    { priority: 0, seconds: whole - critical },
    { priority: SYSTEM_CRITICAL_PRIORITY, seconds: critical },
  ];
}

/** The pods of each group. Those below the first group belong to it. */
export function grouped(groups: readonly ShutdownGroup[], pods: readonly NodePod[]): { group: ShutdownGroup; pods: NodePod[] }[] {
  const filled = groups.map((group) => ({ group, pods: [] as NodePod[] }));
  for (const pod of pods) {
    const fitting = filled.filter(({ group }) => (pod.spec.priority ?? 0) >= group.priority);
    (fitting.at(-1) ?? filled[0])?.pods.push(pod);
  }
  return filled;
}

/** Who tells that the machine goes down, and waits until it may. */
export interface ShutdownSource {
  /** Calls `told` when a shutdown begins or is called off. */
  follow(told: (shuttingDown: boolean) => void): void;
  /** Lets the machine go down. */
  release(): void;
  close(): void;
}

export interface ShutdownOptions {
  readonly groups: readonly ShutdownGroup[];
  readonly source: ShutdownSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pods: () => readonly NodePod[];
  /** Ends a pod; resolves when nothing of it runs any more. */
  readonly end: (pod: NodePod, verdict: PodVerdict) => Promise<void>;
  /** Whether the node shuts down is not what it was. */
  readonly changed: () => void;
}

export interface ShutdownManager {
  shuttingDown(): boolean;
  close(): void;
}

export function startShutdownManager(options: ShutdownOptions): ShutdownManager {
  const { groups, source, clock, log } = options;
  let down = false;

  async function endAll(): Promise<void> {
    for (const { group, pods } of grouped(groups, options.pods())) {
      if (pods.length === 0) continue;
      log.info('Shutdown: ending pods', { priority: group.priority, pods: pods.length, seconds: group.seconds });
      const over = new AbortController();
      const ends = pods.map((pod) =>
        options.end(pod, { ...VERDICT, graceSeconds: Math.min(group.seconds, pod.spec.terminationGracePeriodSeconds ?? 30) }),
      );
      await Promise.race([Promise.all(ends), clock.sleep(group.seconds * 1000, over.signal)]);
      over.abort();
    }
    source.release();
  }
  source.follow((shuttingDown) => {
    if (shuttingDown === down) return;
    down = shuttingDown;
    options.changed();
    if (down) void endAll();
  });
  return { shuttingDown: () => down, close: () => source.close() };
}
