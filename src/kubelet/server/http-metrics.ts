/** What the servers measure of themselves (kubernetes `pkg/kubelet/server/metrics/metrics.go`, component-base `metrics/prometheus/slis`). */
import { collected, counter, gauge, histogram, labelText, type MetricFamily } from '../../metrics/family.ts';
import type { Clock } from '../../util/clock.ts';
import { gateIsOn, GATE_STAGES } from './feature-gates.ts';
import type { ServerKind } from './request.ts';
import type { Route, RouteConfiguration, ServerFeatures, Setting } from './route.ts';

const METHODS = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']);
const LONG_RUNNING = new Set(['exec', 'attach', 'debug']);
const LABELS = ['method', 'path', 'server_type', 'long_running'];

export interface ServerMetrics {
  readonly families: readonly MetricFamily[];
  /** Families of `/metrics/slis`. */
  readonly slis: readonly MetricFamily[];
  /** Counts a request from here until the function that it gives is called. */
  begin(server: ServerKind, method: string, path: string): () => void;
  /** Counts a stream over WebSocket by what it is for. */
  webSocket(subresource: 'exec' | 'attach' | 'portforward'): void;
  /** Counts the outcome of a health check. */
  healthCheck(name: string, well: boolean): void;
  clearSlis(): void;
}

/** Makes the families. Requests are counted by their first path element where a route has it, else as `other`. */
export function serverMetrics(routes: readonly Route[], config: RouteConfiguration, clock: Clock): ServerMetrics {
  const requests = counter({
    name: 'kubelet_http_requests_total',
    help: '[ALPHA] Number of the http requests received since the server started',
    labels: LABELS,
  });
  const durations = histogram({
    name: 'kubelet_http_requests_duration_seconds',
    help: '[ALPHA] Duration in seconds to serve http requests',
    labels: LABELS,
  });
  const inflight = gauge({ name: 'kubelet_http_inflight_requests', help: '[ALPHA] Number of the inflight http requests', labels: LABELS });
  const webSockets = counter({
    name: 'kubelet_websocket_streaming_requests_total',
    help: '[ALPHA] Total number of WebSocket streaming requests (exec/attach/portforward) received by the kubelet.',
    labels: ['subresource'],
  });
  const check = gauge({
    name: 'kubernetes_healthcheck',
    help: '[STABLE] This metric records the result of a single healthcheck.',
    labels: ['name', 'type'],
  });
  const checks = counter({
    name: 'kubernetes_healthchecks_total',
    help: '[STABLE] This metric records the results of all healthcheck.',
    labels: ['name', 'type', 'status'],
  });
  const buckets = { secure: bucketNames(routes, 'secure', config), readonly: bucketNames(routes, 'readonly', config) };
  return {
    families: [requests, durations, inflight, webSockets, gates(config)],
    slis: [check, checks],
    begin: (server, method, path) => {
      if (server === 'healthz') return () => undefined;
      const bucket = bucketOf(path, buckets[server]);
      const labels = [
        METHODS.has(method) ? method : 'other',
        bucket,
        server === 'secure' ? 'readwrite' : 'readonly',
        String(LONG_RUNNING.has(bucket)),
      ];
      const start = clock.monotonic();
      requests.increase(labels);
      inflight.increase(labels);
      return () => {
        inflight.increase(labels, -1);
        durations.observe((clock.monotonic() - start) / 1000, labels);
      };
    },
    webSocket: (subresource) => webSockets.increase([subresource]),
    healthCheck: (name, well) => {
      check.set(well ? 1 : 0, [name, 'healthz']);
      checks.increase([name, 'healthz', well ? 'success' : 'error']);
    },
    clearSlis: () => {
      check.clear();
      checks.clear();
    },
  };
}

function gates(config: RouteConfiguration): MetricFamily {
  const help = '[BETA] This metric records the data about the stage and enablement of a k8s feature.';
  return collected('gauge', 'kubernetes_feature_enabled', help, (write) => {
    for (const [gate, stage] of GATE_STAGES) write('', labelText(['name', 'stage'], [gate, stage]), gateIsOn(config, gate) ? 1 : 0);
  });
}

/** The names under which the original counts paths; those of `/metrics/slis` it forgot. */
function bucketNames(routes: readonly Route[], server: ServerKind, config: RouteConfiguration): ReadonlySet<string> {
  const names = new Set<string>();
  for (const route of routes) {
    if (!route.servers.includes(server) || route.switches.some((s) => beyond(s.setting) && config[s.setting] !== true)) continue;
    const debugging = route.switches.some((s) => s.setting === 'enableDebuggingHandlers');
    const path = route.registration === 'exact' ? route.path : route.root;
    const [first = '', second = ''] = path.split('/').filter((s) => s !== '');
    const off = debugging && (server !== 'secure' || !config.enableDebuggingHandlers);
    if (off && path === '/debug/pprof/') names.add('pprof');
    else if (first === 'metrics' && second !== '' && second !== 'slis') names.add(`metrics/${second}`);
    else names.add(first);
  }
  return names;
}

function beyond(setting: Setting): setting is keyof ServerFeatures {
  return setting === 'legacyEndpoints' || setting === 'apiExtensions';
}

function bucketOf(path: string, known: ReadonlySet<string>): string {
  const [, first = '', second = ''] = path.split('/');
  const name = first === 'metrics' && second !== '' ? `metrics/${second}` : first;
  return known.has(name) ? name : 'other';
}
