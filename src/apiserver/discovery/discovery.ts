/** Everything that is not a resource: discovery, version, health, OpenAPI, the list of paths. One table. */
import type { RequestInfo } from '../../api/request-info.ts';
import { resourceDefinitions } from '../../api/resources.ts';
import { failure, type StatusError } from '../../api/status.ts';
import { inFormat } from '../../metrics/formats.ts';
import { negotiateFormat } from '../../metrics/negotiate.ts';
import type { Exchange } from '../../net/http.ts';
import { goHttpError, sendBytes } from '../../net/respond.ts';
import { sendStatusz, sendFlagz, type ProgramStatus } from '../../net/zpages.ts';
import { sendBody, sendJsonText } from '../http/send.ts';
import { aggregatedEndpoint } from './aggregated.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, groupsOf, type ApiGroup } from './documents.ts';
import { serveHealth, type HealthCheck } from './health.ts';
import { openApiPaths, type OpenApiPaths } from './openapi.ts';

/** What `/version` tells. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
  readonly [field: string]: string;
}

export interface DiscoveryOptions {
  readonly version: VersionInfo;
  /** `host:port` under which clients of any address reach the server. */
  readonly serverAddress: () => string;
  readonly checks: { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] };
  /** The token issuer's documents as JSON text; absent when no tokens are issued. */
  readonly openIdConfiguration?: () => string;
  readonly jwks?: () => string;
  /** The metrics as exposition text. */
  readonly metrics: () => Promise<string>;
  /** ms since 1970: when the server started, and now. */
  readonly startedAt: number;
  readonly now: () => number;
  /** The flags that the server was started with. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Answers a request for something that is not a resource. Throws StatusError. */
export type NonResourceHandler = (exchange: Exchange, info: RequestInfo) => Promise<void>;

interface Route {
  /** The method that the original's router takes; without it any does. */
  readonly method?: 'GET';
  readonly handle: (exchange: Exchange, rest: string) => Promise<void> | void;
  /** What follows the path is the handler's. */
  readonly subtree?: true;
}

const CORE: ApiGroup = { name: '', versions: ['v1'] };

export function discoveryHandler(options: DiscoveryOptions): NonResourceHandler {
  const routes = routeTable(options);
  return async (exchange, info) => {
    const path = info.path.length > 1 ? info.path.replace(/\/$/, '') : info.path;
    const found = routes.get(path) ?? subtreeOf(routes, path);
    if (!found) {
      pageNotFound(exchange);
      return;
    }
    if (found.method !== undefined && exchange.method !== found.method) throw methodNotAllowed();
    await found.handle(exchange, path);
  };
}

/** The answer to a path that nobody serves. */
export function pageNotFound(exchange: Exchange): void {
  goHttpError(exchange, 404, '404 page not found');
}

/** The answer to a method that a path does not take. */
export const methodNotAllowed = (): StatusError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

function subtreeOf(routes: ReadonlyMap<string, Route>, path: string): Route | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const route = routes.get(path.slice(0, end));
    if (route) return route.subtree ? route : undefined;
  }
  return undefined;
}

function routeTable(options: DiscoveryOptions): ReadonlyMap<string, Route> {
  const groups = groupsOf(resourceDefinitions);
  const openApi = openApiPaths();
  const routes = new Map<string, Route>([
    ['/version', { method: 'GET', handle: json(() => options.version, 2) }],
    [
      '/api',
      {
        method: 'GET',
        handle: aggregatedOr(
          aggregatedEndpoint((v) => aggregatedDiscovery([CORE], resourceDefinitions, v)),
          () => apiVersions(options.serverAddress()),
        ),
      },
    ],
    [
      '/apis',
      {
        handle: aggregatedOr(
          aggregatedEndpoint((v) => aggregatedDiscovery(groups, resourceDefinitions, v)),
          () => apiGroupList(groups),
        ),
      },
    ],
    ['/api/v1', { method: 'GET', handle: json(() => apiResourceList('', 'v1', resourceDefinitions)) }],
    ['/metrics', { handle: metrics(options) }],
    ['/statusz', { handle: (exchange) => sendStatusz(exchange, statusOf(options)) }],
    ['/flagz', { handle: (exchange) => sendFlagz(exchange, COMPONENT, options.flags) }],
    ...healthRoutes(options),
    ...openApiRoutes(openApi),
  ]);
  for (const group of groups) {
    routes.set(`/apis/${group.name}`, { handle: json(() => apiGroup(group)) });
    for (const version of group.versions) {
      routes.set(`/apis/${group.name}/${version}`, {
        method: 'GET',
        handle: json(() => apiResourceList(group.name, version, resourceDefinitions)),
      });
    }
  }
  if (options.openIdConfiguration)
    routes.set('/.well-known/openid-configuration', { method: 'GET', handle: text(options.openIdConfiguration, 'application/json') });
  if (options.jwks) routes.set('/openid/v1/jwks', { method: 'GET', handle: text(options.jwks, 'application/jwk-set+json') });
  routes.set('/', { handle: json(() => ({ paths: pathList(routes, options) }), 2) });
  return routes;
}

const COMPONENT = 'apiserver';
/** Paths that `/statusz` names. */
const STATUS_PATHS = ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'];

function statusOf({ version, startedAt, now }: DiscoveryOptions): ProgramStatus {
  const [number = ''] = version.gitVersion.replace(/^v/, '').split('+');
  return { component: COMPONENT, startedAt, now: now(), version: number, paths: STATUS_PATHS };
}

function metrics(options: DiscoveryOptions): Route['handle'] {
  const startTime = String(Math.floor(options.startedAt / 1000));
  return async (exchange) => {
    const { format, contentType } = negotiateFormat(exchange.request.headers.accept, { openMetrics: false });
    const headers = { 'Content-Type': contentType, 'Process-Start-Time-Unix': startTime };
    await sendBody(exchange, 200, inFormat(await options.metrics(), format), headers);
  };
}

function healthRoutes({ checks }: DiscoveryOptions): [string, Route][] {
  const probes = { healthz: checks.live, livez: checks.live, readyz: checks.ready };
  return Object.entries(probes).map(([probe, its]) => [
    `/${probe}`,
    {
      subtree: true,
      handle: (exchange, path) => {
        const part = path.slice(probe.length + 2);
        if (!serveHealth(exchange, probe, part, its, exchange.target.query)) pageNotFound(exchange);
      },
    },
  ]);
}

function openApiRoutes(openApi: OpenApiPaths): [string, Route][] {
  return [
    ['/openapi/v2', { handle: openApi.v2 }],
    ['/openapi/v3', { subtree: true, handle: openApi.v3 }],
  ];
}

function pathList(routes: ReadonlyMap<string, Route>, { checks }: DiscoveryOptions): string[] {
  const health = [
    ...checks.live.flatMap(({ name }) => [`/healthz/${name}`, `/livez/${name}`]),
    ...checks.ready.map(({ name }) => `/readyz/${name}`),
  ];
  return [...[...routes.keys()].filter((path) => path !== '/'), '/apis/', '/openapi/v3/', ...health].sort();
}

function json(make: () => object, indent?: number): Route['handle'] {
  return async (exchange) => {
    const value = make();
    if (indent === undefined) await sendJsonText(exchange, 200, JSON.stringify(value), false);
    else sendBytes(exchange, 200, Buffer.from(JSON.stringify(value, null, indent)), { 'Content-Type': 'application/json' });
  };
}

function text(make: () => string, type: string): Route['handle'] {
  return (exchange) => sendBytes(exchange, 200, Buffer.from(make()), { 'Content-Type': type });
}

function aggregatedOr(aggregated: (exchange: Exchange) => Promise<boolean>, plain: () => object): Route['handle'] {
  const fallback = json(plain);
  return async (exchange, rest) => {
    if (!(await aggregated(exchange))) await fallback(exchange, rest);
  };
}
