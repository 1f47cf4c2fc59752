/** The kubelet's HTTP servers: 10250 with TLS and access control, 10255 read-only, 10248 for health (kubernetes `pkg/kubelet/server/server.go`). */
import type { Authenticator, Authorizer } from '../../auth/types.ts';
import type { Exchange, HttpServerHandle, TlsMaterial, UpgradeExchange } from '../../net/http.ts';
import { startHttpServer } from '../../net/http-server.ts';
import { goHttpError, sendText } from '../../net/respond.ts';
import { asExchange } from '../../net/upgrade-exchange.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger, type Verbosity } from '../../util/log.ts';
import type { KubeletConfiguration } from '../config.ts';
import { admit } from './access.ts';
import { unknownGates } from './feature-gates.ts';
import { serverMetrics } from './http-metrics.ts';
import { buildMux, matchPath, matchRoute, type Mux, type Registration } from './mux.ts';
import { contentTypes } from './logs/content-type.ts';
import { createStreamTokens } from './legacy/stream-tokens.ts';
import type { NodeView } from './node-view.ts';
import { createHeapSampler } from './pprof/heap.ts';
import { redirect } from './redirect.ts';
import type { Handler, Measurements, ServerContext, ServerKind } from './request.ts';
import type { Route, RouteConfiguration, ServerFeatures } from './route.ts';
import { routes } from './routes.ts';
import { cipherList, curveList, tlsVersion } from './tls-names.ts';

/** PEM texts of the serving certificate with its chain, and of its key. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface KubeletServerOptions {
  readonly config: KubeletConfiguration;
  readonly view: NodeView;
  /** Serves the secure port; without it that port speaks plain HTTP, for tests alone. */
  readonly tls?: ServingCertificate;
  /** PEM of the authorities named to clients in the handshake; asks for client certificates when set. */
  readonly clientCA?: string;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly host: Host;
  readonly log: Logger;
  readonly verbosity: Verbosity;
  /** Flag values as text, for `/flagz`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The version of Kubernetes whose behaviour is served: `1.36.3`. */
  readonly version: string;
  /** The directory behind `/logs/`; default `/var/log`. */
  readonly systemLogDir?: string;
  /** Where the archives of checkpoints are written; default `/var/lib/kubelet/checkpoints`. */
  readonly checkpointsDir?: string;
  /** What `/metrics…` and `/stats/summary` show; without one the path answers that nothing measures it. */
  readonly measurements?: Measurements;
  /** What is served beyond the original of this version; nothing by default. */
  readonly features?: Partial<ServerFeatures>;
  /** Replaces the configuration's ports, where 0 means off: tests take free ports with 0 here. */
  readonly ports?: Partial<Readonly<Record<ServerKind, number>>>;
}

export interface KubeletServerHandle {
  /** Where each server listens; absent when it is off. */
  readonly addresses: Partial<Readonly<Record<ServerKind, { readonly host: string; readonly port: number }>>>;
  /** Swaps the serving certificate or the authorities named to clients, for connections to come. */
  reload(tls: ServingCertificate, clientCA?: string): void;
  /** Stops listening, gives running answers `graceMs`, then cuts every connection. */
  close(graceMs?: number): Promise<void>;
}

/** Starts the servers that the configuration asks for. Rejects when one cannot listen; none is then left behind. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServerHandle> {
  const { config, host, ports = {} } = options;
  const log = options.log.scope('server');
  const unknown = unknownGates(config);
  if (unknown.length > 0) log.warn('Feature gates that have no effect here', { gates: unknown });
  const features: ServerFeatures = { legacyEndpoints: false, apiExtensions: false, ...options.features };
  const routing: RouteConfiguration = { ...config, ...features };
  const context: ServerContext = {
    config,
    features,
    routes,
    streamTokens: features.legacyEndpoints ? createStreamTokens(host.clock) : undefined,
    view: options.view,
    host,
    log,
    verbosity: options.verbosity,
    flags: options.flags ?? {},
    version: options.version,
    systemLogDir: options.systemLogDir ?? '/var/log',
    checkpointsDir: options.checkpointsDir ?? '/var/lib/kubelet/checkpoints',
    contentTypes: contentTypes(host),
    measurements: options.measurements ?? {},
    metrics: serverMetrics(routes, routing, host.clock),
    exactPaths: exactPaths(routing),
    heap: createHeapSampler(host.clock),
    startedAt: host.clock.now(),
  };
  const wanted: { kind: ServerKind; address: string; port: number }[] = [];
  const securePort = ports.secure ?? config.port;
  const readOnlyPort = ports.readonly ?? (config.readOnlyPort || undefined);
  const healthzPort = ports.healthz ?? (config.healthzPort || undefined);
  if (config.enableServer) wanted.push({ kind: 'secure', address: config.address, port: securePort });
  if (readOnlyPort !== undefined) wanted.push({ kind: 'readonly', address: config.address, port: readOnlyPort });
  if (healthzPort !== undefined) wanted.push({ kind: 'healthz', address: config.healthzBindAddress, port: healthzPort });

  const started = new Map<ServerKind, HttpServerHandle>();
  const close = async (graceMs?: number): Promise<void> => {
    await Promise.all([...started.values()].map((server) => server.close(graceMs)));
    context.heap.close();
  };
  const material = (): TlsMaterial | undefined => options.tls && tlsMaterial(config, options.tls, options.clientCA);
  for (const { kind, address, port } of wanted) {
    const tls = kind === 'secure' ? material() : undefined;
    const pipeline = requestPipeline(options, context, routing, kind);
    try {
      const server = await startHttpServer({
        host: address,
        port,
        ...(tls && { tls }),
        handle: (exchange) => pipeline(exchange, undefined),
        upgrade: (upgrade) => pipeline(asExchange(upgrade), upgrade),
        onError: (error) => log.error('A request’s handler failed', { err: errorText(error) }),
      });
      started.set(kind, server);
      log.info(kind === 'secure' ? 'Starting to listen' : `Starting to listen ${kind}`, { address, port: server.address.port });
    } catch (error) {
      await close();
      throw new Error(`failed to listen on ${address}:${port} (${kind}): ${errorText(error)}`, { cause: error });
    }
  }
  return {
    addresses: Object.fromEntries([...started].map(([kind, server]) => [kind, server.address])),
    reload: (tls, clientCA) => started.get('secure')?.reload(tlsMaterial(config, tls, clientCA ?? options.clientCA)),
    close,
  };
}

/** `/statusz` names what is registered exactly, itself aside. */
function exactPaths(routing: RouteConfiguration): string[] {
  const first = routes.filter((r) => r.registration === 'exact' && known(r, routing)).map((r) => `/${r.path.split('/')[1] ?? ''}`);
  return [...new Set(first)].filter((path) => path !== '/statusz').sort();
}

/** Whether what it takes beside the configuration is on: of that alone the original knows nothing. */
function known({ switches }: Route, { legacyEndpoints, apiExtensions }: RouteConfiguration): boolean {
  return switches.every(({ setting }) => (setting === 'legacyEndpoints' ? legacyEndpoints : setting !== 'apiExtensions' || apiExtensions));
}

function tlsMaterial(config: KubeletConfiguration, tls: ServingCertificate, clientCA: string | undefined): TlsMaterial {
  const minVersion = tlsVersion(config.tlsMinVersion);
  const ciphers = cipherList(config.tlsCipherSuites);
  const curves = curveList(config.tlsCurvePreferences);
  return {
    ...tls,
    requestClientCert: clientCA !== undefined,
    ...(clientCA !== undefined && { clientCAs: clientCA }),
    ...(minVersion && { minVersion }),
    ...(ciphers !== '' && minVersion !== 'TLSv1.3' && { ciphers }),
    ...(curves !== '' && { curves }),
  };
}

type Pipeline = (exchange: Exchange, upgrade: UpgradeExchange | undefined) => Promise<void>;

/** Path, then authentication and authorization, then the route. */
function requestPipeline(options: KubeletServerOptions, context: ServerContext, routing: RouteConfiguration, kind: ServerKind): Pipeline {
  const mux: Mux = buildMux(routes, kind, routing);
  const access = { authenticate: options.authenticate, authorize: options.authorize, nodeName: context.view.nodeName, log: context.log };
  return async (exchange, upgrade) => {
    const end = context.metrics.begin(kind, exchange.method, exchange.target.rawPath);
    try {
      await answer(exchange, upgrade);
    } finally {
      end();
    }
  };

  async function answer(exchange: Exchange, upgrade: UpgradeExchange | undefined): Promise<void> {
    const { rawPath, rawQuery } = exchange.target;
    context.log.v(3, 'HTTP', { verb: exchange.method, path: rawPath, srcIP: exchange.peer.address, server: kind });
    const match = matchPath(mux, rawPath, rawQuery);
    if (match.kind === 'notFound') {
      goHttpError(exchange, 404, '404 page not found');
      return;
    }
    if (match.kind === 'redirect') {
      redirect(exchange, match.location);
      return;
    }
    const { registration } = match;
    const user = kind === 'secure' ? await admit(access, exchange, registration.subresources) : undefined;
    if (kind === 'secure' && user === undefined) return;
    const target = targetOf(registration, exchange);
    if (target !== undefined) await target.handler({ exchange, upgrade, server: kind, params: target.params, user, context });
  }
}

/** The handler behind a registration; undefined when the router has answered. */
function targetOf(
  registration: Registration,
  exchange: Exchange,
): { handler: Handler; params: Readonly<Record<string, string>> } | undefined {
  if (registration.kind === 'disabled') {
    goHttpError(exchange, 405, registration.message);
    return undefined;
  }
  if (registration.kind === 'handler') return { handler: registration.handler, params: {} };
  const { headers } = exchange.request;
  const match = matchRoute(registration.routes, {
    method: exchange.method,
    path: exchange.target.path ?? '',
    accept: headers.accept,
  });
  if (match.kind === 'route') return { handler: match.route.handler, params: match.params };
  sendText(exchange, match.status, match.message, match.allow === undefined ? {} : { Allow: match.allow });
  return undefined;
}
