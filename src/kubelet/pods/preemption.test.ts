import { describe, expect, it } from 'vitest';
import { eventually, startTestNode } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import type { NodePod } from './pod.ts';
import { preempted } from './preemption.ts';

const CRITICAL = 2_000_000_000;
function pod(name: string, cpu: string, priority = 0, limits = false): NodePod {
  const amounts = { cpu, memory: '1Mi' };
  const resources = cpu === '0' ? {} : { resources: { requests: amounts, ...(limits && { limits: amounts }) } };
  return aPod({ priority, containers: [{ name: 'c', ...resources }] }, { name, uid: name });
}
const names = (asking: NodePod, others: NodePod[], pods = '10'): string[] | undefined =>
  preempted({ pod: asking, others, node: undefined, allocatable: { cpu: '2', memory: '1Gi', pods }, allowedUnsafeSysctls: [] })?.map(
    (p) => p.metadata.name,
  );

describe('a critical pod takes room from', () => {
  it.each([
    ['nobody when there is room', pod('x', '1', CRITICAL), [pod('a', '1')], undefined],
    ['no more pods than it needs', pod('x', '1', CRITICAL), [pod('small', '500m'), pod('big', '1'), pod('none', '0')], ['small']],
    ['burstable pods before guaranteed ones', pod('x', '1', CRITICAL), [pod('g', '1', 0, true), pod('b', '1')], ['b']],
    ['pods of less priority first', pod('x', '1', CRITICAL), [pod('high', '1', 10), pod('low', '1')], ['low']],
    ['no pod as critical as it is', pod('x', '1', CRITICAL), [pod('a', '1', CRITICAL), pod('b', '1', CRITICAL)], undefined],
    ['nobody when that is not enough', pod('x', '3', CRITICAL), [pod('a', '2')], undefined],
  ] as const)('%s', (_what, asking, others, expected) => {
    expect(names(asking, [...others])).toEqual(expected);
  });

  it('whoever holds a place, when places are what is short', () => {
    expect(names(pod('x', '0', CRITICAL), [pod('a', '0'), pod('b', '0')], '2')).toHaveLength(1);
  });
});

describe('on a node that is full', () => {
  it('a lesser pod ends so that a critical one can run', async () => {
    const node = await startTestNode({ config: { maxPods: 1 } });
    try {
      const make = (name: string, priority: number) =>
        node.api.createPod({ metadata: { name }, spec: { priority, containers: [{ name: 'c', image: 'busybox:1.36' }] } });
      make('lesser', 0);
      await eventually(() => node.api.pod('lesser')?.status.phase === 'Running');
      make('other', 0);
      await eventually(() => node.api.pod('other')?.status.reason === 'OutOfpods');
      make('critical', CRITICAL);
      await eventually(() => node.api.pod('critical')?.status.phase === 'Running' && node.api.pod('lesser')?.status.phase === 'Failed');
      expect(node.api.pod('lesser')?.status).toMatchObject({ reason: 'Preempting', message: 'Preempted in order to admit critical pod' });
      expect(node.api.pod('lesser')?.status.conditions?.find((c) => c.type === 'DisruptionTarget')?.status).toBe('True');
      await eventually(() => node.events('lesser').some((e) => e.startsWith('Warning Preempting')));
    } finally {
      await node.close();
    }
  });
});
