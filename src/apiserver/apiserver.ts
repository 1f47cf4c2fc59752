/** The one-node API server. Read this first: it names the parts and joins them. */
import { resourceDefinitions } from '../api/resources.ts';
import type { Authorizer } from '../auth/types.ts';
import type { HttpServerHandle, TlsMaterial } from '../net/http.ts';
import { startHttpServer } from '../net/http-server.ts';
import type { Clock } from '../util/clock.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import { openAuditLog, type AuditLogOptions } from './audit/log.ts';
import { bootstrapObjects } from './bootstrap.ts';
import { discoveryHandler, type VersionInfo } from './discovery/discovery.ts';
import type { AdmissionPlugin, Endpoints, Impersonation, ObjectReader, ObjectWriter, RequestAuthenticator } from './endpoint.ts';
import { startEventsExpiry } from './events-expiry.ts';
import { startGarbageCollector } from './garbage/collector.ts';
import { createPipeline } from './http/pipeline.ts';
import { DEFAULT_REQUEST_TIMEOUT } from './http/deadline.ts';
import { createInflight, DEFAULT_INFLIGHT, type InflightLimits } from './http/inflight.ts';
import type { HealthCheck } from './discovery/health.ts';
import { healthChecks } from './health-checks.ts';
import { createApiMetrics } from './metrics.ts';
import { startNamespaceFinalizer } from './namespaces/finalizer.ts';
import type { Core } from './registry/core.ts';
import { createReader } from './registry/reader.ts';
import { serviceNetwork } from './registry/service-network.ts';
import { createViews } from './registry/views.ts';
import { createWriter } from './registry/writer.ts';
import type { Component } from './resources/component-statuses.ts';
import { resourceRouter } from './resources/router.ts';
import { podCreations } from './resources/subresources.ts';
import type { HistoryLimits } from './store/history.ts';
import { openStore, type Store } from './store/store.ts';
import { createWatches } from './watch/watch.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** What the parts that are given to the server may build on: they are made before it listens. */
export interface ApiServerParts {
  readonly objects: ObjectReader;
  readonly writer: ObjectWriter;
}

/** Parts that come from outside: who asks, what they may do, what is computed rather than stored. */
export interface ApiServerPlugins {
  readonly authenticate: RequestAuthenticator;
  readonly authorize: Authorizer;
  readonly impersonate: Impersonation;
  readonly endpoints: Endpoints;
  readonly admission: readonly AdmissionPlugin[];
  /** The token issuer's discovery documents as JSON text. */
  readonly openIdConfiguration?: () => string;
  readonly jwks?: () => string;
  /** Parts of the control plane beside the store, as `componentstatuses` shows them. */
  readonly components?: readonly Component[];
  /** Named by `/livez` and `/readyz` beside the server's own. */
  readonly checks?: readonly HealthCheck[];
}

export interface ApiServerOptions {
  readonly listen: readonly ListenAddress[];
  /** Plain HTTP without it. */
  readonly tls?: TlsMaterial;
  /** Where the store lies. */
  readonly dataDir: string;
  /** How much of the past watches and paged lists can go back to. */
  readonly history?: HistoryLimits;
  readonly plugins: (parts: ApiServerParts) => ApiServerPlugins;
  /** The cluster IP of the Service `default/kubernetes`. */
  readonly serviceIP: string;
  /** Where that Service leads to; no endpoints are told without it. */
  readonly advertise?: ListenAddress;
  /** The range of the addresses of Services; default 10.96.0.0/16. */
  readonly serviceRange?: string;
  /** Where every request is written down; nowhere without it. */
  readonly audit?: Pick<AuditLogOptions, 'path' | 'maxBytes' | 'maxBackups'>;
  /** How many requests may run at once; default 400 that read and 200 that write. */
  readonly inflight?: InflightLimits;
  /** ms that a request may take; default a minute. */
  readonly requestTimeout?: number;
  /** What `/flagz` shows. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Where the metrics of the process come from; none without it. */
  readonly host?: Host;
  readonly version: VersionInfo;
  /** Runs before the first request is taken: objects that must exist. */
  readonly bootstrap?: (parts: ApiServerParts) => Promise<void>;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface ApiServerHandle {
  /** Where it listens, in the order of the options. */
  readonly addresses: readonly ListenAddress[];
  readonly objects: ObjectReader;
  readonly writer: ObjectWriter;
  /** Serves with other certificates from now on. */
  reload(tls: TlsMaterial): void;
  /** Ends watches, gives running requests `graceMs`, then closes the store. */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_SERVICE_RANGE = '10.96.0.0/16';

/** Starts the server. Rejects with a StoreError, or with the error of an address that cannot be taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServerHandle> {
  const log = options.log.scope('apiserver');
  const store = await openStore({ directory: options.dataDir, ...(options.history && { history: options.history }) });
  try {
    return await serve(options, store, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(options: ApiServerOptions, store: Store, log: Logger): Promise<ApiServerHandle> {
  const { clock } = options;
  const views = createViews();
  const objects = createReader(store, views);
  const admission: AdmissionPlugin[] = [];
  const serviceRange = options.serviceRange ?? DEFAULT_SERVICE_RANGE;
  const core: Core = { store, clock, admission, objects, views, services: serviceNetwork(serviceRange) };
  const writer = createWriter(core);
  const plugins = options.plugins({ objects, writer });
  admission.push(...plugins.admission);

  const { version } = options;
  const metrics = createApiMetrics({ store, clock, version, ...(options.host && { host: options.host }) });
  const audit = options.audit && openAuditLog({ ...options.audit, clock, log });
  let closing = false;
  let certificate = options.tls?.cert;
  const watches = createWatches(clock, metrics.watchEvent);
  const resources = resourceRouter({
    core,
    watches,
    endpoints: { create: { ...podCreations(core), ...plugins.endpoints.create }, connect: plugins.endpoints.connect },
    components: [{ name: 'etcd-0', check: () => store.check() }, ...(plugins.components ?? [])],
  });
  const servers: HttpServerHandle[] = [];
  const nonResources = discoveryHandler({
    version,
    serverAddress: () => addressText(servers[0]),
    checks: healthChecks({
      store,
      objects,
      clock,
      certificate: () => certificate,
      more: plugins.checks ?? [],
      closing: () => closing,
    }),
    metrics: metrics.scrape,
    startedAt: clock.now(),
    now: () => clock.now(),
    flags: options.flags ?? {},
    ...(plugins.openIdConfiguration && { openIdConfiguration: plugins.openIdConfiguration }),
    ...(plugins.jwks && { jwks: plugins.jwks }),
  });
  const known = new Set(resourceDefinitions.map(({ group, version }) => `${group}/${version}`));
  const pipeline = createPipeline({
    authenticate: plugins.authenticate,
    impersonate: plugins.impersonate,
    authorize: plugins.authorize,
    resources,
    nonResources,
    metrics,
    inflight: createInflight(options.inflight ?? DEFAULT_INFLIGHT),
    requestTimeout: options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT,
    clock,
    ...(audit && { audit: (event) => metrics.audited(audit.write(event)) }),
    knowsGroupVersion: (group, version) => known.has(`${group}/${version}`),
    log,
  });

  const close = async (graceMs?: number): Promise<void> => {
    closing = true;
    watches.close();
    finalizer.stop();
    garbage.stop();
    stopExpiry();
    await Promise.all(servers.map((server) => server.close(graceMs)));
    await audit?.close();
    await store.close();
  };
  const finalizer = startNamespaceFinalizer(core, log);
  const garbage = startGarbageCollector(core, log);
  const stopExpiry = startEventsExpiry(core, log);
  try {
    await bootstrapObjects(objects, writer, {
      serviceIP: options.serviceIP,
      port: options.listen[0]?.port ?? 0,
      serviceRange,
      now: clock.now(),
      ...(options.advertise && { advertise: options.advertise }),
    });
    await options.bootstrap?.({ objects, writer });
    for (const address of options.listen) {
      servers.push(
        await startHttpServer({
          ...address,
          ...(options.tls && { tls: options.tls }),
          handle: pipeline.handle,
          upgrade: pipeline.upgrade,
          onError: (error) => log.error('A request broke off', { error }),
        }),
      );
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    addresses: servers.map((server) => server.address),
    objects,
    writer,
    reload: (tls) => {
      certificate = tls.cert;
      for (const server of servers) server.reload(tls);
    },
    close,
  };
}

function addressText(server: HttpServerHandle | undefined): string {
  if (!server) return '';
  const { host, port } = server.address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
