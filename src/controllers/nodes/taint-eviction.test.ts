import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { resources } from '../../api/resources.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { startTaintEvictionController, toleratedMs } from './taint-eviction.ts';

const taint = (key: string): { key: string; effect: string } => ({ key, effect: 'NoExecute' });

describe('how long a pod may stay', () => {
  const forever = Number.POSITIVE_INFINITY;
  it.each([
    [[], [], forever],
    [['a'], [], 0],
    [['a'], [{ key: 'a', operator: 'Exists' }], forever],
    [['a'], [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }], 5000],
    [['a'], [{ key: 'a', operator: 'Exists', tolerationSeconds: -5 }], 0],
    [['a'], [{ operator: 'Exists' }, { key: 'a', operator: 'Exists', tolerationSeconds: 5 }], forever],
    [['a', 'b'], [{ key: 'a', operator: 'Exists' }], 0],
    [
      ['a', 'b'],
      [
        { key: 'a', operator: 'Exists', tolerationSeconds: 9 },
        { key: 'b', operator: 'Exists', tolerationSeconds: 3 },
      ],
      3000,
    ],
  ])('under %j with %j', (taints, tolerations, expected) => {
    expect(toleratedMs(taints.map(taint), tolerations)).toBe(expected);
  });
});

describe('a node that no longer wants pods', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await testCluster();
  });
  afterAll(() => cluster.close());

  it('loses those that do not tolerate it, at once or in time', async () => {
    const { client } = cluster;
    const controller = startTaintEvictionController(cluster.context);
    try {
      await client.create(resources.nodes, { metadata: { name: 'n' } });
      const make = (name: string, tolerations: object[]): Promise<unknown> =>
        client.create(resources.pods, {
          metadata: { name, namespace: 'default' },
          spec: { nodeName: 'n', containers: [{ name: 'c', image: 'x' }], tolerations, terminationGracePeriodSeconds: 30 },
        });
      await make('stays', [{ key: 'a', operator: 'Exists' }]);
      await make('soon', [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }]);
      await make('now', []);
      await client.patch(resources.nodes, 'n', 'merge', { spec: { taints: [taint('a')] } });
      const deleted = async (name: string): Promise<boolean> =>
        (await client.get(resources.pods, name, { namespace: 'default' })).metadata.deletionTimestamp !== undefined;
      await until('an end at once', () => deleted('now'));
      await until('an end in time', () => deleted('soon'));
      expect(await deleted('stays')).toBe(false);
      const { status } = await client.get(resources.pods, 'now', { namespace: 'default' });
      expect(status.conditions).toContainEqual(
        expect.objectContaining({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByTaintManager',
          message: 'Taint manager: deleting due to NoExecute taint',
        }),
      );
    } finally {
      controller.stop();
    }
  });
});
