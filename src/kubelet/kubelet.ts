/**
 * The node agent, from top to bottom: what it needs, what it shares, where its pods come from, what wakes them, what
 * it tells the API server about the node, and what it cleans up (kubernetes `pkg/kubelet/kubelet.go`).
 */
import { uptime } from 'node:os';
import { join } from 'node:path';
import { startNodeProcessMetrics } from '../metrics/node-process.ts';
import { inTurns } from '../runtime/turns.ts';
import { activePods, startedWith } from './devices/active.ts';
import { openDevices } from './devices/devices.ts';
import { servePodResources } from './devices/serve-pod-resources.ts';
import { createEventRecorder } from './events/recorder.ts';
import { startHousekeeping, type Housekeeping } from './node/housekeeping.ts';
import { watchLooks } from './node/looks.ts';
import { startNodeAgent } from './node/node-agent.ts';
import { createRelist } from './node/relist.ts';

import type { KubeletOptions } from './options.ts';
import { openAllocations } from './pods/allocation.ts';
import { nodeView } from './pods/node-view.ts';
import { openPodServices } from './pods/open-services.ts';
import { createPodManager, type PodManager } from './pods/pod-manager.ts';
import { isStatic } from './pods/pod.ts';
import { podSettings } from './pods/settings.ts';
import { createStatusWriter } from './pods/status-writer.ts';
import type { NodeView } from './server/node-view.ts';
import type { Measurements } from './server/request.ts';
import { createMirrorPods } from './sources/mirror-pods.ts';
import { startPodSources } from './sources/pod-sources.ts';
import { createKubeletMetrics } from './stats/kubelet-metrics.ts';
import { measuredRuntime } from './stats/measured-runtime.ts';
import { kubeletMeasurements } from './stats/measurements.ts';
import { startNodeStats } from './stats/node-stats.ts';
import { trackNodeStartup } from './stats/node-startup.ts';
import { createPodStartTracker } from './stats/pod-start.ts';
import { createProbeMetrics } from './stats/probe-metrics.ts';

export interface KubeletHandle {
  /** What the HTTP server shows. */
  readonly view: NodeView;
  /** What the HTTP server's metrics endpoints show. */
  readonly measurements: Measurements;
  /** Ends all loops; containers go on running. */
  close(): Promise<void>;
}

const DEFAULT_VERSION = 'v1.36.3';
const DEFAULT_PORT = 10_250;

export async function startKubelet(options: KubeletOptions): Promise<KubeletHandle> {
  const { config, client, host, log, nodeName, version = DEFAULT_VERSION } = options;
  const { clock } = host;
  const startedAt = clock.now();
  const stopping = new AbortController();

  // What counts the work.
  const metrics = options.metrics ?? createKubeletMetrics();
  const probeMetrics = createProbeMetrics();
  const starts = createPodStartTracker(metrics, clock);
  const program = startNodeProcessMetrics(clock);
  const looks = watchLooks(measuredRuntime(options.runtime, metrics, clock), clock);
  const runtime = inTurns(looks.runtime, clock);

  // The node. What it is short of is known later than it is made.
  let housekeeping: Housekeeping | undefined;
  const pressures = () => housekeeping?.pressures() ?? new Set<never>();
  const shuttingDown = () => housekeeping?.shuttingDown() ?? false;
  await makeDirectories(options);
  const settings = await podSettings(options);
  const events = createEventRecorder({ client, nodeName, clock, log: log.scope('events') });
  const relist = createRelist(runtime, metrics, clock);
  const runtimeVersion = await runtime.version();
  const devices = await openDevices({
    host,
    rootDir: settings.rootDir,
    log: log.scope('devices'),
    metrics,
    running: () => startedWith(runtime),
  });
  const node = await startNodeAgent({
    ...options,
    port: config.port ?? DEFAULT_PORT,
    version,
    runtimeVersion,
    events,
    pressures,
    shuttingDown,
    listedAgoMs: () => Math.max(relist.listedAgoMs(), looks.stuckMs()),
    devices,
    startup: trackNodeStartup(metrics, clock, startedAt - uptime() * 1000, startedAt),
    log: log.scope('node'),
  });

  // The pods: where their status goes, what they share, who follows them.
  const mirrors = createMirrorPods({
    client,
    log: log.scope('mirror'),
    node: () => node.node(),
    appeared: (pod, mirror) => {
      statuses.seen(pod, mirror.status, mirror.metadata.resourceVersion ?? '');
      manager.wake(pod.metadata.uid);
    },
  });
  const statuses = createStatusWriter({
    client,
    clock,
    log: log.scope('status'),
    target: (pod) => (isStatic(pod) ? mirrors.target(pod) : { ...pod.metadata, status: pod.status }),
    written: (seconds) => metrics.podStatusSyncDuration.observe(seconds),
  });
  const services = await openPodServices(options, {
    runtime,
    runtimeName: runtimeVersion.runtimeName,
    settings,
    events,
    statuses,
    node,
    devices,
    metrics,
    probeMetrics,
    starts,
    signal: stopping.signal,
  });
  const allocations = await openAllocations(host, settings.rootDir, log.scope('allocations'));
  const manager: PodManager = createPodManager({
    services,
    node: () => node.node(),
    allowedUnsafeSysctls: config.allowedUnsafeSysctls ?? [],
    allocations,
    pressures,
    shuttingDown,
  });

  // Their devices.
  let synced = false;
  await devices.serve({
    active: () => new Set(activePods(manager.followed()).map((pod) => pod.metadata.uid)),
    synced: () => synced,
    changed: (uids) => {
      node.touch();
      uids.forEach((uid) => manager.wake(uid));
    },
  });

  const podResources = await servePodResources({
    host,
    rootDir: settings.rootDir,
    log: log.scope('devices'),
    metrics,
    devices,
    pods: () => activePods(manager.followed()),
    podByName: (namespace, name) => manager.byName(namespace, name)?.pod,
  });

  // Where they come from.
  const sources = startPodSources(options, manager, {
    wanted: (pod, resourceVersion) => {
      manager.upsert('api', pod);
      starts.watched(pod, pod.status);
      statuses.seen(pod, pod.status, resourceVersion);
    },
    removed: (pod) => manager.remove(pod.metadata.uid, pod),
    mirror: (pod, present) => mirrors.seen(pod, present),
    fixed: (pods) => mirrors.wanted(pods),
  });

  void sources.synced.then(() => (synced = true));

  // What wakes them: the runtime, and a slow look at everything.
  runtime.onEvent((event) => manager.wake(event.podUid), stopping.signal);
  relist.start((changed) => {
    manager.relisted(changed);
    mirrors.repair();
  });

  // What is measured, and what is cleaned up.
  const stats = await startNodeStats({
    ...options,
    ...settings,
    runtime,
    kubeletCgroups: config.kubeletCgroups ?? '',
    systemCgroups: config.systemCgroups ?? '',
    log: log.scope('stats'),
    pods: () => manager.followed(),
    counted: (seconds) => metrics.volumeMetricCollectionDuration.observe(seconds, ['du']),
  });
  housekeeping = await startHousekeeping({
    kubelet: { ...options, runtime },
    services,
    manager,
    stats,
    agent: node,
    synced: sources.synced,
  });

  return {
    view: { ...nodeView(nodeName, runtime, manager, () => relist.turnedAgoMs()), devicePluginProblem: () => devices.problem() },
    measurements: kubeletMeasurements({
      stats,
      metrics,
      probes: probeMetrics,
      runtimeOfProgram: program.families,
      nodeName,
      pods: () => manager.followed(),
      startedAt,
      version,
    }),
    async close() {
      sources.close();
      relist.close();
      stats.close();
      program.close();
      stopping.abort();
      services.probes.close();
      await manager.close();
      await devices.close();
      await podResources?.close();
      await housekeeping?.close();
      await allocations.flush();
      await node.close();
      statuses.close();
      await events.flush();
      services.objects.close();
      await services.volumes.close();
    },
  };
}

async function makeDirectories({ host, rootDir, podLogsDir, containerLogsDir }: KubeletOptions): Promise<void> {
  await host.files.mkdir(join(rootDir, 'pods'), { recursive: true, mode: 0o750 });
  for (const directory of [podLogsDir, containerLogsDir]) await host.files.mkdir(directory, { recursive: true, mode: 0o755 });
}
