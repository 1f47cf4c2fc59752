/** What the control plane says of a node whose kubelet is silent, and which taints follow from conditions (`nodelifecycle/node_lifecycle_controller.go`). */
import { goTime } from '../../api/time.ts';
import type { Taint } from '../../api/taints.ts';
import type { Node, NodeCondition, Stored } from '../../api/types.ts';

const KEPT = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** The conditions with those of the kubelet turned to Unknown; undefined when they all are already. */
export function silentConditions(node: Stored<Node>, now: number): NodeCondition[] | undefined {
  const present = node.status.conditions ?? [];
  const at = goTime(now);
  const turned = KEPT.flatMap((type): NodeCondition[] => {
    const known = present.find((condition) => condition.type === type);
    if (known?.status === 'Unknown') return [];
    if (known !== undefined)
      return [
        {
          ...known,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: at,
        },
      ];
    return [
      {
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: at,
      },
    ];
  });
  return turned.length > 0 ? turned : undefined;
}

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
/** Taints against new pods, by a condition and the status that it must have. */
const BY_CONDITION = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
] as const;
/** Taints that also send pods away. */
const EVICTING: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE]);
const OURS: ReadonlySet<string> = new Set([UNSCHEDULABLE, ...BY_CONDITION.map(([, , key]) => key)]);

/** The taints that the node should have, with those of users kept; undefined when it has them. Taints keep the time since which they are there. */
export function wantedTaints(node: Stored<Node>, now: number): Taint[] | undefined {
  const present = node.spec.taints ?? [];
  const has = (type: string, status: string): boolean =>
    node.status.conditions?.some((condition) => condition.type === type && condition.status === status) === true;
  const keys = [
    ...BY_CONDITION.filter(([type, status]) => has(type, status)).map(([, , key]) => key as string),
    ...(node.spec.unschedulable === true ? [UNSCHEDULABLE] : []),
  ];
  // A node that has said nothing yet keeps the taint that admission gave it.
  if (node.status.conditions?.some(({ type }) => type === 'Ready') !== true) keys.push(NOT_READY);
  const evicting = keys.filter((key) => EVICTING.has(key) && has('Ready', key === NOT_READY ? 'False' : 'Unknown'));
  const wanted = [
    ...keys.map((key): Taint => ({ key, effect: 'NoSchedule' })),
    ...evicting.map((key): Taint => ({ key, effect: 'NoExecute' })),
  ];
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const isOurs = (taint: Taint): boolean => OURS.has(taint.key) && taint.effect !== 'PreferNoSchedule';
  const missing = wanted.filter((taint) => !present.some((one) => same(one, taint)));
  const kept = present.filter((taint) => !isOurs(taint) || wanted.some((one) => same(one, taint)));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing.map(({ key, effect }) => ({ key, effect, timeAdded: goTime(now) }))];
}

export function readyStatus(node: Stored<Node>): string | undefined {
  return node.status.conditions?.find(({ type }) => type === 'Ready')?.status;
}
