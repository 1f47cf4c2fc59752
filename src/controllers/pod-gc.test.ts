import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { resources } from '../api/resources.ts';
import type { Pod, Stored } from '../api/types.ts';
import { startPodGarbageCollector, superfluous, unscheduledTerminating } from './pod-gc.ts';
import { testCluster, type TestCluster } from './testing.ts';

let cluster: TestCluster;
const namespace = 'default';
beforeAll(async () => {
  cluster = await testCluster();
  await cluster.run(startPodGarbageCollector);
});
afterAll(() => cluster.close());

const names = async (): Promise<string[]> =>
  (await cluster.client.list(resources.pods, { namespace })).items.map(({ metadata }) => metadata.name);

test('pods of a node that is gone are given up, not at once and no others', async () => {
  const { client } = cluster;
  await client.create(resources.nodes, { metadata: { name: 'here' } });
  for (const [name, nodeName] of [
    ['orphan', 'gone'],
    ['kept', 'here'],
    ['unbound', ''],
  ] as const)
    await client.create(resources.pods, {
      metadata: { name, namespace },
      spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName !== '' && { nodeName }) },
    });
  let passed = 0;
  await until('the orphan to go', async () => {
    if (passed === 0) expect(await names()).toContain('orphan');
    cluster.pass(20_000);
    passed += 20_000;
    return !(await names()).includes('orphan');
  });
  expect(passed).toBeGreaterThanOrEqual(40_000);
  expect(await names()).toEqual(['kept', 'unbound']);
});

const pod = (name: string, more: { phase?: string; nodeName?: string; deleted?: boolean; created?: string } = {}): Stored<Pod> =>
  ({
    metadata: {
      name,
      creationTimestamp: more.created ?? '2026-01-01T00:00:00Z',
      ...(more.deleted === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { containers: [], ...(more.nodeName !== undefined && { nodeName: more.nodeName }) },
    status: { phase: more.phase ?? 'Running' },
  }) as unknown as Stored<Pod>;
const named = (pods: readonly Stored<Pod>[]): string[] => pods.map(({ metadata }) => metadata.name);

test('of many pods that have ended the oldest go', () => {
  const pods = [
    pod('new', { phase: 'Failed', created: '2026-01-03T00:00:00Z' }),
    pod('old', { phase: 'Succeeded', created: '2026-01-01T00:00:00Z' }),
    pod('runs', { created: '2025-01-01T00:00:00Z' }),
    pod('middle', { phase: 'Failed', created: '2026-01-02T00:00:00Z' }),
  ];
  expect(named(superfluous(pods, 1))).toEqual(['old', 'middle']);
  expect(named(superfluous(pods, 3))).toEqual([]);
});

test('pods that were deleted before they had a node go', () => {
  expect(named(unscheduledTerminating([pod('a', { deleted: true }), pod('b', { deleted: true, nodeName: 'n' }), pod('c')]))).toEqual(['a']);
});
