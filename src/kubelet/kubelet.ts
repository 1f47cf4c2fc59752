/**
 * The node agent, from top to bottom: what it needs, what it shares, where its pods come from, what wakes them, what
 * it tells the API server about the node, and what it cleans up (kubernetes `pkg/kubelet/kubelet.go`).
 */
import { uptime } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseDuration } from '../api/duration.ts';
import { resources } from '../api/resources.ts';
import type { ObjectOf } from '../api/types.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { startNodeProcessMetrics } from '../metrics/node-process.ts';
import { parseCgroupLayout } from '../runtime/process/cgroup-layout.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Host } from '../util/host.ts';
import { errorText, type Logger } from '../util/log.ts';
import { allPodsLimits } from './cgroups/pod-limits.ts';
import type { CgroupDriver } from './cgroups/names.ts';
import { NO_POD_CGROUPS, openPodCgroups, type PodCgroups } from './cgroups/pod-cgroups.ts';
import { createEventRecorder } from './events/recorder.ts';
import { openCredentialProviders } from './images/credential-provider.ts';
import { openNodeCredentials } from './images/node-credentials.ts';
import { startHousekeeping, type Housekeeping } from './node/housekeeping.ts';
import { startNodeAgent } from './node/node-agent.ts';
import { allocatable } from './node/node-status.ts';
import { runningPods } from './node/running-pods.ts';
import { openAllocations } from './pods/allocation.ts';
import { createBackoff, CRASH_BACKOFF } from './pods/backoff.ts';
import { createImagePuller } from './pods/image-puller.ts';
import { readySandbox } from './pods/observed.ts';
import { isStatic, type NodePod } from './pods/pod.ts';
import { createPodManager, type PodManager } from './pods/pod-manager.ts';
import type { PodServices, PodSettings, ServiceSource } from './pods/services.ts';
import { createStatusWriter } from './pods/status-writer.ts';
import { createProber } from './probes/prober.ts';
import type { NodeView } from './server/node-view.ts';
import type { Measurements } from './server/request.ts';
import { startApiSource, type PodSource } from './sources/api-source.ts';
import { startFileSource } from './sources/file-source.ts';
import { startUrlSource } from './sources/url-source.ts';
import { createMirrorPods } from './sources/mirror-pods.ts';
import { parseResolvConf } from './spec/dns.ts';
import { createKubeletMetrics, type KubeletMetrics } from './stats/kubelet-metrics.ts';
import { measuredCgroups } from './stats/measured-cgroups.ts';
import { measuredRuntime } from './stats/measured-runtime.ts';
import { startNodeStats } from './stats/node-stats.ts';
import { trackNodeStartup } from './stats/node-startup.ts';
import { createPodStartTracker } from './stats/pod-start.ts';
import { kubeletMeasurements } from './stats/measurements.ts';
import { createProbeMetrics } from './stats/probe-metrics.ts';
import { volumePlugin } from './stats/pod-families.ts';
import { createObjectCache } from './volumes/object-cache.ts';
import { createTokenManager } from './volumes/tokens.ts';
import { createVolumeManager } from './volumes/volume-manager.ts';

export interface KubeletOptions {
  /** With every default in place. */
  readonly config: ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;
  readonly nodeName: string;
  /** Addresses of the node; the first is the primary one. */
  readonly nodeIPs: readonly string[];
  /** `/var/lib/kubelet`, or a directory in the data directory. */
  readonly rootDir: string;
  /** `/var/log/pods`: one directory a pod. */
  readonly podLogsDir: string;
  /** `/var/log/containers`: one link a container. */
  readonly containerLogsDir: string;
  /** Without one the kubelet runs static pods alone. */
  readonly client: KubeClient | undefined;
  readonly runtime: Runtime;
  readonly host: Host;
  readonly log: Logger;
  /** Parent of `kubepods`; `/` by default. */
  readonly cgroupRoot: string;
  /** Where the kubelet counts its work; its own by default. */
  readonly metrics?: KubeletMetrics;
  /** Shown in the Node. Default `v1.36.3`. */
  readonly version?: string;
  /** Labels that the Node is registered with, beside those of the machine. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** Programs that know credentials for registries: their configuration, and where they are. */
  readonly credentialProviders?: { readonly config: string; readonly binDir: string };
  /** Whether volumes may be mounted. Default: whether this process is root. */
  readonly mayMount?: boolean;
}

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
const CRASH_RESET_FACTOR_MS = CRASH_BACKOFF.maxMs;
/** A relist finds what an event did not tell. */
const RELIST_MS = 10_000;

export async function startKubelet(options: KubeletOptions): Promise<KubeletHandle> {
  const { config, client, host, log, nodeName } = options;
  const { clock } = host;
  const startedAt = clock.now();
  const metrics = options.metrics ?? createKubeletMetrics();
  const runtime = measuredRuntime(options.runtime, metrics, clock);
  const probeMetrics = createProbeMetrics();
  const program = startNodeProcessMetrics();
  const starts = createPodStartTracker(metrics, clock);
  const stopping = new AbortController();
  await makeDirectories(options);

  // What everything shares.
  const driver = await runtime.cgroupDriver?.();
  const settings = {
    ...podSettings(options, await memoryOf(host), await cgroupVersion(host)),
    cgroupDriver: driver ?? configuredDriver(config),
  };
  const events = createEventRecorder({ client, nodeName, clock, log: log.scope('events') });
  const runtimeVersion = await runtime.version();
  // What the node is short of is known later than the node is made.
  let housekeeping: Housekeeping | undefined;
  let turned = clock.monotonic();
  let listedAt = turned;
  const node = await startNodeAgent({
    ...options,
    port: config.port ?? DEFAULT_PORT,
    version: options.version ?? DEFAULT_VERSION,
    runtimeVersion,
    events,
    pressures: () => housekeeping?.pressures() ?? new Set(),
    shuttingDown: () => housekeeping?.shuttingDown() ?? false,
    listedAgoMs: () => clock.monotonic() - listedAt,
    startup: trackNodeStartup(metrics, clock, startedAt - uptime() * 1000, startedAt),
    log: log.scope('node'),
  });
  const objects = createObjectCache(client, () => clock.now());
  const tokens = createTokenManager(client, () => clock.now(), log.scope('tokens'));
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
  const providers =
    options.credentialProviders && (await openCredentialProviders({ ...options.credentialProviders, host, log: log.scope('credentials') }));
  const services: PodServices = {
    nodeName,
    hostIPs: client ? options.nodeIPs : [],
    host,
    log: log.scope('pods'),
    runtime,
    runtimeName: runtimeVersion.runtimeName,
    client,
    settings,
    events,
    objects,
    statuses,
    volumes: createVolumeManager({
      host,
      log: log.scope('volumes'),
      rootDir: options.rootDir,
      objects,
      tokens,
      useTmpfs: settings.mayMount,
      mounted: (volume, ready, seconds) => {
        const plugin = volumePlugin(volume);
        metrics.storageOperationDuration.observe(seconds, ['false', 'volume_mount', ready ? 'success' : 'fail-unknown', plugin]);
        if (ready) metrics.volumeOperationTotal.observe(seconds, ['overall_volume_mount', plugin]);
      },
    }),
    cgroups: measuredCgroups(
      await podCgroups(options, settings, allocatable(node.machine, { ...config, evictionHard: {} })),
      metrics,
      clock,
    ),
    images: createImagePuller(runtime, clock, {
      observer: {
        ensured: (policy, present, pull) =>
          metrics.imageManagerEnsureImageRequests.increase([String(present ?? 'unknown'), policy.toLowerCase(), String(pull ?? 'unknown')]),
        pulled: (uid, ms) => starts.pulled(uid, ms),
      },
      limits: {
        parallel: config.serializeImagePulls === false ? (config.maxParallelImagePulls ?? Infinity) : 1,
        perSecond: config.registryPullQPS ?? 0,
        burst: config.registryBurst ?? 0,
      },
      nodeCredentials: openNodeCredentials(host, options.rootDir, providers),
    }),
    probes: createProber({ runtime, clock, events, metrics: probeMetrics }),
    crashes: createBackoff({ ...CRASH_BACKOFF, maxMs: settings.crashBackoffMaxMs }),
    services: serviceSource(client, log, stopping.signal),
    metrics,
    starts,
    allocatable: () => node.allocatable(),
    nodeDns: async () => parseResolvConf(await host.files.readFile(config.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => '')),
    nodeHosts: () => host.files.readFile('/etc/hosts', 'utf8').catch(() => ''),
  };

  // The pods and where they come from.
  const allocations = await openAllocations(host, settings.rootDir, log.scope('allocations'));
  const manager: PodManager = createPodManager({
    services,
    node: () => node.node(),
    allowedUnsafeSysctls: config.allowedUnsafeSysctls ?? [],
    allocations,
    pressures: () => housekeeping?.pressures() ?? new Set(),
    shuttingDown: () => housekeeping?.shuttingDown() ?? false,
  });
  const sources: PodSource[] = [];
  if (client)
    sources.push(
      startApiSource(client, nodeName, log.scope('api'), {
        wanted: (pod, resourceVersion) => {
          manager.upsert('api', pod);
          starts.watched(pod, pod.status);
          statuses.seen(pod, pod.status, resourceVersion);
        },
        removed: (pod) => manager.remove(pod.metadata.uid, pod),
        mirror: (pod, present) => mirrors.seen(pod, present),
      }),
    );
  const fixed = staticPods(manager, mirrors.wanted);
  if (config.staticPodPath)
    sources.push(
      startFileSource({
        host,
        log: log.scope('file'),
        path: config.staticPodPath,
        nodeName,
        everyMs: parseDuration(config.fileCheckFrequency ?? '20s'),
        changed: fixed('file'),
      }),
    );
  if (config.staticPodURL)
    sources.push(
      startUrlSource({
        host,
        log: log.scope('http'),
        url: config.staticPodURL,
        headers: config.staticPodURLHeader ?? {},
        nodeName,
        everyMs: parseDuration(config.httpCheckFrequency ?? '20s'),
        changed: fixed('http'),
      }),
    );
  const synced = Promise.all(sources.map((source) => source.synced));

  // What wakes them: the runtime, and a slow look at everything.
  runtime.onEvent((event) => manager.wake(event.podUid), stopping.signal);
  const relist = clock.every(RELIST_MS, () => {
    const before = turned;
    turned = clock.monotonic();
    metrics.plegRelistInterval.observe((turned - before) / 1000);
    const asked = turned;
    void measureRelist(runtime, metrics, clock, () => {
      listedAt = Math.max(listedAt, asked);
    });
    manager.wakeAll();
    mirrors.repair();
  });
  const stats = await startNodeStats({
    ...options,
    runtime,
    rootDir: settings.rootDir,
    cgroupRoot: settings.cgroupRoot,
    cgroupDriver: settings.cgroupDriver,
    kubeletCgroups: config.kubeletCgroups ?? '',
    systemCgroups: config.systemCgroups ?? '',
    log: log.scope('stats'),
    pods: () => manager.followed(),
    counted: (seconds) => metrics.volumeMetricCollectionDuration.observe(seconds, ['du']),
  });
  housekeeping = await startHousekeeping({ kubelet: { ...options, runtime }, services, manager, stats, agent: node, synced });

  return {
    view: nodeView({ ...options, runtime }, manager, () => clock.monotonic() - turned),
    measurements: kubeletMeasurements({
      stats,
      metrics,
      probes: probeMetrics,
      runtimeOfProgram: program.families,
      nodeName,
      pods: () => manager.followed(),
      startedAt,
      version: options.version ?? DEFAULT_VERSION,
    }),
    async close() {
      for (const source of sources) source.close();
      relist.cancel();
      stats.close();
      program.close();
      stopping.abort();
      services.probes.close();
      await manager.close();
      await housekeeping?.close();
      await allocations.flush();
      await node.close();
      statuses.close();
      await events.flush();
      objects.close();
      await services.volumes.close();
    },
  };
}

/** Asks the runtime for all that it has, as the pods' own looks do one by one: how long that takes is the runtime's health. */
async function measureRelist(runtime: Runtime, metrics: KubeletMetrics, clock: Host['clock'], answers: () => void): Promise<void> {
  const began = clock.monotonic();
  // A runtime that does not answer is seen in its errors and, here, in the time since it last did.
  const answered = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]).catch(() => undefined);
  metrics.plegRelistDuration.observe((clock.monotonic() - began) / 1000);
  if (answered === undefined) return;
  metrics.plegLastSeen.set(Math.floor(clock.now() / 1000));
  answers();
}

/** Static pods of several places: each place says its whole set, and mirrors follow what all of them want together. */
function staticPods(manager: PodManager, wanted: (pods: readonly NodePod[]) => void) {
  const sets = new Map<string, readonly NodePod[]>();
  return (source: 'file' | 'http') =>
    (pods: readonly NodePod[]): void => {
      const before = new Set((sets.get(source) ?? []).map((pod) => pod.metadata.uid));
      const now = new Set(pods.map((pod) => pod.metadata.uid));
      for (const uid of before) if (!now.has(uid)) manager.remove(uid);
      for (const pod of pods) if (!before.has(pod.metadata.uid)) manager.upsert(source, pod);
      sets.set(source, pods);
      wanted([...sets.values()].flat());
    };
}

async function makeDirectories({ host, rootDir, podLogsDir, containerLogsDir }: KubeletOptions): Promise<void> {
  await host.files.mkdir(join(rootDir, 'pods'), { recursive: true, mode: 0o750 });
  for (const directory of [podLogsDir, containerLogsDir]) await host.files.mkdir(directory, { recursive: true, mode: 0o755 });
}

async function memoryOf({ files }: Host): Promise<number> {
  const text = await files.readFile('/proc/meminfo', 'utf8').catch(() => '');
  return Number(/^MemTotal:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

async function cgroupVersion({ files }: Host): Promise<1 | 2 | undefined> {
  return parseCgroupLayout(await files.readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))?.version;
}

function podSettings(options: KubeletOptions, memoryCapacity: number, cgroups: 1 | 2 | undefined): PodSettings {
  const { config, rootDir, podLogsDir, containerLogsDir, cgroupRoot } = options;
  const longest = config.crashLoopBackOff?.maxContainerRestartPeriod;
  return {
    rootDir: isAbsolute(rootDir) ? rootDir : join(process.cwd(), rootDir),
    podLogsDir,
    containerLogsDir,
    cgroupRoot: config.cgroupRoot !== undefined && config.cgroupRoot !== '' ? config.cgroupRoot : cgroupRoot,
    clusterDomain: config.clusterDomain ?? '',
    clusterDNS: config.clusterDNS ?? [],
    seccompDir: join(rootDir, 'seccomp'),
    seccompDefault: config.seccompDefault === true,
    cpuCFSQuota: config.cpuCFSQuota !== false,
    cpuCFSQuotaPeriod: config.cpuCFSQuotaPeriod ?? '100ms',
    podPidsLimit: config.podPidsLimit ?? -1,
    memoryCapacity,
    killsTogether: cgroups === 2 && config.singleProcessOOMKill !== true,
    syncFrequencyMs: parseDuration(config.syncFrequency ?? '1m0s'),
    crashBackoffMaxMs: longest === undefined ? CRASH_RESET_FACTOR_MS : parseDuration(longest),
    mayMount: options.mayMount ?? process.getuid?.() === 0,
  };
}

const configuredDriver = ({ cgroupDriver }: KubeletOptions['config']): CgroupDriver =>
  cgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs';

/** The cgroups of pods, where the runtime leaves them to the kubelet. */
async function podCgroups(
  { runtime, config, host, log }: KubeletOptions,
  settings: PodSettings,
  amounts: Readonly<Record<string, string>>,
): Promise<PodCgroups> {
  if (runtime.cgroupDriver === undefined || config.cgroupsPerQOS === false || !settings.mayMount) return NO_POD_CGROUPS;
  const enforced = (config.enforceNodeAllocatable ?? ['pods']).includes('pods');
  return openPodCgroups({ ...settings, host, log: log.scope('cgroups'), allPods: allPodsLimits(amounts, enforced) });
}

/** Services of the cluster: pods get variables that name them. */
function serviceSource(client: KubeClient | undefined, log: Logger, signal: AbortSignal): ServiceSource {
  if (client === undefined) return { synced: Promise.resolve(), all: () => [] };
  const informer = client.inform(
    resources.services,
    { signal },
    { failed: (error) => log.warn('Services could not be read', { err: errorText(error) }) },
  );
  return { synced: informer.synced, all: () => informer.items.values() };
}

function nodeView({ nodeName, runtime }: KubeletOptions, manager: PodManager, syncLoopAgeMs: () => number): NodeView {
  return {
    nodeName,
    runtime,
    pods: () => manager.pods(),
    pod(namespace, name) {
      const found = manager.byName(namespace, name);
      return found && { pod: found.pod, status: found.pod.status, sandboxId: readySandbox(found.observed)?.id };
    },
    runningPods: () => runningPods(runtime),
    syncLoopAgeMs,
  };
}
