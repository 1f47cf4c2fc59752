/** What nodes, pods and containers use, as rows, out of `/stats/summary`. */
import type { ContainerStats, Summary } from '../../kubelet/stats/summary-types.ts';

export type What = 'nodes' | 'pods' | 'containers';
export type SortKey = 'cpu' | 'memory' | 'name';

export interface UsageRow {
  readonly node: string;
  /** Empty for a node. */
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Billionths of a core; undefined when the kubelet did not say. */
  readonly nanoCores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly diskBytes: number | undefined;
}

type Use = Pick<ContainerStats, 'cpu' | 'memory'>;

const use = ({ cpu, memory }: Use): Pick<UsageRow, 'nanoCores' | 'memoryBytes'> => ({
  nanoCores: cpu?.usageNanoCores,
  memoryBytes: memory?.workingSetBytes,
});

/** One row for each thing of that kind in a node's summary. */
export function usageRows({ node, pods }: Summary, what: What): UsageRow[] {
  const of = { node: node.nodeName, namespace: '', pod: '', container: '' };
  if (what === 'nodes') return [{ ...of, ...use(node), diskBytes: node.fs?.usedBytes }];
  return pods.flatMap((pod): UsageRow[] => {
    const { namespace, name } = pod.podRef;
    const mine = { ...of, namespace, pod: name };
    if (what === 'pods') return [{ ...mine, ...use(pod), diskBytes: pod['ephemeral-storage']?.usedBytes }];
    return pod.containers.map((c) => {
      const parts = [c.rootfs?.usedBytes, c.logs?.usedBytes].filter((bytes) => bytes !== undefined);
      return {
        ...mine,
        container: c.name,
        ...use(c),
        diskBytes: parts.length === 0 ? undefined : parts.reduce((sum, bytes) => sum + bytes, 0),
      };
    });
  });
}

/** The most used first, or by name; what is not known comes last. */
export function sorted(rows: readonly UsageRow[], key: SortKey): UsageRow[] {
  const name = (r: UsageRow): string => [r.node, r.namespace, r.pod, r.container].join('\u0000');
  const byName = (a: UsageRow, b: UsageRow): number => (name(a) < name(b) ? -1 : 1);
  if (key === 'name') return rows.toSorted(byName);
  const amount = (r: UsageRow): number => (key === 'cpu' ? r.nanoCores : r.memoryBytes) ?? -1;
  return rows.toSorted((a, b) => amount(b) - amount(a) || byName(a, b));
}
