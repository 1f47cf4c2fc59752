import { describe, expect, test } from 'vitest';
import type { Node, NodeStatus, Pod, PodSpec, Stored } from '../../api/types.ts';
import { misfits, unschedulableMessage, type Candidate } from './filters.ts';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
const node = (
  spec: Stored<Node>['spec'] = {},
  allocatable: NodeStatus['allocatable'] = { cpu: '1', memory: '1Gi', pods: '2' },
): Stored<Node> => ({
  metadata: { ...meta('n'), labels: { disk: 'ssd' } },
  spec,
  status: { allocatable },
});
const pod = (spec: Partial<PodSpec> = {}): Stored<Pod> => ({
  metadata: meta('p'),
  spec: { containers: [{ name: 'c' }], ...spec },
  status: {},
});
const asking = (requests: Record<string, string>): Partial<PodSpec> => ({ containers: [{ name: 'c', resources: { requests } }] });
const onPort = (hostPort: number, hostIP?: string): Partial<PodSpec> => ({
  containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort, ...(hostIP !== undefined && { hostIP }) }] }],
});

describe('misfits', () => {
  const cases: [string, Stored<Pod>, Candidate, string[]][] = [
    ['a plain pod fits', pod(), { node: node(), pods: [] }, []],
    ['a cordoned node', pod(), { node: node({ unschedulable: true }), pods: [] }, ['node(s) were unschedulable']],
    ['a taint', pod(), { node: node({ taints: [{ key: 'k', effect: 'NoSchedule' }] }), pods: [] }, ['node(s) had untolerated taint(s)']],
    [
      'a tolerated taint',
      pod({ tolerations: [{ operator: 'Exists' }] }),
      { node: node({ taints: [{ key: 'k', effect: 'NoExecute' }] }), pods: [] },
      [],
    ],
    ['a taint that only prefers', pod(), { node: node({ taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }), pods: [] }, []],
    [
      'a selector',
      pod({ nodeSelector: { disk: 'hdd' } }),
      { node: node(), pods: [] },
      ["node(s) didn't match Pod's node affinity/selector"],
    ],
    ['a selector that fits', pod({ nodeSelector: { disk: 'ssd' } }), { node: node(), pods: [] }, []],
    ['too much cpu', pod(asking({ cpu: '1500m' })), { node: node(), pods: [] }, ['Insufficient cpu']],
    [
      'what others have taken',
      pod(asking({ memory: '600Mi' })),
      { node: node(), pods: [pod(asking({ memory: '600Mi' }))] },
      ['Insufficient memory'],
    ],
    [
      'a pod that is over takes nothing',
      pod(asking({ cpu: '1' })),
      { node: node(), pods: [{ ...pod(asking({ cpu: '1' })), status: { phase: 'Succeeded' } }] },
      [],
    ],
    ['too many pods', pod(), { node: node(), pods: [pod(), pod()] }, ['Too many pods']],
    [
      'a host port',
      pod(onPort(80)),
      { node: node(), pods: [pod(onPort(80, '127.0.0.1'))] },
      ["node(s) didn't have free ports for the requested pod ports"],
    ],
    ['a host port on another address', pod(onPort(80, '127.0.0.2')), { node: node(), pods: [pod(onPort(80, '127.0.0.1'))] }, []],
    ['an unknown resource', pod(asking({ 'example.com/gpu': '1' })), { node: node(), pods: [] }, ['Insufficient example.com/gpu']],
  ];
  test.each(cases)('%s', (_, wanted, candidate, reasons) => {
    expect(misfits(wanted, candidate).map(({ reason }) => reason)).toEqual(reasons);
  });
});

test.each([
  [[], 'no nodes available to schedule pods'],
  [
    [[{ reason: "node(s) didn't match Pod's node affinity/selector", preemptible: false }]],
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  ],
  [
    [[{ reason: 'Insufficient cpu', preemptible: true }]],
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  ],
])('unschedulableMessage %#', (found, text) => expect(unschedulableMessage(found)).toBe(text));
