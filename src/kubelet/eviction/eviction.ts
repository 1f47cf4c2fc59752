/** Keeps the node alive when something runs short: reclaims, then ends pods (kubernetes `pkg/kubelet/eviction/eviction_manager.go`). */
import { parseDuration } from '../../api/duration.ts';
import type { ObjectOf } from '../../api/types.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { isCritical, type NodePod } from '../pods/pod.ts';
import type { PodVerdict } from '../pods/pod-state.ts';
import type { PodStats } from '../stats/summary-types.ts';
import { evictionText, hasLocalLimits, localStorageExcess, rankPods } from './ranking.ts';
import type { ReadSignals } from './signals.ts';
import {
  crossed,
  evictionThresholds,
  SIGNALS,
  type NodePressure,
  type Observations,
  type StarvedResource,
  type Threshold,
} from './thresholds.ts';

export interface EvictionOptions {
  readonly config: ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signals: ReadSignals;
  /** What pods use, by uid; asked only when it is needed. */
  readonly podStats: () => Promise<ReadonlyMap<string, PodStats>>;
  /** Pods that may still run. */
  readonly pods: () => readonly NodePod[];
  /** Removes dead containers and unused images. */
  readonly reclaimDisk: () => Promise<void>;
  /** Ends a pod; resolves when nothing of it runs any more. */
  readonly evict: (pod: NodePod, verdict: PodVerdict, annotations: Readonly<Record<string, string>>) => Promise<void>;
  /** Told that a pod was ended for this signal, by numbers that were that old. */
  readonly evicted?: (signal: string, ageSeconds: number | undefined) => void;
  /** Told that something is being reclaimed on the node. */
  readonly attempting: (resource: StarvedResource) => void;
  /** The pressures are not what they were. */
  readonly changed: () => void;
}

export interface EvictionManager {
  /** Conditions that the node has now. */
  pressures(): ReadonlySet<NodePressure>;
  close(): void;
}

const EVERY_MS = 10_000;
/** A pod that was ended is waited for this long before the next look. */
const CLEANUP_MS = 30_000;
/** Seconds that a pod gets when the node cannot wait. */
const IMMEDIATE_SECONDS = 1;

export function startEviction(options: EvictionOptions): EvictionManager {
  const { config, clock, log } = options;
  const thresholds = evictionThresholds(config);
  const holdMs = parseDuration(config.evictionPressureTransitionPeriod ?? '5m0s');
  const stopping = new AbortController();
  const { signal } = stopping;
  const firstSeen = new Map<Threshold, number>();
  const lastSeen = new Map<NodePressure, number>();
  let active: readonly Threshold[] = [];
  let pressures: ReadonlySet<NodePressure> = new Set();

  /** What is crossed now, or was and is not left by as much as it asks for. */
  function look(observations: Observations, now: number): readonly Threshold[] {
    const met = new Set([...crossed(thresholds, observations, false), ...crossed(active, observations, true)]);
    for (const threshold of firstSeen.keys()) if (!met.has(threshold)) firstSeen.delete(threshold);
    for (const threshold of met) if (!firstSeen.has(threshold)) firstSeen.set(threshold, now);
    for (const threshold of met) lastSeen.set(SIGNALS[threshold.signal].condition, now);
    const before = pressures;
    pressures = new Set([...lastSeen].filter(([, at]) => now - at < holdMs || at === now).map(([condition]) => condition));
    active = [...met].filter((threshold) => now - (firstSeen.get(threshold) ?? now) >= threshold.graceMs);
    if (before.size !== pressures.size || [...before].some((condition) => !pressures.has(condition))) options.changed();
    return active;
  }

  async function round(): Promise<void> {
    const met = look(await options.signals(), clock.now());
    const seenAt = clock.now();
    const running = options.pods();
    const limited = running.some(hasLocalLimits);
    if (met.length === 0 && !limited) return;
    const stats = await options.podStats();
    if (limited && (await evictForLimits(running, stats))) return;
    if (met.length === 0) return;
    // Memory first: it is what kills the node soonest.
    const [first] = [...met].sort((a, b) => Number(b.signal === 'memory.available') - Number(a.signal === 'memory.available'));
    if (first === undefined) return;
    const { resource, condition } = SIGNALS[first.signal];
    log.warn('The node runs short: reclaiming', { signal: first.signal, resource });
    options.attempting(resource);
    if (condition === 'DiskPressure') {
      await options.reclaimDisk();
      if (crossed([first], await options.signals(), true).length === 0) return;
    }
    await evictOne(first, resource, met, running, stats, seenAt);
  }

  async function evictForLimits(running: readonly NodePod[], stats: ReadonlyMap<string, PodStats>): Promise<boolean> {
    const over = running.flatMap((pod) => {
      const excess = isCritical(pod) ? undefined : localStorageExcess(pod, stats.get(pod.metadata.uid));
      return excess === undefined ? [] : [{ pod, ...excess }];
    });
    await Promise.all(over.map(({ pod, message }) => end(pod, message, IMMEDIATE_SECONDS, {})));
    for (const { signal: limit } of over) options.evicted?.(limit, undefined);
    return over.length > 0;
  }

  async function evictOne(
    first: Threshold,
    resource: StarvedResource,
    met: readonly Threshold[],
    running: readonly NodePod[],
    stats: ReadonlyMap<string, PodStats>,
    seenAt: number,
  ): Promise<void> {
    const victim = rankPods(running, resource, (pod) => stats.get(pod.metadata.uid)).find((pod) => !isCritical(pod));
    if (victim === undefined) {
      log.error('The node runs short and there is no pod to evict', { resource });
      return;
    }
    const { message, annotations } = evictionText(resource, victim, stats.get(victim.metadata.uid), met, await options.signals());
    options.evicted?.(first.signal, (clock.now() - seenAt) / 1000);
    const soft = Math.max(config.evictionMaxPodGracePeriod ?? 0, 0);
    await end(victim, message, first.graceMs > 0 ? Math.max(soft, IMMEDIATE_SECONDS) : IMMEDIATE_SECONDS, annotations);
  }

  async function end(pod: NodePod, message: string, graceSeconds: number, annotations: Readonly<Record<string, string>>): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      options.evict(pod, { reason: 'Evicted', message, graceSeconds, disruption: true }, annotations),
      clock.sleep(CLEANUP_MS, waited.signal),
    ]);
    waited.abort();
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        await round();
      } catch (error) {
        log.error('The node could not be looked after', { err: errorText(error) });
      }
      await clock.sleep(EVERY_MS, signal);
    }
  }
  void loop();
  return { pressures: () => pressures, close: () => stopping.abort() };
}
