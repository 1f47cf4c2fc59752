/** Cluster IPs and node ports of Services, given out inside the write that stores them (pkg/registry/core/service/storage/alloc.go). */
import { randomInt } from 'node:crypto';
import { BlockList, isIPv4 } from 'node:net';
import { invalid, invalidValue, type FieldError } from '../../api/field-errors.ts';
import { resources } from '../../api/resources.ts';
import type { KubeObject, Service } from '../../api/types.ts';
import type { Transaction } from '../store/store.ts';

/** The service network, as kubeadm sets it. */
const NETWORK = { base: '10.96.0.0', bits: 12 } as const;
/** Addresses at the beginning that are given only to who asks for them. */
const STATIC_BAND = 256;
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
const ATTEMPTS = 1_000;

const NETWORK_SIZE = 2 ** (32 - NETWORK.bits);

/**
 * Fills in what a Service has not got yet, and refuses what another has. Changes the object in place, which must be the
 * caller's. Throws 422.
 */
export function allocateService(object: KubeObject, transaction: Pick<Transaction, 'range'>): void {
  const service = object as unknown as Service;
  const others = transaction
    .range('services', '')
    .map((entry) => entry.object as unknown as Service)
    .filter((other) => other.metadata.uid !== service.metadata.uid);
  const faults = [...allocateAddress(service, others), ...allocatePorts(service, others)];
  if (faults.length > 0) throw invalid(resources.services, service.metadata.name ?? '', faults);
}

function allocateAddress(service: Service, others: readonly Service[]): FieldError[] {
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
    if (!own && !inNetwork(asked)) return refuse('the provided network does not match the current range');
    spec.clusterIPs = [asked];
    return [];
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const address = addressAt(randomInt(STATIC_BAND + 1, NETWORK_SIZE - 1));
    if (taken.has(address)) continue;
    spec.clusterIP = address;
    spec.clusterIPs = [address];
    return [];
  }
  return [invalidValue('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full')];
}

function inNetwork(address: string): boolean {
  const network = new BlockList();
  network.addSubnet(NETWORK.base, NETWORK.bits);
  return isIPv4(address) && network.check(address);
}

function addressAt(offset: number): string {
  const base = NETWORK.base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const address = base + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
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
