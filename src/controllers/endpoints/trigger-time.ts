/** Since when the present endpoints of a Service should have been known (`k8s.io/endpointslice/trigger_time_tracker.go`). */
import type { Pod, Service, Stored } from '../../api/types.ts';

export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

export interface TriggerTimes {
  /** The oldest change that was not seen before, RFC 3339; the Service's creation at first; undefined when nothing changed. */
  next(key: string, service: Stored<Service>, pods: readonly Stored<Pod>[]): string | undefined;
  forget(key: string): void;
}

export function triggerTimes(): TriggerTimes {
  const known = new Map<string, ReadonlyMap<string, string>>();
  return {
    next: (key, service, pods) => {
      const before = known.get(key);
      const times = new Map<string, string>();
      for (const pod of pods) {
        const at = pod.status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
        if (at) times.set(pod.metadata.name, at);
      }
      known.set(key, times);
      if (before === undefined) return service.metadata.creationTimestamp;
      return [...times]
        .filter(([name, at]) => at > (before.get(name) ?? ''))
        .map(([, at]) => at)
        .toSorted()[0];
    },
    forget: (key) => void known.delete(key),
  };
}
