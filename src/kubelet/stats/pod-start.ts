/** How long pods take to start, from three points of view (kubernetes `pkg/kubelet/util/pod_startup_latency_tracker.go`). */
import { timeOrUndefined } from '../../api/time.ts';
import type { PodStatus } from '../../api/types.ts';
import type { Clock } from '../../util/clock.ts';
import { SEEN_ANNOTATION, type NodePod } from '../pods/pod.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

export interface PodStartTracker {
  /** A pod that has not run yet came from a source. */
  seen(pod: NodePod): void;
  /** The kubelet computed a status. */
  published(pod: NodePod, status: PodStatus): void;
  /** The API server showed this status. */
  watched(pod: NodePod, status: PodStatus): void;
  /** Pulling an image for the pod took this long. */
  pulled(uid: string, ms: number): void;
  forget(uid: string): void;
}

interface Start {
  running: boolean;
  shown: boolean;
  pullMs: number;
}

/** Pods that are followed; more are not. */
const MAX_FOLLOWED = 10_000;

export function createPodStartTracker(metrics: KubeletMetrics, clock: Clock): PodStartTracker {
  const starts = new Map<string, Start>();
  let firstNetwork = false;

  return {
    seen({ metadata, status }) {
      // A pod that ran before this kubelet did says nothing about starting.
      const waiting = status.phase === undefined || status.phase === '' || status.phase === 'Pending';
      if (waiting && starts.size < MAX_FOLLOWED && !starts.has(metadata.uid))
        starts.set(metadata.uid, { running: false, shown: false, pullMs: 0 });
    },
    published({ metadata }, status) {
      const start = starts.get(metadata.uid);
      if (start === undefined || start.running || status.phase !== 'Running') return;
      start.running = true;
      const since = timeOrUndefined(metadata.annotations?.[SEEN_ANNOTATION]);
      if (since !== undefined) metrics.podStartDuration.observe(Math.max(0, clock.now() - since) / 1000);
    },
    watched(pod, status) {
      const start = starts.get(pod.metadata.uid);
      if (start === undefined || start.shown || !allStarted(status)) return;
      start.shown = true;
      const created = timeOrUndefined(pod.metadata.creationTimestamp);
      if (created === undefined) return;
      const totalMs = Math.max(0, clock.now() - created);
      const sli = Math.max(0, totalMs - start.pullMs - initMs(status)) / 1000;
      metrics.podStartTotalDuration.observe(totalMs / 1000);
      metrics.podStartSliDuration.observe(sli);
      if (!firstNetwork && pod.spec.hostNetwork !== true) {
        firstNetwork = true;
        metrics.firstNetworkPodStartSliDuration.set(sli);
      }
    },
    pulled(uid, ms) {
      const start = starts.get(uid);
      if (start) start.pullMs += ms;
    },
    forget: (uid) => void starts.delete(uid),
  };
}

function allStarted({ containerStatuses = [] }: PodStatus): boolean {
  return containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.running?.startedAt !== undefined);
}

/** Time that init containers took which have ended. */
function initMs({ initContainerStatuses = [] }: PodStatus): number {
  return initContainerStatuses.reduce((sum, { state }) => {
    const from = timeOrUndefined(state?.terminated?.startedAt);
    const to = timeOrUndefined(state?.terminated?.finishedAt);
    return from === undefined || to === undefined ? sum : sum + Math.max(0, to - from);
  }, 0);
}
