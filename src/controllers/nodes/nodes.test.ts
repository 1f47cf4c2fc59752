import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { resources } from '../../api/resources.ts';
import { microTime } from '../../api/time.ts';
import type { Node, Stored } from '../../api/types.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { silentConditions, wantedTaints } from './conditions.ts';
import { startNodeLifecycleController } from './node-lifecycle.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const AT = '2026-01-02T00:00:00Z';
const node = (conditions: Record<string, string>, spec: Node['spec'] = {}): Stored<Node> =>
  ({
    metadata: { name: 'n', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
    status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status, reason: 'R', message: 'M' })) },
  }) as unknown as Stored<Node>;

describe('a silent node', () => {
  it('has conditions that nobody knows any more, or never knew', () => {
    expect(silentConditions(node({ Ready: 'True', MemoryPressure: 'Unknown', Own: 'True' }), NOW)).toEqual([
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: AT,
      },
      ...['DiskPressure', 'PIDPressure'].map((type) => ({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: '2026-01-01T00:00:00Z',
        lastTransitionTime: AT,
      })),
    ]);
  });

  it('is said to be silent once', () => {
    const unknown = { Ready: 'Unknown', MemoryPressure: 'Unknown', DiskPressure: 'Unknown', PIDPressure: 'Unknown' };
    expect(silentConditions(node(unknown), NOW)).toBeUndefined();
  });
});

describe('taints by conditions', () => {
  const key = (name: string): string => `node.kubernetes.io/${name}`;
  it.each([
    [{ Ready: 'True' }, []],
    [{ Ready: 'False' }, ['not-ready:NoSchedule', 'not-ready:NoExecute']],
    [{ Ready: 'Unknown' }, ['unreachable:NoSchedule', 'unreachable:NoExecute']],
    [
      { Ready: 'True', MemoryPressure: 'True', DiskPressure: 'True', PIDPressure: 'True' },
      ['memory-pressure:NoSchedule', 'disk-pressure:NoSchedule', 'pid-pressure:NoSchedule'],
    ],
    [{ Ready: 'True', MemoryPressure: 'Unknown' }, []],
    [{}, ['not-ready:NoSchedule']],
  ])('%j gives %j', (conditions, expected) => {
    const taints = wantedTaints(node(conditions), NOW) ?? [];
    expect(taints).toEqual(expected.map((text) => ({ key: key(text.split(':')[0] ?? ''), effect: text.split(':')[1], timeAdded: AT })));
  });

  it('come for a cordoned node, and go when their reason does; those of users stay', () => {
    const own = { key: 'own', effect: 'NoExecute' };
    expect(wantedTaints(node({ Ready: 'True' }, { unschedulable: true, taints: [own] }), NOW)).toEqual([
      own,
      { key: key('unschedulable'), effect: 'NoSchedule', timeAdded: AT },
    ]);
    const stale = [own, { key: key('not-ready'), effect: 'NoSchedule' }, { key: key('unreachable'), effect: 'NoExecute' }];
    expect(wantedTaints(node({ Ready: 'True' }, { taints: stale }), NOW)).toEqual([own]);
    expect(wantedTaints(node({ Ready: 'True' }, { taints: [own] }), NOW)).toBeUndefined();
  });
});

describe('the controller against an API server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await testCluster();
    await cluster.run(startNodeLifecycleController);
  });
  afterAll(() => cluster.close());
  const leases = resources['leases.coordination.k8s.io'];
  const namespace = 'kube-node-lease';

  it('believes a node as long as it speaks, says when it does not, and believes it again', async () => {
    const { client, context } = cluster;
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'up', lastHeartbeatTime: AT, lastTransitionTime: AT };
    const say = () => client.patch(resources.nodes, 'n', 'strategic', { status: { conditions: [ready] } }, { subresource: 'status' });
    const renew = () => client.patch(leases, 'n', 'merge', { spec: { renewTime: microTime(context.clock.now()) } }, { namespace });
    const read = () => client.get(resources.nodes, 'n');
    await client.create(resources.nodes, {
      metadata: { name: 'n' },
      spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
    });
    await client.create(leases, {
      metadata: { name: 'n', namespace },
      spec: { holderIdentity: 'n', renewTime: microTime(context.clock.now()) },
    });
    await say();
    const pod = { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } };
    await client.create(resources.pods, pod);
    await client.patch(
      resources.pods,
      'p',
      'merge',
      { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      { namespace: 'default', subresource: 'status' },
    );
    await until('the taint to go', async () => ((await read()).spec.taints ?? []).length === 0);
    expect((await read()).metadata.annotations).toEqual({ 'node.alpha.kubernetes.io/ttl': '0' });

    // It renews its lease, and says nothing else.
    for (let n = 0; n < 4; n += 1) {
      await renew();
      cluster.pass(20_000);
    }
    expect((await read()).status.conditions).toEqual([ready]);

    await until('the node to be given up', async () => {
      cluster.pass(20_000);
      return (await read()).status.conditions?.[0]?.status === 'Unknown';
    });
    const silent = await until('the taints', async () => {
      const now = await read();
      return (now.spec.taints ?? []).length === 2 ? now : undefined;
    });
    expect(silent.status.conditions?.map(({ type, reason }) => `${type} ${reason ?? ''}`)).toEqual([
      'Ready NodeStatusUnknown',
      'MemoryPressure NodeStatusNeverUpdated',
      'DiskPressure NodeStatusNeverUpdated',
      'PIDPressure NodeStatusNeverUpdated',
    ]);
    await until(
      'the pod not to be ready',
      async () => (await client.get(resources.pods, 'p', { namespace: 'default' })).status.conditions?.[0]?.status === 'False',
    );
    await until('the event', async () =>
      (await client.list(resources.events, { namespace: 'default' })).items.some(({ reason }) => reason === 'NodeNotReady'),
    );

    await renew();
    await say();
    await until('no taints', async () => ((await read()).spec.taints ?? []).length === 0);
  });
});
