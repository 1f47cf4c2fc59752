/** What must exist before anybody asks: the system's namespaces and the Service under which pods find the server. */
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import type { Service } from '../api/types.ts';
import type { ObjectReader, ObjectWriter } from './endpoint.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export interface BootstrapOptions {
  /** The cluster IP of the `kubernetes` Service. */
  readonly serviceIP: string;
  /** Where the server really listens. */
  readonly port: number;
}

/** Creates what is missing; what is there stays as it is. */
export async function bootstrapObjects(objects: ObjectReader, writer: ObjectWriter, options: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) {
    if (!objects.get(resources.namespaces, '', name)) await ifAbsent(writer.create(resources.namespaces, { metadata: { name } }));
  }
  if (!objects.get(resources.services, 'default', 'kubernetes'))
    await ifAbsent(writer.create(resources.services, kubernetesService(options)));
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
