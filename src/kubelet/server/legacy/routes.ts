/** Routes of kubelets before 1.21, behind `--legacy-endpoints`: on the secure server alone, authenticated and authorized. */
import { attachEndpoint } from '../endpoints/attach.ts';
import { execEndpoint } from '../endpoints/exec.ts';
import { portForwardEndpoint } from '../endpoints/port-forward.ts';
import type { ServerKind } from '../request.ts';
import type { Route, ServiceRoute, Switch } from '../route.ts';
import { criEndpoint } from './cri.ts';
import { machineSpecEndpoint } from './machine-spec.ts';
import { resourceV1alpha1Endpoint } from './resource-v1alpha1.ts';
import { containerStatsEndpoint, podContainerStatsEndpoint, rootStatsEndpoint } from './stats.ts';

const SECURE: readonly ServerKind[] = ['secure'];
const legacy: Switch = { setting: 'legacyEndpoints' };
const JSON_TYPE = 'application/json';

function stats(path: string, handler: ServiceRoute['handler'], doc: string): ServiceRoute {
  return {
    registration: 'service',
    root: '/stats/',
    path,
    methods: ['GET', 'POST'],
    produces: [JSON_TYPE],
    servers: SECURE,
    subresources: ['stats'],
    switches: [legacy],
    handler,
    answer: JSON_TYPE,
    doc,
  };
}

function cri(kind: 'exec' | 'attach' | 'portforward', handler: ServiceRoute['handler']): ServiceRoute {
  return {
    registration: 'service',
    root: '/cri/',
    path: `${kind}/{token}`,
    methods: ['GET', 'POST'],
    produces: [],
    servers: SECURE,
    subresources: ['proxy'],
    switches: [{ setting: 'enableDebuggingHandlers' }, legacy],
    streaming: true,
    handler: criEndpoint(kind, handler),
    answer: 'stream',
    doc: `Opens the ${kind} stream to which a request without an upgrade was redirected.`,
  };
}

export const legacyRoutes: readonly Route[] = [
  {
    registration: 'service',
    root: '/spec/',
    path: '',
    methods: ['GET'],
    produces: [JSON_TYPE],
    servers: SECURE,
    subresources: ['spec'],
    switches: [legacy],
    handler: machineSpecEndpoint,
    answer: JSON_TYPE,
    doc: 'The machine, as cAdvisor’s MachineInfo.',
  },
  stats('', rootStatsEndpoint, 'The cgroup `/`, as cAdvisor’s ContainerInfo.'),
  stats('container', containerStatsEndpoint, 'The cgroup that the body names, by path; with `subcontainers` those below it too.'),
  stats('{pod}/{container}', podContainerStatsEndpoint, 'A container of a pod in the namespace `default`.'),
  stats('{namespace}/{pod}/{uid}/{container}', podContainerStatsEndpoint, 'A container of a pod.'),
  {
    registration: 'exact',
    path: '/metrics/resource/v1alpha1',
    servers: SECURE,
    subresources: ['metrics'],
    switches: [legacy],
    handler: resourceV1alpha1Endpoint,
    answer: 'text/plain',
    doc: 'CPU and memory of the node and its containers, in the families of 1.14.',
  },
  cri('exec', execEndpoint),
  cri('attach', attachEndpoint),
  cri('portforward', portForwardEndpoint),
];
