import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { resources } from '../../api/resources.ts';
import type { Pod, Service, Stored } from '../../api/types.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { slicesOf, startEndpointSliceController } from './endpoint-slices.ts';
import { endpointsOf, startEndpointsController } from './endpoints.ts';
import { membersOf } from './members.ts';
import { triggerTimes } from './trigger-time.ts';

const service = (spec: Partial<Service['spec']> = {}, labels: Record<string, string> = {}): Stored<Service> => ({
  metadata: { name: 's', namespace: 'n', uid: 'su', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels },
  spec: { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ipFamilies: ['IPv4'], ...spec },
  status: {},
});

interface PodOptions {
  readonly ready?: boolean;
  readonly phase?: string;
  readonly ips?: readonly string[];
  readonly deleted?: boolean;
  readonly labels?: Record<string, string>;
  readonly namespace?: string;
  readonly spec?: Partial<Pod['spec']>;
}
const pod = (name: string, options: PodOptions = {}): Stored<Pod> => ({
  metadata: {
    name,
    namespace: options.namespace ?? 'n',
    uid: `${name}u`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: options.labels ?? { app: 'a' },
    ...(options.deleted === true && { deletionTimestamp: '2026-01-01T00:00:01Z' }),
  },
  spec: {
    nodeName: 'node',
    containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 9090, protocol: 'TCP' }] }],
    ...options.spec,
  },
  status: {
    phase: options.phase ?? 'Running',
    podIPs: (options.ips ?? [`10.0.0.${name.length}`]).map((ip) => ({ ip })),
    conditions: [{ type: 'Ready', status: (options.ready ?? true) ? 'True' : 'False' }],
  },
});

const subsetsOf = (of: Stored<Service>, ...pods: Stored<Pod>[]): unknown =>
  endpointsOf(of, membersOf(of, pods, 'IPv4')).subsets?.map(({ addresses, notReadyAddresses, ports }) => ({
    ready: addresses?.map(({ ip }) => ip),
    notReady: notReadyAddresses?.map(({ ip }) => ip),
    ports: ports?.map(({ name, port }) => `${name ?? ''}:${port}`),
  }));

describe('Endpoints of a Service', () => {
  it.each([
    ['a ready pod', service(), [pod('p')], [{ ready: ['10.0.0.1'], ports: [':8080'] }]],
    ['a pod that is not ready', service(), [pod('p', { ready: false })], [{ notReady: ['10.0.0.1'], ports: [':8080'] }]],
    ['both', service(), [pod('p'), pod('pp', { ready: false })], [{ ready: ['10.0.0.1'], notReady: ['10.0.0.2'], ports: [':8080'] }]],
    [
      'unready addresses published',
      service({ publishNotReadyAddresses: true }),
      [pod('p', { ready: false })],
      [{ ready: ['10.0.0.1'], ports: [':8080'] }],
    ],
    ['a pod of other labels', service(), [pod('p', { labels: { app: 'b' } })], undefined],
    ['a pod elsewhere', service(), [pod('p', { namespace: 'm' })], undefined],
    ['a pod that has ended', service(), [pod('p', { phase: 'Succeeded' })], undefined],
    ['a pod on its way out', service(), [pod('p', { deleted: true })], undefined],
    ['a pod without an address', service(), [pod('p', { ips: [] })], undefined],
    ['a pod of another address family', service(), [pod('p', { ips: ['fd00::1'] })], undefined],
    [
      'a port by its name',
      service({ ports: [{ name: 'h', port: 80, targetPort: 'web' }] }),
      [pod('p')],
      [{ ready: ['10.0.0.1'], ports: ['h:9090'] }],
    ],
    ['a name that the pod does not have', service({ ports: [{ port: 80, targetPort: 'x' }] }), [pod('p')], undefined],
    ['a headless Service without ports', service({ clusterIP: 'None', ports: [] }), [pod('p')], [{ ready: ['10.0.0.1'] }]],
    ['a Service without ports', service({ ports: [] }), [pod('p')], undefined],
  ])('with %s', (_, of, pods, expected) => {
    expect(subsetsOf(of, ...pods)).toEqual(expected);
  });

  it('carry the labels of the Service, who manages them and since when they should be known', () => {
    const { metadata } = endpointsOf(service({ clusterIP: 'None' }, { own: 'l' }), [], '2026-01-01T00:00:00Z');
    expect(metadata).toEqual({
      name: 's',
      namespace: 'n',
      labels: { own: 'l', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller', 'service.kubernetes.io/headless': '' },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
    });
  });

  it('hold at most a thousand addresses and say so', () => {
    const many = Array.from({ length: 1001 }, (_, n) => pod(`p${n}`, { ips: [`10.0.${n >> 8}.${n & 255}`] }));
    const made = endpointsOf(service(), membersOf(service(), many, 'IPv4'));
    expect(made.subsets?.[0]?.addresses).toHaveLength(1000);
    expect(made.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  });
});

describe('EndpointSlices of a Service', () => {
  const made = (of: Stored<Service>, ...pods: Stored<Pod>[]) =>
    slicesOf(of, 'IPv4', membersOf(of, pods, 'IPv4'), { zoneOf: (node) => (node === 'node' ? 'z' : undefined) });

  it.each([
    [{}, { ready: true, serving: true, terminating: false }],
    [{ ready: false }, { ready: false, serving: false, terminating: false }],
    [{ deleted: true }, { ready: false, serving: true, terminating: true }],
  ])('a pod with %j is %j', (options, conditions) => {
    expect(made(service(), pod('p', options))[0]?.endpoints).toEqual([
      {
        addresses: ['10.0.0.1'],
        conditions,
        nodeName: 'node',
        zone: 'z',
        targetRef: { kind: 'Pod', namespace: 'n', name: 'p', uid: 'pu' },
      },
    ]);
  });

  it('belong to the Service', () => {
    expect(made(service())[0]).toMatchObject({
      metadata: {
        generateName: 's-',
        labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io', 'kubernetes.io/service-name': 's' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 's', uid: 'su', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      endpoints: [],
      ports: [],
    });
  });

  it('hold a hundred endpoints each, and keep different ports apart', () => {
    const many = Array.from({ length: 150 }, (_, n) => pod(`p${n}`, { ips: [`10.0.0.${n}`] }));
    expect(made(service(), ...many).map(({ endpoints }) => endpoints?.length)).toEqual([100, 50]);
    const named = service({ ports: [{ port: 80, targetPort: 'web' }] });
    const other = pod('q', { spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 1 }] }] } });
    expect(made(named, pod('p'), other).map(({ ports }) => ports?.[0]?.port)).toEqual([9090, 1]);
  });
});

it('a trigger time is the Service’s first, then that of what changed since', () => {
  const times = triggerTimes();
  const at = (time: string): Stored<Pod> => {
    const one = pod('p');
    return { ...one, status: { ...one.status, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] } };
  };
  const ask = (...pods: Stored<Pod>[]): string | undefined => times.next('n/s', service(), pods);
  expect(ask(at('2026-01-02T00:00:00Z'))).toBe('2026-01-01T00:00:00Z');
  expect(ask(at('2026-01-02T00:00:00Z'))).toBeUndefined();
  expect(ask(at('2026-01-03T00:00:00Z'))).toBe('2026-01-03T00:00:00Z');
  times.forget('n/s');
  expect(ask()).toBe('2026-01-01T00:00:00Z');
});

describe('the controllers against an API server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await testCluster();
    await cluster.run(startEndpointsController);
    await cluster.run(startEndpointSliceController);
  });
  afterAll(() => cluster.close());
  const slices = resources['endpointslices.discovery.k8s.io'];
  const namespace = 'default';
  const mine = { namespace, labelSelector: 'kubernetes.io/service-name=web' };
  const sliceAddresses = async (): Promise<string> =>
    (await cluster.client.list(slices, mine)).items
      .flatMap(({ endpoints }) => endpoints?.flatMap(({ addresses }) => addresses) ?? [])
      .join();
  const endpointAddresses = async (): Promise<string> =>
    (await cluster.client.get(resources.endpoints, 'web', { namespace })).subsets
      ?.flatMap(({ addresses }) => addresses?.map(({ ip }) => ip))
      .join() ?? '';

  it('follow a Service and its pods from the first to the last', async () => {
    const { client } = cluster;
    const metadata = { name: 'web', namespace, labels: { app: 'web' } };
    await client.create(resources.services, { metadata, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
    await until('empty endpoints', async () => (await endpointAddresses()) === '' && (await client.list(slices, mine)).items.length === 1);
    await client.create(resources.pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const status = { phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }], conditions: [{ type: 'Ready', status: 'True' }] };
    await client.patch(resources.pods, 'web', 'merge', { status }, { namespace, subresource: 'status' });
    await until('the address', async () => (await endpointAddresses()) === '10.1.2.3' && (await sliceAddresses()) === '10.1.2.3');
    // Written over, not beside.
    expect((await client.list(slices, mine)).items).toHaveLength(1);
    await client.patch(resources.pods, 'web', 'merge', { metadata: { labels: { app: 'other' } } }, { namespace });
    await until('no address', async () => (await endpointAddresses()) === '' && (await sliceAddresses()) === '');
    await client.delete(resources.endpoints, 'web', { namespace });
    await until('new endpoints', async () => (await client.get(resources.endpoints, 'web', { namespace })).metadata.name);
    await client.delete(resources.services, 'web', { namespace });
    await until('no endpoints', async () =>
      (await client.list(resources.endpoints, { namespace })).items.every((one) => one.metadata.name !== 'web'),
    );
  });

  it('leave a Service without a selector to its user', async () => {
    const { client } = cluster;
    const metadata = { name: 'manual', namespace };
    await client.create(resources.services, { metadata, spec: { ports: [{ port: 80 }] } });
    await client.create(resources.endpoints, { metadata, subsets: [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ port: 1 }] }] });
    await client.create(resources.services, {
      metadata: { ...metadata, name: 'other' },
      spec: { selector: { a: 'b' }, ports: [{ port: 80 }] },
    });
    await until('the other one', async () => (await client.get(resources.endpoints, 'other', { namespace })).metadata.name);
    expect((await client.get(resources.endpoints, 'manual', { namespace })).subsets?.[0]?.addresses?.[0]?.ip).toBe('10.9.9.9');
  });
});
