/** The cluster's zone: what Services and their endpoints are called (Kubernetes DNS-Based Service Discovery 1.1.0; the answers are CoreDNS's, plugin `kubernetes`). */
import { isIPv4, isIPv6 } from 'node:net';
import type { Answer, RecordType } from 'dns-packet';
import type { ObjectOf, Service, Stored } from '../../api/types.ts';

export type Endpoints = Stored<ObjectOf<'core/v1.Endpoints'>>;

export interface Zone {
  /** Lower case, without a dot at its end: `cluster.local`. */
  readonly domain: string;
  /** Where the zone's own name server answers. */
  readonly address: string;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Stored<Service>>;
  readonly endpoints: ReadonlyMap<string, Endpoints>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What the zone says to a question. A `CNAME` in `answers` is still to be followed. */
export interface ZoneAnswer {
  readonly code: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** Seconds that answers may be kept. */
export const TTL_SECONDS = 30;
const SCHEMA_VERSION = '1.1.0';
const SRV_WEIGHT = 100;
const NO_NAME: ZoneAnswer = { code: 'NXDOMAIN', answers: [], additionals: [] };

/** One address behind a name: a Service's own, or an endpoint's with the name that it has under its Service. */
interface Target {
  readonly name: string;
  readonly ip: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** The answer for a name of the zone, or for an address that the zone knows; undefined for what others have to say. */
export function resolveInZone(zone: Zone, question: string, type: RecordType): ZoneAnswer | undefined {
  const name = question.toLowerCase().replace(/\.$/, '');
  if (name === zone.domain) return apex(zone, type);
  if (name.endsWith(`.${zone.domain}`)) return withinZone(zone, name.slice(0, -zone.domain.length - 1).split('.'), question, type);
  const ip = reverseAddress(name);
  const owners = ip === undefined ? [] : ownersOf(zone, ip);
  if (owners.length === 0) return undefined;
  return found(type === 'PTR' ? owners.map((data): Answer => ({ type: 'PTR', name: question, ttl: TTL_SECONDS, data })) : []);
}

/** The record that goes with answers that say no. */
export function authority(zone: Zone): Answer {
  return {
    type: 'SOA',
    name: zone.domain,
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${zone.domain}`,
      rname: `hostmaster.${zone.domain}`,
      serial: Math.floor(zone.now / 1000),
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  };
}

function found(answers: readonly Answer[], additionals: readonly Answer[] = []): ZoneAnswer {
  return { code: 'NOERROR', answers, additionals };
}

function apex(zone: Zone, type: RecordType): ZoneAnswer {
  const server = `ns.dns.${zone.domain}`;
  if (type === 'SOA') return found([authority(zone)]);
  if (type === 'NS')
    return found([{ type: 'NS', name: zone.domain, ttl: TTL_SECONDS, data: server }], addressRecords(server, [zone.address]));
  return found([]);
}

function withinZone(zone: Zone, labels: readonly string[], question: string, type: RecordType): ZoneAnswer {
  const [first = '', second] = labels;
  const kind = labels.at(-1);
  if (labels.length === 1 && first === 'dns-version')
    return found(type === 'TXT' ? [{ type: 'TXT', name: question, ttl: TTL_SECONDS, data: SCHEMA_VERSION }] : []);
  if (labels.length === 2 && first === 'ns' && second === 'dns') return found(ofType(type, addressRecords(question, [zone.address])));
  if (labels.length === 1 && (kind === 'svc' || kind === 'pod')) return found([]);
  if (kind === 'svc') return service(zone, labels.slice(0, -1), question, type);
  if (kind === 'pod') return pod(zone, labels.slice(0, -1), question, type);
  return NO_NAME;
}

/** `10-244-0-5.default.pod`: the address that the name says, in a namespace that has Services. */
function pod(zone: Zone, labels: readonly string[], question: string, type: RecordType): ZoneAnswer {
  const [dashed = '', namespace] = labels.length === 1 ? ['', labels[0]] : labels;
  if (labels.length > 2 || !hasNamespace(zone, namespace ?? '')) return NO_NAME;
  if (labels.length === 1) return found([]);
  const ip = isIPv4(dashed.replaceAll('-', '.')) ? dashed.replaceAll('-', '.') : dashed.replaceAll('-', ':');
  if (!isIPv4(ip) && !isIPv6(ip)) return NO_NAME;
  return found(ofType(type, addressRecords(question, [ip])));
}

function service(zone: Zone, labels: readonly string[], question: string, type: RecordType): ZoneAnswer {
  const [namespace = '', name, ...rest] = labels.toReversed();
  if (name === undefined) return hasNamespace(zone, namespace) ? found([]) : NO_NAME;
  const one = zone.services.get(`${namespace}/${name}`);
  if (one === undefined) return NO_NAME;
  const { spec } = one;
  if (spec.type === 'ExternalName') {
    if (rest.length > 0) return NO_NAME;
    return found([{ type: 'CNAME', name: question, ttl: TTL_SECONDS, data: (spec.externalName ?? '').replace(/\.$/, '') }]);
  }
  const base = `${name}.${namespace}.svc.${zone.domain}`;
  const [first, second] = rest;
  if (rest.length > 2) return NO_NAME;
  const endpoint = rest.length === 1 ? first : undefined;
  const headless = spec.clusterIP === 'None';
  const targets = (
    headless || endpoint !== undefined ? endpointTargets(base, zone.endpoints.get(`${namespace}/${name}`)) : clusterTargets(base, one)
  ).filter((target) => endpoint === undefined || target.name === `${endpoint}.${base}`);
  const wanted =
    rest.length === 2
      ? targets
          .map((target) => ({
            ...target,
            ports: target.ports.filter((port) => `_${port.name}` === second && `_${port.protocol.toLowerCase()}` === first),
          }))
          .filter(({ ports }) => ports.length > 0)
      : targets;
  if (wanted.length === 0) return NO_NAME;
  if (type === 'SRV')
    return found(
      serviceRecords(question, wanted),
      wanted.flatMap(({ name: target, ip }) => addressRecords(target, [ip])),
    );
  return found(ofType(type, addressRecords(question, [...new Set(wanted.map(({ ip }) => ip))])));
}

function clusterTargets(base: string, { spec }: Stored<Service>): Target[] {
  const ports = (spec.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => ({ name, protocol, port }));
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return addresses.filter((ip) => ip !== '').map((ip) => ({ name: base, ip, ports }));
}

function endpointTargets(base: string, endpoints: Endpoints | undefined): Target[] {
  return (endpoints?.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.map(({ ip, hostname }) => ({
      name: `${endpointName(ip, hostname)}.${base}`,
      ip,
      ports: ports.map(({ name = '', protocol = 'TCP', port }) => ({ name, protocol, port })),
    })),
  );
}

/** An endpoint without a host name is called by its address. */
function endpointName(ip: string, hostname: string | undefined): string {
  return hostname !== undefined && hostname !== '' ? hostname : ip.replaceAll(/[.:]/g, '-');
}

function serviceRecords(question: string, targets: readonly Target[]): Answer[] {
  const seen = new Set<string>();
  return targets.flatMap(({ name, ports }) =>
    ports.flatMap(({ port }): Answer[] => {
      const key = `${name} ${port}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ type: 'SRV', name: question, ttl: TTL_SECONDS, data: { priority: 0, weight: SRV_WEIGHT, port, target: name } }];
    }),
  );
}

function addressRecords(name: string, ips: readonly string[]): Answer[] {
  return ips.map((data) => ({ type: isIPv6(data) ? 'AAAA' : 'A', name, ttl: TTL_SECONDS, data }));
}

function ofType(type: RecordType, records: readonly Answer[]): readonly Answer[] {
  return records.filter((record) => record.type === type);
}

function hasNamespace({ services }: Zone, namespace: string): boolean {
  for (const one of services.values()) if (one.metadata.namespace === namespace) return true;
  return false;
}

/** Every name that has this address: the Service's, else those of the endpoints. */
function ownersOf(zone: Zone, ip: string): string[] {
  for (const [key, one] of zone.services) {
    if (one.spec.type !== 'ExternalName' && clusterTargets('', one).some((target) => target.ip === ip)) return [nameOf(zone, key)];
  }
  const names = new Set<string>();
  for (const [key, endpoints] of zone.endpoints)
    for (const target of endpointTargets(nameOf(zone, key), endpoints)) if (target.ip === ip) names.add(target.name);
  return [...names];
}

function nameOf({ domain }: Zone, key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `${name}.${namespace}.svc.${domain}`;
}

/** `5.0.244.10.in-addr.arpa` → `10.244.0.5`; undefined for what is no reverse name. */
export function reverseAddress(name: string): string | undefined {
  const labels = name.split('.');
  const root = labels.splice(-2).join('.');
  const digits = labels.toReversed();
  if (root === 'in-addr.arpa' && digits.length === 4 && isIPv4(digits.join('.'))) return digits.join('.');
  if (root !== 'ip6.arpa' || digits.length !== 32 || !digits.every((digit) => /^[\da-f]$/.test(digit))) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => digits.slice(i * 4, i * 4 + 4).join(''));
  return shortIPv6(groups);
}

function shortIPv6(groups: readonly string[]): string {
  // The URL parser writes an address in its shortest form, as objects carry it.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
