/** How a route of the kubelet is written down. */
import type { KubeletConfiguration } from '../config.ts';
import type { FeatureGate } from './feature-gates.ts';
import type { Handler, ServerKind } from './request.ts';

/** What the command line turns on beside the configuration, which has no fields for it. Both are off in the original. */
export interface ServerFeatures {
  /** `--legacy-endpoints`: what kubelets before 1.21 served. */
  readonly legacyEndpoints: boolean;
  /** `--kubelet-api-extensions`: what the original never served. */
  readonly apiExtensions: boolean;
}

/** A setting that turns a route off: a boolean of the configuration, one of the command line, or a feature gate. */
export type Setting =
  | 'enableDebuggingHandlers'
  | 'enableSystemLogHandler'
  | 'enableProfilingHandler'
  | 'enableDebugFlagsHandler'
  | keyof ServerFeatures
  | `gate:${FeatureGate}`;

export interface Switch {
  readonly setting: Setting;
  /** The 405 body when it is off; without one the path is then not registered at all. */
  readonly off?: string;
}

interface RouteBase {
  /** The servers that know the path. The read-only one treats debugging handlers as switched off. */
  readonly servers: readonly ServerKind[];
  /** Subresources of nodes that are asked for, in this order; the first that is allowed is enough. */
  readonly subresources: readonly string[];
  /** In the order they are asked; the first that is off decides the answer. */
  readonly switches: readonly Switch[];
  /** The answer leaves HTTP, or lasts as long as the client likes. */
  readonly streaming?: true;
  readonly handler: Handler;
  /** What it is for, one sentence. */
  readonly doc: string;
  /** Query parameters that have an effect, by name. */
  readonly query?: Readonly<Record<string, QueryParameter>>;
  /** Media type of the usual answer. */
  readonly answer: string;
}

export interface QueryParameter {
  readonly type: 'string' | 'boolean' | 'integer' | 'strings';
  readonly doc: string;
  /** The setting without which it has no effect. */
  readonly only?: Setting;
}

/** A path that reaches its handler with every method (Go's ServeMux). */
export interface ExactRoute extends RouteBase {
  readonly registration: 'exact';
  readonly path: string;
}

/** A route of a service (go-restful): methods and Accept are checked, a trailing slash is ignored. */
export interface ServiceRoute extends RouteBase {
  readonly registration: 'service';
  /** Where the service is registered. With a trailing slash the path without it redirects. */
  readonly root: string;
  /** Below the root: `{name}` is a segment, `{name:*}` at the end is one segment or more. */
  readonly path: string;
  readonly methods: readonly string[];
  /** Types that an Accept header may name besides `*∕*`. */
  readonly produces: readonly string[];
}

export type Route = ExactRoute | ServiceRoute;

/** The configuration as routes ask it. */
export type RouteConfiguration = Pick<
  KubeletConfiguration,
  'enableDebuggingHandlers' | 'enableSystemLogHandler' | 'enableProfilingHandler' | 'enableDebugFlagsHandler' | 'featureGates'
> &
  Partial<ServerFeatures>;
