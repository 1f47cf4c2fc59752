import { describe, expect, it } from 'vitest';
import type { RecordType } from 'dns-packet';
import type { Service, Stored } from '../../api/types.ts';
import { resolveInZone, reverseAddress, type Endpoints, type Zone } from './zone.ts';

const meta = (namespace: string, name: string): Stored<Service>['metadata'] => ({
  namespace,
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const service = (namespace: string, name: string, spec: NonNullable<Service['spec']>): [string, Stored<Service>] => [
  `${namespace}/${name}`,
  { metadata: meta(namespace, name), spec, status: {} },
];
const endpoints = (namespace: string, name: string, subsets: NonNullable<Endpoints['subsets']>): [string, Endpoints] => [
  `${namespace}/${name}`,
  { metadata: meta(namespace, name), subsets },
];

const zone: Zone = {
  domain: 'cluster.local',
  address: '10.96.0.10',
  now: 0,
  services: new Map([
    service('default', 'kubernetes', {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      ports: [{ name: 'https', port: 443, protocol: 'TCP' }],
    }),
    service('default', 'dual', {
      clusterIP: '10.96.7.7',
      clusterIPs: ['10.96.7.7', 'fd00::7'],
      ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
    }),
    service('web', 'db', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432 }] }),
    service('web', 'nobody', { clusterIP: 'None', clusterIPs: ['None'] }),
    service('web', 'outside', { type: 'ExternalName', externalName: 'example.org' }),
  ]),
  endpoints: new Map([
    endpoints('web', 'db', [
      {
        addresses: [{ ip: '10.244.0.5', hostname: 'db-0' }, { ip: '10.244.0.6' }],
        notReadyAddresses: [{ ip: '10.244.0.7' }],
        ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      },
    ]),
  ]),
};

function said(name: string, type: RecordType): string | undefined {
  const answer = resolveInZone(zone, name, type);
  if (answer === undefined) return undefined;
  const data = answer.answers.map((record) =>
    'data' in record
      ? typeof record.data === 'object' && 'target' in record.data
        ? `${record.data.port} ${record.data.target}`
        : JSON.stringify(record.data).replaceAll('"', '')
      : '',
  );
  return answer.code === 'NOERROR' ? data.join(', ') : answer.code;
}

describe('the names of the zone', () => {
  it.each<[string, RecordType, string | undefined]>([
    ['kubernetes.default.svc.cluster.local', 'A', '10.96.0.1'],
    ['KUBERNETES.Default.svc.Cluster.Local', 'A', '10.96.0.1'],
    ['kubernetes.default.svc.cluster.local', 'AAAA', ''],
    ['kubernetes.default.svc.cluster.local', 'SRV', '443 kubernetes.default.svc.cluster.local'],
    ['_https._tcp.kubernetes.default.svc.cluster.local', 'SRV', '443 kubernetes.default.svc.cluster.local'],
    ['_https._udp.kubernetes.default.svc.cluster.local', 'SRV', 'NXDOMAIN'],
    ['_http._tcp.kubernetes.default.svc.cluster.local', 'SRV', 'NXDOMAIN'],
    ['dual.default.svc.cluster.local', 'A', '10.96.7.7'],
    ['dual.default.svc.cluster.local', 'AAAA', 'fd00::7'],
    ['db.web.svc.cluster.local', 'A', '10.244.0.5, 10.244.0.6'],
    ['db-0.db.web.svc.cluster.local', 'A', '10.244.0.5'],
    ['10-244-0-6.db.web.svc.cluster.local', 'A', '10.244.0.6'],
    ['10-244-0-7.db.web.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['_sql._tcp.db.web.svc.cluster.local', 'SRV', '5432 db-0.db.web.svc.cluster.local, 5432 10-244-0-6.db.web.svc.cluster.local'],
    ['nobody.web.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['outside.web.svc.cluster.local', 'A', 'example.org'],
    ['a.outside.web.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['missing.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['default.svc.cluster.local', 'A', ''],
    ['nowhere.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['svc.cluster.local', 'A', ''],
    ['cluster.local', 'A', ''],
    ['cluster.local', 'NS', 'ns.dns.cluster.local'],
    ['ns.dns.cluster.local', 'A', '10.96.0.10'],
    ['dns-version.cluster.local', 'TXT', '1.1.0'],
    ['10-244-0-9.default.pod.cluster.local', 'A', '10.244.0.9'],
    ['fd00--9.default.pod.cluster.local', 'AAAA', 'fd00::9'],
    ['10-244-0-9.nowhere.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['nonsense.default.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['a.b.c.d.kubernetes.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['..svc.cluster.local', 'A', 'NXDOMAIN'],
    ['1.0.96.10.in-addr.arpa', 'PTR', 'kubernetes.default.svc.cluster.local'],
    ['1.0.96.10.in-addr.arpa', 'A', ''],
    ['5.0.244.10.in-addr.arpa', 'PTR', 'db-0.db.web.svc.cluster.local'],
    ['7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa', 'PTR', 'dual.default.svc.cluster.local'],
    ['9.9.9.9.in-addr.arpa', 'PTR', undefined],
    ['example.org', 'A', undefined],
    ['notcluster.local', 'A', undefined],
  ])('%s %s', (name, type, expected) => {
    expect(said(name, type)).toBe(expected);
  });

  it.each<[string, string | undefined]>([
    ['5.0.244.10.in-addr.arpa', '10.244.0.5'],
    ['500.0.244.10.in-addr.arpa', undefined],
    ['0.244.10.in-addr.arpa', undefined],
    ['z.ip6.arpa', undefined],
    ['arpa', undefined],
  ])('reads the address of %s', (name, ip) => {
    expect(reverseAddress(name)).toBe(ip);
  });
});
