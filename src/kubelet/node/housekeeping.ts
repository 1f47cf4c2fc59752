/** What keeps the node clean and alive in the background: garbage, images, logs, and evictions when something runs short. */
import { parseDuration } from '../../api/duration.ts';
import { quantityValue } from '../../api/quantity.ts';
import type { KubeletOptions } from '../options.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import { isTerminalPhase, type NodePod } from '../pods/pod.ts';
import type { PodServices } from '../pods/services.ts';
import type { NodeStats } from '../stats/node-stats.ts';
import { startEviction } from '../eviction/eviction.ts';
import { signalReader } from '../eviction/signals.ts';
import { evictionThresholds, type NodePressure } from '../eviction/thresholds.ts';
import { errorText } from '../../util/log.ts';
import { collectGarbage } from './gc.ts';
import { createImageGc, type ImageGc } from './image-gc.ts';
import { rotateLogs } from './log-rotation.ts';
import { logindSource } from './logind.ts';
import type { NodeAgent } from './node-agent.ts';
import { shutdownGroups, startShutdownManager } from './shutdown.ts';

export interface HousekeepingOptions {
  readonly kubelet: KubeletOptions;
  readonly services: PodServices;
  readonly manager: PodManager;
  readonly stats: NodeStats;
  readonly agent: NodeAgent;
  /** Resolves when every source has said once what it wants. */
  readonly synced: Promise<unknown>;
}

export interface Housekeeping {
  pressures(): ReadonlySet<NodePressure>;
  shuttingDown(): boolean;
  close(): Promise<void>;
}

const GARBAGE_MS = 60_000;
/** Garbage of before the start is removed soon after all sources have spoken. */
const FIRST_GARBAGE_MS = 100;
const IMAGES_MS = 300_000;
const LOGS_MS = 10_000;

export async function startHousekeeping(options: HousekeepingOptions): Promise<Housekeeping> {
  const { kubelet, services, manager, stats, agent, synced } = options;
  const { config, host, log } = kubelet;
  const { clock } = host;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const signals = await signalReader({ host, runtime: services.runtime, rootDir: services.settings.rootDir });
  const images = imageGc(options, async () => (await signals()).get('imagefs.available'));
  const running = (): NodePod[] =>
    manager
      .followed()
      .filter(({ pod, stage, removed }) => !removed && stage === 'running' && !isTerminalPhase(pod.status.phase))
      .map(({ pod }) => pod);
  const garbage = (): Promise<void> => collectGarbage(services, (uid) => manager.has(uid));

  /** Does something again and again until the end; what fails is logged and tried again. */
  async function every(firstMs: number, ms: number, what: string, work: () => Promise<void>): Promise<void> {
    await Promise.race([synced, stopped]);
    await clock.sleep(firstMs, signal);
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn(what, { err: errorText(error) });
      }
      await clock.sleep(ms, signal);
    }
  }
  const rotation = {
    host,
    runtime: services.runtime,
    log: log.scope('logs'),
    maxBytes: quantityValue(config.containerLogMaxSize ?? '10Mi'),
    maxFiles: Math.max(2, config.containerLogMaxFiles ?? 5),
  };
  const loops = [
    every(FIRST_GARBAGE_MS, GARBAGE_MS, 'Garbage could not be collected', garbage),
    every(IMAGES_MS, IMAGES_MS, 'Images could not be collected', () => images.collect()),
    every(LOGS_MS, LOGS_MS, 'Logs could not be rotated', () => rotateLogs(rotation, signal)),
  ];
  const eviction =
    evictionThresholds(config).length === 0 && config.localStorageCapacityIsolation === false
      ? undefined
      : startEviction({
          config,
          clock,
          log: log.scope('eviction'),
          signals,
          podStats: async () => new Map(((await stats.summary(false)).pods ?? []).map((pod) => [pod.podRef.uid, pod])),
          pods: running,
          reclaimDisk: async () => {
            await garbage();
            await images.removeUnused();
          },
          evict: (pod, verdict, annotations) => manager.end(pod.metadata.uid, verdict, { annotations }),
          evicted: (evictionSignal, ageSeconds) => {
            services.metrics.evictions.increase([evictionSignal]);
            if (ageSeconds !== undefined) services.metrics.evictionStatsAge.observe(ageSeconds, [evictionSignal]);
          },
          attempting: (resource) => agent.event('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`),
          changed: () => agent.touch(),
        });
  const groups = shutdownGroups(config);
  const seconds = groups.reduce((sum, group) => sum + group.seconds, 0);
  const source = seconds > 0 ? await logindSource(host, log.scope('shutdown'), seconds) : undefined;
  const shutdown =
    source &&
    startShutdownManager({
      groups,
      source,
      clock,
      log: log.scope('shutdown'),
      pods: running,
      end: (pod, verdict) => manager.end(pod.metadata.uid, verdict),
      changed: () => agent.touch(),
    });
  return {
    shuttingDown: () => shutdown?.shuttingDown() ?? false,
    pressures: () => eviction?.pressures() ?? new Set(),
    async close() {
      stopping.abort();
      eviction?.close();
      shutdown?.close();
      await Promise.all(loops);
    },
  };
}

function imageGc(
  { kubelet: { config, host, log }, services, agent }: HousekeepingOptions,
  room: () => Promise<{ capacity: number; available: number } | undefined>,
): ImageGc {
  return createImageGc({
    runtime: services.runtime,
    clock: host.clock,
    log: log.scope('images'),
    room,
    highPercent: config.imageGCHighThresholdPercent ?? 85,
    lowPercent: config.imageGCLowThresholdPercent ?? 80,
    minAgeMs: parseDuration(config.imageMinimumGCAge ?? '2m0s'),
    maxAgeMs: parseDuration(config.imageMaximumGCAge ?? '0s'),
    warn: (reason, message) => agent.event('Warning', reason, message),
  });
}
