/** The server's own figures (apiserver `pkg/endpoints/metrics/metrics.go`), under the names that dashboards use. */
import type { RequestInfo } from '../api/request-info.ts';
import { resourceDefinitions, type ResourceDefinition } from '../api/resources.ts';
import { qualifiedResource } from '../api/status.ts';
import { exposition } from '../metrics/exposition.ts';
import { computed, counter, gauge, histogram, labelText, type MetricFamily } from '../metrics/family.ts';
import { processFamilies } from '../metrics/process.ts';
import type { Exchange, UpgradeExchange } from '../net/http.ts';
import type { Clock } from '../util/clock.ts';
import type { Host } from '../util/host.ts';
import type { VersionInfo } from './discovery/discovery.ts';
import type { Store } from './store/store.ts';

const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const ATTEMPT_BUCKETS = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384];
const REQUEST = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
/** What dashboards call the verbs that are no words of HTTP. */
const VERBS: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT', deletecollection: 'DELETE' };
const MUTATING: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put']);
/** Subresources whose connection is the client's for as long as it likes. */
const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);
/** Verbs of requests that are no resource's; any other word is `other`, as it comes from outside. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

export type Attempt = 'authentication' | 'authorization';

export interface ApiMetrics {
  /** Counts a request from here until it is answered. */
  begin(exchange: Exchange | UpgradeExchange, info: RequestInfo): void;
  /** Counts a decision about a request; `seconds` is what it took. */
  decided(what: Attempt, result: string, seconds: number, username?: string): void;
  /** Counts an event sent to a watcher. */
  readonly watchEvent: (of: ResourceDefinition, bytes: number) => void;
  /** Counts an audit event that was written, or could not be. */
  audited(written: boolean): void;
  /** The figures as exposition text. */
  readonly scrape: () => Promise<string>;
}

export interface ApiMetricsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly version: VersionInfo;
  /** Where the process is asked about; its families are left out without it. */
  readonly host?: Host;
}

/** Makes the families of one server. */
export function createApiMetrics({ store, clock, version, host }: ApiMetricsOptions): ApiMetrics {
  const startedAt = clock.now();
  const requests = counter({
    name: 'apiserver_request_total',
    help: '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    labels: [...REQUEST, 'dry_run', 'code'],
  });
  const durations = histogram({
    name: 'apiserver_request_duration_seconds',
    help: '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
    labels: [...REQUEST, 'dry_run'],
    buckets: DURATION_BUCKETS,
  });
  const sli = histogram({
    name: 'apiserver_request_sli_duration_seconds',
    help: '[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
    labels: REQUEST,
    buckets: DURATION_BUCKETS,
  });
  const sizes = histogram({
    name: 'apiserver_response_sizes',
    help: '[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
    labels: REQUEST,
    buckets: SIZE_BUCKETS,
  });
  const longRunning = gauge({
    name: 'apiserver_longrunning_requests',
    help: '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    labels: REQUEST,
  });
  const inflight = gauge({
    name: 'apiserver_current_inflight_requests',
    help: '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labels: ['request_kind'],
  });
  for (const kind of ['mutating', 'readOnly']) inflight.set(0, [kind]);
  const watchEvents = counter({
    name: 'apiserver_watch_events_total',
    help: '[ALPHA] Number of events sent in watch clients',
    labels: ['group', 'version', 'resource'],
  });
  const watchSizes = histogram({
    name: 'apiserver_watch_events_sizes',
    help: '[ALPHA] Watch event size distribution in bytes',
    labels: ['group', 'version', 'resource'],
    buckets: [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072],
  });
  const users = counter({
    name: 'authenticated_user_requests',
    help: '[ALPHA] Counter of authenticated requests broken out by username.',
    labels: ['username'],
  });
  const attempts = {
    authentication: attemptFamilies(
      'authentication_attempts',
      '[ALPHA] Counter of authenticated attempts.',
      'authentication',
      'Authentication',
    ),
    authorization: attemptFamilies(
      'authorization_attempts_total',
      "[ALPHA] Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
      'authorization',
      'Authorization',
    ),
  };
  const auditEvents = counter({
    name: 'apiserver_audit_event_total',
    help: '[ALPHA] Counter of audit events generated and sent to the audit backend.',
  });
  const auditLosses = counter({
    name: 'apiserver_audit_requests_rejected_total',
    help: '[ALPHA] Counter of apiserver requests rejected due to an error in audit logging backend.',
  });
  // Shown from the start, as what never happens is worth knowing too.
  for (const family of [auditEvents, auditLosses]) family.increase([], 0);
  const own: readonly MetricFamily[] = [
    requests,
    durations,
    sli,
    sizes,
    longRunning,
    inflight,
    watchEvents,
    watchSizes,
    users,
    auditEvents,
    auditLosses,
    ...Object.values(attempts).flatMap(({ count, seconds }) => [count, seconds]),
    ...storedObjects(store),
    buildInfo(version),
  ];
  return {
    begin(exchange, info) {
      const { labels, isLong, isMutating } = labelsOf(exchange, info);
      const dryRun = exchange.target.query.getAll('dryRun').includes('All') ? 'All' : '';
      const start = clock.monotonic();
      const [family, its] = isLong ? [longRunning, labels] : [inflight, [isMutating ? 'mutating' : 'readOnly']];
      family.increase(its);
      const finish = (): void => {
        family.increase(its, -1);
        const seconds = (clock.monotonic() - start) / 1000;
        const code = 'response' in exchange ? exchange.response.statusCode : 101;
        requests.increase([...labels, dryRun, String(code)]);
        durations.observe(seconds, [...labels, dryRun]);
        if (isLong) return;
        sli.observe(seconds, labels);
        const length = 'response' in exchange ? Number(exchange.response.getHeader('content-length') ?? Number.NaN) : Number.NaN;
        if (!Number.isNaN(length)) sizes.observe(length, labels);
      };
      if ('response' in exchange) exchange.response.once('close', finish);
      else exchange.socket.once('close', finish);
    },
    decided(what, result, seconds, username) {
      attempts[what].count.increase([result]);
      attempts[what].seconds.observe(seconds, [result]);
      if (username !== undefined) users.increase([knownUser(username)]);
    },
    watchEvent: ({ group, version: of, resource }, bytes) => {
      const labels = [group, of, resource];
      watchEvents.increase(labels);
      watchSizes.observe(bytes, labels);
    },
    audited(written) {
      (written ? auditEvents : auditLosses).increase();
    },
    scrape: async () => exposition([...own, ...(host ? await processFamilies(host, startedAt) : [])]),
  };
}

/** Names come from outside, so that most count as one (apiserver `pkg/endpoints/filters/metrics.go`). */
function knownUser(name: string): string {
  if (['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'].includes(name)) return name;
  return name.includes('@') ? 'email_id' : 'other';
}

function attemptFamilies(name: string, help: string, what: string, title: string) {
  return {
    count: counter({ name, help, labels: ['result'] }),
    seconds: histogram({
      name: `${what}_duration_seconds`,
      help: `[ALPHA] ${title} duration in seconds broken out by result.`,
      labels: ['result'],
      buckets: ATTEMPT_BUCKETS,
    }),
  };
}

interface RequestLabels {
  readonly labels: readonly string[];
  readonly isLong: boolean;
  readonly isMutating: boolean;
}

function labelsOf({ method, request }: Exchange | UpgradeExchange, info: RequestInfo): RequestLabels {
  const definition = resourceDefinitions.find(
    (of) => of.resource === info.resource && of.group === info.group && of.version === info.version,
  );
  // Words of a path that nobody serves would be labels without end.
  if (!info.isResource || !definition) {
    const verb = METHODS.has(method) ? method : 'other';
    return { labels: [verb, '', '', '', '', '', 'apiserver'], isLong: false, isMutating: MUTATING.has(method.toLowerCase()) };
  }
  const subresource = definition.subresources?.some(({ name }) => name === info.subresource) ? info.subresource : '';
  const isStream = STREAMS.has(subresource);
  const isApply = info.verb === 'patch' && (request.headers['content-type'] ?? '').startsWith('application/apply-patch');
  const verb = isStream && subresource !== 'log' ? 'CONNECT' : isApply ? 'APPLY' : (VERBS[info.verb] ?? info.verb.toUpperCase());
  const scope = info.parts.length > 1 ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  const labels = [verb, info.group, info.version, info.resource, subresource, scope, 'apiserver'];
  return { labels, isLong: isStream || info.verb === 'watch', isMutating: MUTATING.has(info.verb) };
}

/** How many objects there are of each kind that is stored. */
function storedObjects(store: Store): readonly MetricFamily[] {
  const stored = [...new Map(resourceDefinitions.filter(({ verbs }) => verbs.includes('watch')).map((of) => [qualifiedResource(of), of]))];
  const count = (name: string): number => store.list(name, '').length;
  return [
    {
      name: 'apiserver_storage_objects',
      help: '[STABLE] (Deprecated since 1.34.0) [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      type: 'gauge',
      write: (sample) => {
        for (const [name] of stored) sample('', labelText(['resource'], [name]), count(name));
      },
    },
    {
      name: 'apiserver_resource_objects',
      help: '[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      type: 'gauge',
      write: (sample) => {
        for (const [name, { group, resource }] of stored) sample('', labelText(['group', 'resource'], [group, resource]), count(name));
      },
    },
  ];
}

function buildInfo(version: VersionInfo): MetricFamily {
  const names = ['major', 'minor', 'git_version', 'git_commit', 'git_tree_state', 'build_date', 'go_version', 'compiler', 'platform'];
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = version;
  const values = [major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform];
  const labels = labelText(names, values);
  const help =
    "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  return { ...computed('gauge', 'kubernetes_build_info', help, () => 1), write: (sample) => sample('', labels, 1) };
}
