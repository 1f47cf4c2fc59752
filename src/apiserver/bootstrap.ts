/** What must exist before anybody asks: the system's namespaces and priority classes, and the Service under which pods find the server. */
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import { goTime } from '../api/time.ts';
import type { Endpoints, ObjectOf, Service } from '../api/types.ts';
import type { ObjectReader, ObjectWriter } from './endpoint.ts';

type EndpointSlice = ObjectOf<'discovery/v1.EndpointSlice'>;

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export interface BootstrapOptions {
  /** The cluster IP of the `kubernetes` Service. */
  readonly serviceIP: string;
  /** Where the server really listens. */
  readonly port: number;
  /** Where the server is reached without the Service; nothing is told when absent, or when only this machine knows it. */
  readonly advertise?: { readonly host: string; readonly port: number };
  /** The range of the addresses of Services. */
  readonly serviceRange: string;
  /** ms since 1970. */
  readonly now: number;
}

/** Creates what is missing; what is there stays as it is. */
export async function bootstrapObjects(objects: ObjectReader, writer: ObjectWriter, options: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) {
    if (!objects.get(resources.namespaces, '', name)) await ifAbsent(writer.create(resources.namespaces, { metadata: { name } }));
  }
  if (!objects.get(resources.services, 'default', 'kubernetes'))
    await ifAbsent(writer.create(resources.services, kubernetesService(options)));
  const { advertise: place } = options;
  // Endpoints may not be loopback addresses: pods would reach themselves.
  if (place && !/^(?:127\.|::1$)/.test(place.host)) await advertise(objects, writer, place.host, place.port);
  for (const given of PRIORITY_CLASSES)
    if (!objects.get(priorityClasses, '', given.metadata.name)) await ifAbsent(writer.create(priorityClasses, given));
  if (!objects.get(serviceRanges, '', 'kubernetes')) await ifAbsent(writer.create(serviceRanges, serviceRange(options)));
}

const priorityClasses = resources['priorityclasses.scheduling.k8s.io'];
const serviceRanges = resources['servicecidrs.networking.k8s.io'];

/** Kubernetes `pkg/apis/scheduling/v1/helpers.go`. */
const PRIORITY_CLASSES = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
] as const;

function serviceRange({ serviceRange: range, now }: BootstrapOptions): ObjectOf<'networking/v1.ServiceCIDR'> {
  const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready', lastTransitionTime: goTime(now) };
  return { metadata: { name: 'kubernetes' }, spec: { cidrs: [range] }, status: { conditions: [ready] } };
}

const KUBERNETES = { name: 'kubernetes', namespace: 'default' } as const;

/** Says where the Service leads to; an address of an earlier start is replaced. */
async function advertise(objects: ObjectReader, writer: ObjectWriter, ip: string, port: number): Promise<void> {
  const endpoints: Endpoints = {
    metadata: { ...KUBERNETES, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
  const slice: EndpointSlice = {
    metadata: { ...KUBERNETES, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
  const slices = resources['endpointslices.discovery.k8s.io'];
  const { name, namespace } = KUBERNETES;
  await (objects.get(resources.endpoints, namespace, name)
    ? writer.update(resources.endpoints, endpoints)
    : writer.create(resources.endpoints, endpoints));
  await (objects.get(slices, namespace, name) ? writer.update(slices, slice) : writer.create(slices, slice));
}

async function ifAbsent(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

function kubernetesService({ serviceIP, port }: BootstrapOptions): Service {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: serviceIP,
      clusterIPs: [serviceIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
  };
}
