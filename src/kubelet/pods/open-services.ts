/** Puts together what all pod workers share. */
import { resources } from '../../api/resources.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { allPodsLimits } from '../cgroups/pod-limits.ts';
import { NO_POD_CGROUPS, openPodCgroups, type PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { DeviceManager } from '../devices/devices.ts';
import type { EventRecorder } from '../events/recorder.ts';
import { openCredentialProviders } from '../images/credential-provider.ts';
import { openNodeCredentials } from '../images/node-credentials.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import { allocatable } from '../node/node-status.ts';
import type { KubeletOptions } from '../options.ts';
import { createProber } from '../probes/prober.ts';
import { parseResolvConf } from '../spec/dns.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { measuredCgroups } from '../stats/measured-cgroups.ts';
import { volumePlugin } from '../stats/pod-families.ts';
import type { PodStartTracker } from '../stats/pod-start.ts';
import type { ProbeMetrics } from '../stats/probe-metrics.ts';
import { createObjectCache } from '../volumes/object-cache.ts';
import { createTokenManager } from '../volumes/tokens.ts';
import { DEFAULT_IDS_PER_POD } from '../userns/id-range.ts';
import { openUserNamespaces } from '../userns/user-namespaces.ts';
import { createVolumeManager, type VolumeManager } from '../volumes/volume-manager.ts';
import { createBackoff, CRASH_BACKOFF } from './backoff.ts';
import { createImagePuller, type ImagePuller } from './image-puller.ts';
import type { PodServices, PodSettings, ServiceSource } from './services.ts';
import type { StatusWriter } from './status-writer.ts';

const DEFAULT_MAX_PODS = 110;

export interface PodServicesParts {
  /** Measured: what pods ask of it is counted. */
  readonly runtime: Runtime;
  readonly runtimeName: string;
  readonly settings: PodSettings;
  readonly events: EventRecorder;
  readonly statuses: StatusWriter;
  readonly node: NodeAgent;
  readonly devices: DeviceManager;
  readonly metrics: KubeletMetrics;
  readonly probeMetrics: ProbeMetrics;
  readonly starts: PodStartTracker;
  /** Ends what reads on and on. */
  readonly signal: AbortSignal;
}

export async function openPodServices(options: KubeletOptions, parts: PodServicesParts): Promise<PodServices> {
  const { config, client, host, log, nodeName } = options;
  const { runtime, settings, events, node, metrics } = parts;
  const { clock } = host;
  const objects = createObjectCache(client, () => clock.now());
  const amounts = allocatable(node.machine, { ...config, evictionHard: {} });
  return {
    ...parts,
    nodeName,
    since: clock.now(),
    hostIPs: client ? options.nodeIPs : [],
    host,
    log: log.scope('pods'),
    client,
    objects,
    volumes: volumeManager(options, parts, objects),
    cgroups: measuredCgroups(await podCgroups(options, settings, amounts), metrics, clock),
    users: await openUserNamespaces({
      host,
      rootDir: settings.rootDir,
      idsPerPod: config.userNamespaces?.idsPerPod ?? DEFAULT_IDS_PER_POD,
      maxPods: config.maxPods ?? DEFAULT_MAX_PODS,
    }),
    images: await imagePuller(options, parts),
    probes: createProber({ runtime, clock, events, metrics: parts.probeMetrics }),
    crashes: createBackoff({ ...CRASH_BACKOFF, maxMs: settings.crashBackoffMaxMs }),
    services: serviceSource(client, log, parts.signal),
    allocatable: () => node.allocatable(),
    nodeDns: async () => parseResolvConf(await host.files.readFile(config.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => '')),
    nodeHosts: () => host.files.readFile('/etc/hosts', 'utf8').catch(() => ''),
  };
}

function volumeManager(
  { client, host, log, rootDir }: KubeletOptions,
  { settings, metrics, node }: PodServicesParts,
  objects: PodServices['objects'],
): VolumeManager {
  return createVolumeManager({
    host,
    log: log.scope('volumes'),
    rootDir,
    objects,
    tokens: createTokenManager(client, () => host.clock.now(), log.scope('tokens')),
    useTmpfs: settings.mayMount,
    claims: { client, node: () => node.node() },
    mounted: (volume, ready, seconds) => {
      const plugin = volumePlugin(volume);
      metrics.storageOperationDuration.observe(seconds, ['false', 'volume_mount', ready ? 'success' : 'fail-unknown', plugin]);
      if (ready) metrics.volumeOperationTotal.observe(seconds, ['overall_volume_mount', plugin]);
    },
  });
}

async function imagePuller(
  { config, host, log, rootDir, credentialProviders }: KubeletOptions,
  { runtime, metrics, starts }: PodServicesParts,
): Promise<ImagePuller> {
  const providers = credentialProviders && (await openCredentialProviders({ ...credentialProviders, host, log: log.scope('credentials') }));
  return createImagePuller(runtime, host.clock, {
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
    nodeCredentials: openNodeCredentials(host, rootDir, providers),
  });
}

/** The cgroups of pods: the kubelet's own, where the runtime leaves them to it. */
async function podCgroups(
  { runtime, config, host, log }: KubeletOptions,
  settings: PodSettings,
  amounts: Readonly<Record<string, string>>,
): Promise<PodCgroups> {
  if (config.cgroupsPerQOS === false || !settings.mayMount) return NO_POD_CGROUPS;
  const enforced = (config.enforceNodeAllocatable ?? ['pods']).includes('pods');
  return openPodCgroups({
    ...settings,
    host,
    log: log.scope('cgroups'),
    allPods: allPodsLimits(amounts, enforced),
    madeByRuntime: runtime.cgroupDriver === undefined,
  });
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
