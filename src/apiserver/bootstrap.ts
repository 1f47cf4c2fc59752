/** What must exist before anybody asks: the system's namespaces and the Service under which pods find the server. */
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import type { Endpoints, ObjectOf, Service } from '../api/types.ts';
import type { ObjectReader, ObjectWriter } from './endpoint.ts';

type EndpointSlice = ObjectOf<'discovery/v1.EndpointSlice'>;

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export interface BootstrapOptions {
  /** The cluster IP of the `kubernetes` Service. */
  readonly serviceIP: string;
  /** Where the server really listens. */
  readonly port: number;
  /** The address under which the server is reached without the Service; none is told when absent. */
  readonly advertiseAddress?: string;
}

/** Creates what is missing; what is there stays as it is. */
export async function bootstrapObjects(objects: ObjectReader, writer: ObjectWriter, options: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) {
    if (!objects.get(resources.namespaces, '', name)) await ifAbsent(writer.create(resources.namespaces, { metadata: { name } }));
  }
  if (!objects.get(resources.services, 'default', 'kubernetes'))
    await ifAbsent(writer.create(resources.services, kubernetesService(options)));
  if (options.advertiseAddress !== undefined) await advertise(objects, writer, options.advertiseAddress, options.port);
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
