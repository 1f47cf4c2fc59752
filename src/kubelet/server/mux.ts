/**
 * Finds what answers a request, as Go's ServeMux and go-restful's router do: cleaned paths, redirects and 404 before
 * authentication; 404, 405 and 406 of a service after it (net/http `server.go`, emicklei/go-restful `curly.go`, `jsr311.go`).
 */
import { posix } from 'node:path';
import { unescapePath } from '../../net/target.ts';
import { gateIsOn, type FeatureGate } from './feature-gates.ts';
import type { Handler, ServerKind } from './request.ts';
import type { Route, RouteConfiguration, ServiceRoute, Setting, Switch } from './route.ts';

/** What is registered under one path. */
export type Registration = { readonly subresources: readonly string[] } & (
  | { readonly kind: 'handler'; readonly handler: Handler; readonly route: Route }
  | { readonly kind: 'service'; readonly routes: readonly ServiceRoute[] }
  | { readonly kind: 'disabled'; readonly message: string }
);

interface Pattern {
  readonly segments: readonly string[];
  readonly subtree: boolean;
  readonly registration: Registration;
}

export type Mux = readonly Pattern[];

export type Match =
  | { readonly kind: 'found'; readonly registration: Registration }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'notFound' };

/** The paths that one server knows under a configuration. */
export function buildMux(routes: readonly Route[], server: ServerKind, config: RouteConfiguration): Mux {
  const patterns = new Map<string, Registration>();
  for (const route of routes) {
    if (!route.servers.includes(server)) continue;
    const { subresources } = route;
    const off = route.switches.find((s) => !isOn(s, server, config));
    if (off !== undefined) {
      if (off.off === undefined) continue;
      const path = route.registration === 'exact' ? route.path : withSlash(route.root);
      patterns.set(path, { kind: 'disabled', message: off.off, subresources });
    } else if (route.registration === 'exact') {
      patterns.set(route.path, { kind: 'handler', handler: route.handler, route, subresources });
    } else {
      const before = patterns.get(route.root);
      const others = before?.kind === 'service' ? before.routes : [];
      const service: Registration = { kind: 'service', routes: [...others, route], subresources };
      patterns.set(route.root, service);
      patterns.set(withSlash(route.root), service);
    }
  }
  return [...patterns].map(([path, registration]) => ({
    segments: path.split('/').filter((s) => s !== ''),
    subtree: path.endsWith('/'),
    registration,
  }));
}

/** Whether a server answers a route by its handler under a configuration. */
export function isServed(route: Route, server: ServerKind, config: RouteConfiguration): boolean {
  return route.servers.includes(server) && route.switches.every((s) => isOn(s, server, config));
}

function isOn({ setting }: Switch, server: ServerKind, config: RouteConfiguration): boolean {
  if (isGate(setting)) return gateIsOn(config, setting.slice('gate:'.length) as FeatureGate);
  return setting === 'enableDebuggingHandlers' && server !== 'secure' ? false : config[setting] === true;
}

function isGate(setting: Setting): setting is `gate:${FeatureGate}` {
  return setting.startsWith('gate:');
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** Looks up a path as sent. A redirect keeps the query. */
export function matchPath(mux: Mux, rawPath: string, rawQuery: string): Match {
  const path = cleanPath(rawPath);
  const query = rawQuery === '' ? '' : `?${rawQuery}`;
  const segments = segmentsOf(path);
  const found = find(mux, segments, path.endsWith('/'));
  if (!path.endsWith('/') && found?.exact !== true && find(mux, segments, true)?.exact === true) {
    return { kind: 'redirect', location: `${path}/${query}` };
  }
  // Go escapes the cleaned path once more than it was.
  if (path !== rawPath) return { kind: 'redirect', location: `${escapeAgain(path)}${query}` };
  return found === undefined ? { kind: 'notFound' } : { kind: 'found', registration: found.pattern.registration };
}

/** Go's `cleanPath`: dots and doubled slashes resolved, a trailing slash kept. */
function cleanPath(path: string): string {
  const rooted = path.startsWith('/') ? path : `/${path}`;
  const clean = posix.normalize(rooted);
  return clean === '' ? '/' : clean;
}

/** Go's `url.URL{Path: path}.String()` for a path that is escaped already. */
function escapeAgain(path: string): string {
  const escape = (text: string, plain: RegExp): string =>
    text.replace(plain, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  const once = escape(Buffer.from(path).toString('latin1'), /[^A-Za-z0-9\-_.~/$&+,:;=@!'()*[\]%]/g);
  return escape(once, /%/g);
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((s) => s !== '')
    .map((s) => unescapePath(s) ?? s);
}

/** The most specific pattern; `exact` when it names this very path. */
function find(mux: Mux, segments: readonly string[], slash: boolean): { pattern: Pattern; exact: boolean } | undefined {
  let best: { pattern: Pattern; exact: boolean } | undefined;
  for (const pattern of mux) {
    const { length } = pattern.segments;
    const same = length === segments.length;
    if (!pattern.segments.every((s, i) => s === segments[i])) continue;
    if (pattern.subtree ? !(length < segments.length || (same && slash)) : !same || slash) continue;
    if (best === undefined || length > best.pattern.segments.length) best = { pattern, exact: same };
  }
  return best;
}

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: ServiceRoute; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly status: 404 | 405 | 406; readonly message: string; readonly allow?: string };

export interface ServiceRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly accept: string | undefined;
}

/** Picks the route of a service, or the refusal of go-restful's router. */
export function matchRoute(routes: readonly ServiceRoute[], request: ServiceRequest): RouteMatch {
  const segments = request.path.replace(/^\/+|\/+$/g, '').split('/');
  const onPath = routes.flatMap((route) => {
    const params = paramsOf(route, segments, request.path.endsWith('/'));
    return params === undefined ? [] : [{ route, params }];
  });
  const [first] = onPath;
  if (first === undefined) return { kind: 'refused', status: 404, message: '404: Page Not Found' };
  const withMethod = onPath.filter(({ route }) => route.methods.includes(request.method));
  if (withMethod.length === 0) {
    const allow = [...new Set(onPath.flatMap(({ route }) => route.methods))].join(', ');
    return { kind: 'refused', status: 405, message: '405: Method Not Allowed', allow };
  }
  const acceptable = withMethod.find(({ route }) => accepts(route, request.accept || '*/*'));
  if (acceptable !== undefined) return { kind: 'route', ...acceptable };
  const available = `Available representations: ${[...new Set(withMethod.flatMap(({ route }) => route.produces))].join(', ')}`;
  return { kind: 'refused', status: 406, message: `406: Not Acceptable\n\n${available}` };
}

function paramsOf(route: ServiceRoute, segments: readonly string[], slash: boolean): Record<string, string> | undefined {
  const template = `${route.root}${route.path}`.split('/').filter((s) => s !== '');
  const params: Record<string, string> = {};
  for (const [i, part] of template.entries()) {
    const segment = segments[i];
    if (segment === undefined) return undefined;
    const [, name, star] = /^\{(\w+)(:\*)?\}$/.exec(part) ?? [];
    if (name === undefined) {
      if (part !== segment) return undefined;
    } else if (star !== undefined) {
      // What is left is taken as it is, with a slash at its end.
      params[name] = segments.slice(i).join('/') + (slash ? '/' : '');
      return params;
    } else params[name] = segment;
  }
  return segments.length === template.length ? params : undefined;
}

/** Literal: parameters are dropped, `application/*` matches nothing. */
function accepts(route: ServiceRoute, accept: string): boolean {
  return accept
    .split(',')
    .map((part) => (part.split(';')[0] ?? '').trim())
    .some((type) => type === '*/*' || route.produces.includes(type));
}
