/** What every pod worker shares: made once by `startKubelet`, passed to all. */
import type { DnsConfig, Runtime } from '../../runtime/runtime.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Service } from '../../api/types.ts';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import type { PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { DeviceManager } from '../devices/devices.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { ResourceSettings } from '../spec/resources.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import type { PodStartTracker } from '../stats/pod-start.ts';
import type { SandboxSettings } from '../spec/sandbox-config.ts';
import type { SecuritySettings } from '../spec/security.ts';
import type { ObjectCache } from '../volumes/object-cache.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { UserNamespaces } from '../userns/user-namespaces.ts';
import type { Backoff } from './backoff.ts';
import type { ImagePuller } from './image-puller.ts';
import type { NodePod } from './pod.ts';
import type { ProbeResults } from './plan.ts';
import type { StatusWriter } from './status-writer.ts';

/** Probes of running containers; results feed plan and status. */
export interface ProbeManager extends ProbeResults {
  /** Follows the containers that run now: starts and ends probes. `changed` is called when a result changes. */
  follow(pod: NodePod, running: ReadonlyMap<string, RunningContainer>, podIPs: readonly string[], changed: () => void): void;
  /** Ends all probes of a pod; `readinessOnly` keeps readiness going while the pod terminates. */
  stop(uid: string, options?: { readonly keepReadiness: boolean }): void;
  close(): void;
}

export interface RunningContainer {
  readonly id: string;
  readonly startedAt: number;
}

export interface ServiceSource {
  /** Resolves when services were read once; without an API server at once. */
  readonly synced: Promise<void>;
  all(): Iterable<Service>;
}

export interface PodSettings extends ResourceSettings, SandboxSettings, SecuritySettings {
  readonly rootDir: string;
  readonly containerLogsDir: string;
  readonly clusterDNS: readonly string[];
  readonly syncFrequencyMs: number;
  /** Whether this process may mount: it runs as root. */
  readonly mayMount: boolean;
  /** Whether the kernel has AppArmor. */
  readonly appArmor: boolean;
  readonly crashBackoffMaxMs: number;
}

export interface PodServices {
  readonly nodeName: string;
  /** When this kubelet started, in ms since 1970. */
  readonly since: number;
  /** Addresses of the node; empty without an API server. */
  readonly hostIPs: readonly string[];
  readonly host: Host;
  readonly log: Logger;
  readonly runtime: Runtime;
  readonly runtimeName: string;
  readonly client: KubeClient | undefined;
  readonly settings: PodSettings;
  readonly events: EventRecorder;
  readonly volumes: VolumeManager;
  readonly cgroups: PodCgroups;
  readonly users: UserNamespaces;
  readonly devices: DeviceManager;
  readonly objects: ObjectCache;
  readonly statuses: StatusWriter;
  readonly images: ImagePuller;
  readonly probes: ProbeManager;
  readonly crashes: Backoff;
  readonly services: ServiceSource;
  readonly metrics: KubeletMetrics;
  readonly starts: PodStartTracker;
  /** The node's allocatable amounts. */
  allocatable(): Readonly<Record<string, string>>;
  /** The node's own resolver configuration and hosts file, read when asked. */
  nodeDns(): Promise<DnsConfig>;
  nodeHosts(): Promise<string>;
}
