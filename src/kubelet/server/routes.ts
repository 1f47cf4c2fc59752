/** Every route of the kubelet's HTTP API: one record each. Servers, authorization, documentation and tests read this table. */
import { attachEndpoint } from './endpoints/attach.ts';
import { checkpointEndpoint } from './endpoints/checkpoint.ts';
import { configzEndpoint } from './endpoints/configz.ts';
import { containerLogsEndpoint } from './endpoints/container-logs.ts';
import { execEndpoint } from './endpoints/exec.ts';
import { flagzEndpoint } from './endpoints/flagz.ts';
import { healthzCheckEndpoint, healthzEndpoint, type CheckName } from './endpoints/healthz.ts';
import { metricsEndpoint, summaryEndpoint, type MetricsBody } from './endpoints/metrics.ts';
import { podsEndpoint, runningPodsEndpoint } from './endpoints/pods.ts';
import { portForwardEndpoint } from './endpoints/port-forward.ts';
import { pprofEndpoint } from './endpoints/pprof.ts';
import { runEndpoint } from './endpoints/run.ts';
import { statuszEndpoint } from './endpoints/statusz.ts';
import { systemLogsEndpoint } from './endpoints/system-logs.ts';
import { verbosityEndpoint } from './endpoints/verbosity.ts';
import { openApiEndpoint } from './endpoints/openapi.ts';
import { legacyRoutes } from './legacy/routes.ts';
import { LOG_OPTIONS, LOG_QUERY, POD_WATCH, STREAMS } from './parameters.ts';
import type { ServerKind } from './request.ts';
import type { ExactRoute, Route, ServiceRoute, Switch } from './route.ts';

const DISABLED = 'Debug endpoints are disabled.';
/** Off with debugging handlers; the read-only server and the switched-off secure server then say so. */
const debugging: Switch = { setting: 'enableDebuggingHandlers', off: DISABLED };
/** Off with debugging handlers; the path is then unknown. */
const debuggingOnly: Switch = { setting: 'enableDebuggingHandlers' };

const SECURE: readonly ServerKind[] = ['secure'];
const OPEN: readonly ServerKind[] = ['secure', 'readonly'];
const JSON_TYPE = ['application/json'];
const PROXY = ['proxy'];

type ServiceFields = Omit<ServiceRoute, 'registration' | 'path' | 'produces' | 'servers'> &
  Partial<Pick<ServiceRoute, 'produces' | 'servers'>>;

/** One service with several paths to the same handler. Without `produces` an explicit Accept is refused, as in the original. */
function service(fields: ServiceFields, ...paths: readonly string[]): ServiceRoute[] {
  const route = { registration: 'service', produces: [], servers: OPEN, ...fields } as const;
  return paths.map((path) => Object.assign({ path }, route));
}

function healthCheck(check: CheckName, servers: readonly ServerKind[]): ExactRoute {
  return {
    registration: 'exact',
    path: `/healthz/${check}`,
    servers,
    subresources: ['healthz', 'proxy'],
    switches: [],
    handler: healthzCheckEndpoint(check),
    answer: 'text/plain',
    doc: `The health check ${check} alone.`,
  };
}

function metrics(path: string, body: MetricsBody, doc: string): ExactRoute {
  return {
    registration: 'exact',
    path,
    servers: OPEN,
    subresources: ['metrics'],
    switches: [],
    handler: metricsEndpoint(body),
    answer: 'text/plain',
    doc,
  };
}

export const routes: readonly Route[] = [
  {
    registration: 'exact',
    path: '/healthz',
    servers: ['secure', 'readonly', 'healthz'],
    subresources: ['healthz', 'proxy'],
    switches: [],
    handler: healthzEndpoint,
    answer: 'text/plain',
    query: {
      verbose: { type: 'boolean', doc: 'Lists the checks; its presence is enough.' },
      exclude: { type: 'strings', doc: 'A check to leave out.' },
    },
    doc: 'Whether the kubelet is well; `?verbose` lists the checks, `?exclude=NAME` leaves one out.',
  },
  healthCheck('ping', ['secure', 'readonly', 'healthz']),
  healthCheck('log', OPEN),
  healthCheck('syncloop', OPEN),
  healthCheck('device-plugin', OPEN),
  ...service(
    {
      root: '/pods',
      methods: ['GET'],
      produces: JSON_TYPE,
      subresources: ['pods', 'proxy'],
      switches: [],
      handler: podsEndpoint,
      answer: 'application/json',
      query: POD_WATCH,
      doc: 'The pods that this node is to run, as a PodList.',
    },
    '',
  ),
  ...service(
    {
      root: '/stats/',
      methods: ['GET', 'POST'],
      produces: JSON_TYPE,
      subresources: ['stats'],
      switches: [],
      handler: summaryEndpoint,
      answer: 'application/json',
      query: { only_cpu_and_memory: { type: 'boolean', doc: 'Exactly `true`: nothing but CPU and memory.' } },
      doc: 'Use of resources by the node, its pods and containers.',
    },
    'summary',
  ),
  metrics('/metrics', 'metrics', 'Metrics of the kubelet itself.'),
  metrics('/metrics/cadvisor', 'cadvisor', 'Metrics of containers.'),
  metrics('/metrics/resource', 'resource', 'CPU and memory of the node, pods and containers.'),
  metrics('/metrics/probes', 'probes', 'Outcomes of probes.'),
  metrics('/metrics/slis', 'slis', 'Outcomes of health checks.'),
  ...service(
    {
      root: '/runningpods/',
      methods: ['GET'],
      produces: JSON_TYPE,
      subresources: ['pods', 'proxy'],
      switches: [debugging],
      handler: runningPodsEndpoint,
      answer: 'application/json',
      doc: 'The pods that the container runtime runs, built from what it says.',
    },
    '',
  ),
  ...service(
    {
      root: '/containerLogs',
      methods: ['GET'],
      subresources: PROXY,
      switches: [debugging],
      streaming: true,
      handler: containerLogsEndpoint,
      answer: 'text/plain',
      query: LOG_OPTIONS,
      doc: 'A container’s log.',
    },
    '/{namespace}/{pod}/{container}',
  ),
  ...service(
    {
      root: '/run',
      methods: ['POST'],
      subresources: PROXY,
      switches: [debugging],
      handler: runEndpoint,
      answer: 'application/json',
      query: { cmd: { type: 'string', doc: 'The command; its arguments are separated by single spaces.' } },
      doc: 'Runs a command in a container and answers with its output.',
    },
    '/{namespace}/{pod}/{container}',
    '/{namespace}/{pod}/{uid}/{container}',
  ),
  ...service(
    {
      root: '/exec',
      methods: ['GET', 'POST'],
      subresources: PROXY,
      switches: [debugging],
      streaming: true,
      handler: execEndpoint,
      answer: 'stream',
      query: { command: { type: 'strings', doc: 'The program, then its arguments, each by itself.' }, ...STREAMS },
      doc: 'Runs a command in a container over a stream.',
    },
    '/{namespace}/{pod}/{container}',
    '/{namespace}/{pod}/{uid}/{container}',
  ),
  ...service(
    {
      root: '/attach',
      methods: ['GET', 'POST'],
      subresources: PROXY,
      switches: [debugging],
      streaming: true,
      handler: attachEndpoint,
      answer: 'stream',
      query: STREAMS,
      doc: 'Attaches to a container’s first process over a stream.',
    },
    '/{namespace}/{pod}/{container}',
    '/{namespace}/{pod}/{uid}/{container}',
  ),
  ...service(
    {
      root: '/portForward',
      methods: ['GET', 'POST'],
      subresources: PROXY,
      switches: [debugging],
      streaming: true,
      handler: portForwardEndpoint,
      answer: 'stream',
      query: { port: { type: 'strings', doc: 'Ports, for WebSocket clients of the old sub-protocol; others name them in their streams.' } },
      doc: 'Connections to ports of a pod over a stream.',
    },
    '/{namespace}/{pod}',
    '/{namespace}/{pod}/{uid}',
  ),
  ...service(
    {
      root: '/checkpoint/',
      methods: ['POST'],
      produces: JSON_TYPE,
      servers: SECURE,
      subresources: ['checkpoint'],
      switches: [debuggingOnly, { setting: 'gate:ContainerCheckpoint' }],
      handler: checkpointEndpoint,
      answer: 'application/json',
      query: { timeout: { type: 'integer', doc: 'Seconds.' } },
      doc: 'Writes a container’s state to a file.',
    },
    '{namespace}/{pod}/{container}',
  ),
  ...service(
    {
      root: '/logs/',
      methods: ['GET'],
      subresources: ['log'],
      switches: [debugging, { setting: 'enableSystemLogHandler', off: 'logs endpoint is disabled.' }],
      handler: systemLogsEndpoint,
      answer: 'text/html',
      query: LOG_QUERY,
      doc: 'The machine’s log files, or with `?query=` the logs of services.',
    },
    '',
    '{path:*}',
  ),
  ...service(
    {
      root: '/debug/pprof/',
      methods: ['GET'],
      subresources: PROXY,
      switches: [debugging, { setting: 'enableProfilingHandler', off: 'profiling endpoint is disabled.' }],
      handler: pprofEndpoint,
      answer: 'application/octet-stream',
      query: {
        seconds: { type: 'integer', doc: 'How long to look.' },
        debug: { type: 'integer', doc: 'Above 0: text for people.' },
        gc: { type: 'integer', doc: 'Above 0: collects garbage before a heap profile.' },
      },
      doc: 'Profiles of this process.',
    },
    '{name:*}',
  ),
  {
    registration: 'exact',
    path: '/debug/flags/v',
    servers: SECURE,
    subresources: PROXY,
    switches: [debuggingOnly, { setting: 'enableDebugFlagsHandler', off: 'flags endpoint is disabled.' }],
    handler: verbosityEndpoint,
    answer: 'text/plain',
    doc: 'PUT changes how much is logged.',
  },
  {
    registration: 'exact',
    path: '/configz',
    servers: SECURE,
    subresources: ['configz', 'proxy'],
    switches: [debuggingOnly],
    handler: configzEndpoint,
    answer: 'application/json',
    doc: 'The configuration in effect.',
  },
  {
    registration: 'exact',
    path: '/statusz',
    servers: SECURE,
    subresources: ['statusz'],
    switches: [debuggingOnly, { setting: 'gate:ComponentStatusz' }],
    handler: statuszEndpoint,
    answer: 'text/plain',
    doc: 'Versions and running time.',
  },
  {
    registration: 'exact',
    path: '/flagz',
    servers: SECURE,
    subresources: ['configz'],
    switches: [debuggingOnly, { setting: 'gate:ComponentFlagz' }],
    handler: flagzEndpoint,
    answer: 'text/plain',
    doc: 'The command line flags and their values.',
  },
  {
    registration: 'exact',
    path: '/openapi/v3',
    servers: SECURE,
    subresources: PROXY,
    switches: [debuggingOnly, { setting: 'apiExtensions' }],
    handler: openApiEndpoint,
    answer: 'application/json',
    doc: 'This API, described.',
  },
  ...legacyRoutes,
];
