/** What a kubelet is started with. */
import type { ObjectOf } from '../api/types.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import type { KubeletMetrics } from './stats/kubelet-metrics.ts';

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
