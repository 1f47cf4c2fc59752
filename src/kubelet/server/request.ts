/** What an endpoint gets: the request behind authentication and routing, and the node it speaks of. */
import type { UserInfo } from '../../auth/types.ts';
import type { Encoded } from '../../metrics/encoded.ts';
import type { MetricFamily } from '../../metrics/family.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';
import type { Host } from '../../util/host.ts';
import type { Logger, Verbosity } from '../../util/log.ts';
import type { KubeletConfiguration } from '../config.ts';
import type { Snapshot } from '../stats/collector.ts';
import type { Disks } from '../stats/filesystems.ts';
import type { ServerMetrics } from './http-metrics.ts';
import type { ContentTypes } from './logs/content-type.ts';
import type { StreamTokens } from './legacy/stream-tokens.ts';
import type { NodeView } from './node-view.ts';
import type { HeapSampler } from './pprof/heap.ts';
import type { Route, ServerFeatures } from './route.ts';

/** The three servers of a kubelet: 10250, 10255 and 10248. */
export type ServerKind = 'secure' | 'readonly' | 'healthz';

/** Who measures: each writes one body, in Prometheus' text form, or for `summary` as JSON. Those who ask together may get the same. */
export interface Measurements {
  /** More families of `/metrics`, beside those of the servers and the process. */
  readonly families?: readonly MetricFamily[];
  readonly cadvisor?: () => Promise<Encoded>;
  readonly resource?: () => Promise<Encoded>;
  readonly probes?: () => Promise<Encoded>;
  readonly summary?: (onlyCpuAndMemory: boolean) => Promise<Encoded>;
  /** What the node's cgroups, pods and containers use now, for the retired endpoints. */
  readonly snapshot?: () => Promise<Snapshot>;
  /** The machine's file systems and disks, for the same; undefined until they were looked at. */
  readonly disks?: () => Promise<Disks | undefined>;
}

/** What all endpoints share. */
export interface ServerContext {
  readonly config: KubeletConfiguration;
  readonly view: NodeView;
  readonly host: Host;
  readonly log: Logger;
  readonly verbosity: Verbosity;
  /** Flag values as text, for `/flagz`. */
  readonly flags: Readonly<Record<string, string>>;
  /** The version of Kubernetes whose behaviour is served: `1.36.3`. */
  readonly version: string;
  /** The directory behind `/logs/`. */
  readonly systemLogDir: string;
  /** Where the archives of checkpoints are written. */
  readonly checkpointsDir: string;
  /** Types of the files behind `/logs/`. */
  readonly contentTypes: ContentTypes;
  readonly measurements: Measurements;
  readonly metrics: ServerMetrics;
  /** First elements of the paths that are registered exactly, sorted, for `/statusz`. */
  readonly exactPaths: readonly string[];
  readonly features: ServerFeatures;
  /** Every route, for the description of this API. */
  readonly routes: readonly Route[];
  /** Streams that wait for their client under `/cri/`; absent unless legacy endpoints are on. */
  readonly streamTokens: StreamTokens | undefined;
  readonly heap: HeapSampler;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface KubeletRequest {
  readonly exchange: Exchange;
  /** Set when the client asks to leave HTTP; `exchange` then answers in HTTP instead. */
  readonly upgrade: UpgradeExchange | undefined;
  readonly server: ServerKind;
  /** Path parameters by name, percent-encoding undone. */
  readonly params: Readonly<Record<string, string>>;
  /** Undefined on the servers without authentication. */
  readonly user: UserInfo | undefined;
  readonly context: ServerContext;
}

export type Handler = (request: KubeletRequest) => void | Promise<void>;
