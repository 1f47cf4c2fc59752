import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../util/log.ts';
import { systemHost } from '../../util/host.ts';
import type { PodVerdict } from '../pods/pod-state.ts';
import type { NodePod } from '../pods/pod.ts';
import type { PodStats } from '../stats/summary-types.ts';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually, startTestNode } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import { startEviction, type EvictionOptions } from './eviction.ts';
import { evictionText, localStorageExcess, rankPods } from './ranking.ts';
import { signalReader } from './signals.ts';
import { crossed, evictionThresholds, type Observations } from './thresholds.ts';

const MIB = 1 << 20;
const time = '2026-01-01T00:00:00Z';
const low: Observations = new Map([['memory.available', { available: 92 * MIB, capacity: 1000 * MIB }]]);
const fine: Observations = new Map([['memory.available', { available: 900 * MIB, capacity: 1000 * MIB }]]);

function pod(name: string, request?: string, more: Partial<NodePod['spec']> = {}): NodePod {
  const resources = request === undefined ? {} : { resources: { requests: { memory: request } } };
  return aPod({ containers: [{ name: 'c', ...resources }], ...more }, { name, uid: name });
}
const stats = (name: string, memory: number): PodStats => ({
  podRef: { name, namespace: 'default', uid: name },
  startTime: time,
  containers: [{ name: 'c', startTime: time, memory: { time, workingSetBytes: memory } }],
  memory: { time, workingSetBytes: memory },
});

describe('thresholds', () => {
  it('are amounts or shares, hard ones without a grace, and 0% is none', () => {
    expect(
      evictionThresholds({
        evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '0%' },
        evictionSoft: { 'imagefs.available': '50%' },
        evictionSoftGracePeriod: { 'imagefs.available': '1m' },
        evictionMinimumReclaim: { 'memory.available': '10Mi' },
      }),
    ).toEqual([
      { signal: 'memory.available', value: { quantity: 100 * MIB }, graceMs: 0, minReclaim: { quantity: 10 * MIB } },
      { signal: 'imagefs.available', value: { share: 0.5 }, graceMs: 60_000 },
    ]);
  });

  it.each([
    [{ evictionHard: { nope: '1' } }, 'unsupported eviction signal nope'],
    [{ evictionSoft: { 'pid.available': '1' } }, 'grace period must be specified for the soft eviction threshold pid.available'],
    [{ evictionHard: { 'pid.available': '-5%' } }, 'eviction percentage threshold -5% must be >= 0%'],
  ])('%j cannot be used', (config, message) => {
    expect(() => evictionThresholds(config)).toThrow(message);
  });

  it('are left only when the minimum is free again', () => {
    const thresholds = evictionThresholds({
      evictionHard: { 'memory.available': '100Mi' },
      evictionMinimumReclaim: { 'memory.available': '10Mi' },
    });
    const at = (mib: number): Observations => new Map([['memory.available', { available: mib * MIB, capacity: 1000 * MIB }]]);
    expect([99, 105, 111].map((mib) => [crossed(thresholds, at(mib), false).length, crossed(thresholds, at(mib), true).length])).toEqual([
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
    expect(crossed(thresholds, new Map(), false)).toEqual([]);
  });
});

describe('an eviction', () => {
  it('hits pods over their requests first, then by priority, then by how much', () => {
    const pods = [
      pod('within', '500Mi'),
      pod('much', '10Mi'),
      pod('little', '10Mi'),
      pod('prior', '10Mi', { priority: 5 }),
      pod('unknown'),
    ];
    const used: Record<string, number> = { within: 400, much: 300, little: 20, prior: 900 };
    const order = rankPods(pods, 'memory', ({ metadata: { name } }) =>
      used[name] === undefined ? undefined : stats(name, used[name] * MIB),
    );
    expect(order.map((p) => p.metadata.name)).toEqual(['unknown', 'much', 'little', 'prior', 'within']);
  });

  it('is told in the words of the original', () => {
    const thresholds = evictionThresholds({ evictionHard: { 'memory.available': '100Mi' } });
    expect(evictionText('memory', pod('p', '100Mi'), stats('p', 200 * MIB), thresholds, low)).toEqual({
      message:
        'The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. Container c was using 200Mi, request is 100Mi, has larger consumption of memory. ',
      annotations: { offending_containers: 'c', offending_containers_usage: '200Mi', starved_resource: 'memory' },
    });
    expect(evictionText('pids', pod('p'), undefined, [], new Map()).message).toBe('The node was low on resource: pids. ');
  });

  it('comes for pods that use more of the disk than they may', () => {
    const fs = (usedBytes: number) => ({ time, usedBytes });
    const with_ = (more: Partial<PodStats>): PodStats => ({ ...stats('p', 0), ...more });
    const dir = aPod({ volumes: [{ name: 'v', emptyDir: { sizeLimit: '10Mi' } }] });
    expect(localStorageExcess(dir, with_({ volume: [{ name: 'v', ...fs(11 * MIB) }] }))?.message).toBe(
      'Usage of EmptyDir volume "v" exceeds the limit "10Mi". ',
    );
    expect(localStorageExcess(dir, with_({ volume: [{ name: 'v', ...fs(9 * MIB) }] }))).toBeUndefined();
    const limited = aPod({ containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '1Gi' } } }] });
    expect(localStorageExcess(limited, with_({ 'ephemeral-storage': fs(1100 * MIB) }))?.message).toBe(
      'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
    );
    expect(
      localStorageExcess(limited, with_({ containers: [{ name: 'c', startTime: time, rootfs: fs(1000 * MIB), logs: fs(100 * MIB) }] }))
        ?.message,
    ).toBe('Container c exceeded its local ephemeral storage limit "1Gi". ');
    expect(localStorageExcess(limited, undefined)).toBeUndefined();
  });
});

describe('the manager', () => {
  function manage(config: EvictionOptions['config'], pods: NodePod[]) {
    const evicted: { name: string; verdict: PodVerdict }[] = [];
    const state = { observations: fine, changes: 0, attempts: [] as string[], reclaims: 0 };
    const manager = startEviction({
      config,
      clock: fastHost(1000).clock,
      log: silentLogger,
      signals: async () => state.observations,
      podStats: async () => new Map(pods.map((p) => [p.metadata.uid, stats(p.metadata.name, 10 * MIB)])),
      pods: () => pods.filter((p) => !evicted.some(({ name }) => name === p.metadata.name)),
      reclaimDisk: async () => void state.reclaims++,
      evict: async (p, verdict) => void evicted.push({ name: p.metadata.name, verdict }),
      attempting: (resource) => state.attempts.push(resource),
      changed: () => state.changes++,
    });
    return { manager, evicted, state };
  }

  it('ends one pod a round while memory is short, never a critical one, and holds the condition for a while', async () => {
    const critical = pod('critical', undefined, { priority: 2_000_000_000 });
    const { manager, evicted, state } = manage({ evictionHard: { 'memory.available': '100Mi' }, evictionPressureTransitionPeriod: '60s' }, [
      critical,
      pod('a'),
    ]);
    try {
      expect(manager.pressures().size).toBe(0);
      state.observations = low;
      await eventually(() => evicted.length === 1);
      expect(evicted[0]).toMatchObject({ name: 'a', verdict: { reason: 'Evicted', graceSeconds: 1, disruption: true } });
      expect([...manager.pressures()]).toEqual(['MemoryPressure']);
      expect(state.attempts).toContain('memory');
      state.observations = fine;
      await eventually(() => manager.pressures().size === 0);
      expect(state.changes).toBe(2);
      expect(evicted).toHaveLength(1);
    } finally {
      manager.close();
    }
  });

  it('waits the grace of a soft threshold and gives pods the time that is configured', async () => {
    const config = {
      evictionSoft: { 'memory.available': '100Mi' },
      evictionSoftGracePeriod: { 'memory.available': '60s' },
      evictionMaxPodGracePeriod: 7,
    };
    const { manager, evicted, state } = manage(config, [pod('a')]);
    try {
      state.observations = low;
      await eventually(() => manager.pressures().size === 1);
      expect(evicted).toEqual([]);
      await eventually(() => evicted.length === 1);
      expect(evicted[0]?.verdict.graceSeconds).toBe(7);
    } finally {
      manager.close();
    }
  });

  it('removes garbage before pods when the disk is full', async () => {
    const { manager, evicted, state } = manage({ evictionHard: { 'nodefs.available': '10%' } }, [pod('a')]);
    try {
      state.observations = new Map([['nodefs.available', { available: 1, capacity: 100 }]]);
      await eventually(() => evicted.length === 1);
      expect(state.reclaims).toBeGreaterThan(0);
      expect(evicted[0]?.verdict.message).toContain('The node was low on resource: ephemeral-storage. ');
    } finally {
      manager.close();
    }
  });
});

describe('signals', () => {
  it('are read from this machine', async () => {
    const read = await signalReader({ host: systemHost, runtime: createFakeRuntime(), rootDir: '/tmp' });
    const found = await read();
    for (const name of ['memory.available', 'nodefs.available', 'pid.available'] as const) {
      const { available = -1, capacity = -1 } = found.get(name) ?? {};
      expect(available).toBeGreaterThan(0);
      expect(available).toBeLessThanOrEqual(capacity);
    }
  });
});

describe('a pod that is evicted', () => {
  it('fails with the reason, the message and the condition, and new ones are refused', async () => {
    const node = await startTestNode({ config: { evictionHard: { 'pid.available': '100%', 'nodefs.available': '99.999%' } } });
    try {
      node.api.createPod({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox:1.36' }] } });
      await eventually(() => node.api.pod('p')?.status.phase === 'Failed');
      const { status } = node.api.pod('p') ?? {};
      expect(status?.reason).toBe('Evicted');
    } finally {
      await node.close();
    }
  });
});
