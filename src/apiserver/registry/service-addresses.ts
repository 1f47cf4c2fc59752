/** Cluster IPs and node ports of Services, given out inside the write that stores them (pkg/registry/core/service/storage/alloc.go). */
import { randomInt } from 'node:crypto';
import { invalid, invalidValue, type FieldError } from '../../api/field-errors.ts';
import { resources } from '../../api/resources.ts';
import type { KubeObject, Service } from '../../api/types.ts';
import type { Transaction } from '../store/store.ts';
import type { ServiceNetwork } from './service-network.ts';

const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
/** Random picks before the range is searched from its beginning. */
const ATTEMPTS = 100;

/**
 * Fills in what a Service has not got yet, and refuses what another has. Changes the object in place, which must be the
 * caller's. Throws 422.
 */
export function allocateService(object: KubeObject, transaction: Pick<Transaction, 'range'>, network: ServiceNetwork): void {
  const service = object as unknown as Service;
  const others = transaction
    .range('services', '')
    .map((entry) => entry.object as unknown as Service)
    .filter((other) => other.metadata.uid !== service.metadata.uid);
  const faults = [...allocateAddress(service, others, network), ...allocatePorts(service, others)];
  if (faults.length > 0) throw invalid(resources.services, service.metadata.name ?? '', faults);
}

function allocateAddress(service: Service, others: readonly Service[], network: ServiceNetwork): FieldError[] {
  const { spec } = service;
  if (!spec) return [];
  if (spec.type === 'ExternalName') {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    return [];
  }
  const taken = new Set(others.map((other) => other.spec?.clusterIP ?? ''));
  const asked = spec.clusterIP ?? '';
  if (asked === 'None') {
    spec.clusterIPs = ['None'];
    return [];
  }
  if (asked !== '') {
    const refuse = (why: string): FieldError[] => [invalidValue('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`)];
    if (taken.has(asked)) return refuse('provided IP is already allocated');
    // The server's own Service stands wherever the server can be reached.
    const own = service.metadata.name === 'kubernetes' && service.metadata.namespace === 'default';
    if (!own && !network.contains(asked)) return refuse('the provided network does not match the current range');
    spec.clusterIPs = [asked];
    return [];
  }
  const free = freeAddress(taken, network);
  if (free === undefined) return [invalidValue('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full')];
  spec.clusterIP = free;
  spec.clusterIPs = [free];
  return [];
}

/** An address that nobody has; those at the beginning of the range last, and neither the first nor the last of it. */
function freeAddress(taken: ReadonlySet<string>, { staticBand, size, at }: ServiceNetwork): string | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const address = at(randomInt(Math.min(staticBand + 1, size - 2), size - 1));
    if (!taken.has(address)) return address;
  }
  for (let n = 0; n < size - 2; n += 1) {
    const address = at(1 + ((staticBand + n) % (size - 2)));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

function allocatePorts(service: Service, others: readonly Service[]): FieldError[] {
  const { spec } = service;
  if (!spec || (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer')) return [];
  if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false) return [];
  const taken = new Set(others.flatMap((other) => (other.spec?.ports ?? []).map((port) => `${port.protocol}/${port.nodePort ?? 0}`)));
  const faults: FieldError[] = [];
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const field = `spec.ports[${index}].nodePort`;
    const asked = port.nodePort ?? 0;
    if (asked === 0) port.nodePort = freePort(port.protocol ?? 'TCP', taken);
    else if (asked < NODE_PORTS.first || asked > NODE_PORTS.last) {
      faults.push(
        invalidValue(
          field,
          asked,
          `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`,
        ),
      );
    } else if (taken.has(`${port.protocol}/${asked}`)) faults.push(invalidValue(field, asked, 'provided port is already allocated'));
    taken.add(`${port.protocol}/${port.nodePort ?? 0}`);
  }
  return faults;
}

function freePort(protocol: string, taken: ReadonlySet<string>): number {
  const start = randomInt(NODE_PORTS.first, NODE_PORTS.last + 1);
  const count = NODE_PORTS.last - NODE_PORTS.first + 1;
  for (let i = 0; i < count; i += 1) {
    const port = NODE_PORTS.first + ((start - NODE_PORTS.first + i) % count);
    if (!taken.has(`${protocol}/${port}`)) return port;
  }
  return 0;
}
