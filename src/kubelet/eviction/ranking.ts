/** Whom an eviction hits first, and what it tells (kubernetes `pkg/kubelet/eviction/helpers.go`). */
import { amountsOf, podRequests } from '../../api/pod-resources.ts';
import { formatQuantity, quantityOf, quantityValue } from '../../api/quantity.ts';
import { podContainers, type NodePod } from '../pods/pod.ts';
import type { PodStats } from '../stats/summary-types.ts';
import { thresholdText, type Observations, type StarvedResource, type Threshold } from './thresholds.ts';

export type StatsOf = (pod: NodePod) => PodStats | undefined;

const USAGE: Readonly<Record<StarvedResource, (stats: PodStats) => number | undefined>> = {
  memory: (stats) => stats.memory?.workingSetBytes,
  'ephemeral-storage': (stats) => stats['ephemeral-storage']?.usedBytes,
  inodes: (stats) => stats['ephemeral-storage']?.inodesUsed,
  pids: (stats) => stats.process_stats?.process_count,
};

const requestOf = ({ spec }: NodePod, resource: StarvedResource): number =>
  resource === 'memory' || resource === 'ephemeral-storage' ? (podRequests(spec)[resource] ?? 0) / 1000 : 0;

/** The pods in the order in which they are evicted. */
export function rankPods(pods: readonly NodePod[], resource: StarvedResource, stats: StatsOf): NodePod[] {
  const facts = pods.map((pod) => {
    const known = stats(pod);
    const usage = known && USAGE[resource](known);
    const request = requestOf(pod, resource);
    return {
      pod,
      // A pod of which nothing is known may be the culprit: it counts as one that uses more than it asked for.
      over: usage === undefined || usage > request,
      priority: pod.spec.priority ?? 0,
      more: usage === undefined ? Infinity : usage - request,
    };
  });
  const byRequest = resource === 'memory' || resource === 'ephemeral-storage';
  return facts
    .sort(
      (a, b) =>
        (byRequest ? Number(b.over) - Number(a.over) : 0) || a.priority - b.priority || (a.more === b.more ? 0 : b.more > a.more ? 1 : -1),
    )
    .map(({ pod }) => pod);
}

const bytesText = (bytes: number): string => formatQuantity(quantityOf(bytes, 'BinarySI'));

export interface EvictionText {
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What the pod's status and event say, and the event's annotations. */
export function evictionText(
  resource: StarvedResource,
  pod: NodePod,
  stats: PodStats | undefined,
  thresholds: readonly Threshold[],
  observations: Observations,
): EvictionText {
  let message = `The node was low on resource: ${resource}. ${thresholdText(resource, thresholds, observations)}`;
  const offenders: string[] = [];
  const usages: string[] = [];
  for (const container of stats?.containers ?? []) {
    const spec = podContainers(pod.spec).find((c) => c.container.name === container.name)?.container;
    const usage =
      resource === 'memory'
        ? container.memory?.workingSetBytes
        : resource === 'ephemeral-storage'
          ? sum(container.rootfs?.usedBytes, container.logs?.usedBytes)
          : undefined;
    if (spec === undefined || usage === undefined) continue;
    const request = spec.resources?.requests?.[resource] ?? '0';
    if (usage <= quantityValue(request)) continue;
    message += `Container ${spec.name} was using ${bytesText(usage)}, request is ${request}, has larger consumption of ${resource}. `;
    offenders.push(spec.name);
    usages.push(bytesText(usage));
  }
  return {
    message,
    annotations: {
      offending_containers: offenders.join(','),
      offending_containers_usage: usages.join(','),
      starved_resource: resource,
    },
  };
}

const sum = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a + b);

/** A limit of a pod's own disk use that it went over. */
export interface LocalStorageExcess {
  /** What evictions for it are counted under. */
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
  readonly message: string;
}

/** Why a pod uses more of the node's disk than it may; undefined when it does not. */
export function localStorageExcess(pod: NodePod, stats: PodStats | undefined): LocalStorageExcess | undefined {
  if (stats === undefined) return undefined;
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    const used = stats.volume?.find((volume) => volume.name === name)?.usedBytes;
    if (limit !== undefined && used !== undefined && quantityValue(limit) > 0 && used > quantityValue(limit))
      return {
        signal: 'emptydirfs.limit',
        message: `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `,
      };
  }
  const limits = podContainers(pod.spec).flatMap(({ container, kind }) => {
    const limit = container.resources?.limits?.['ephemeral-storage'];
    return limit === undefined || kind === 'ephemeral' ? [] : [{ name: container.name, kind, limit }];
  });
  if (limits.length === 0) return undefined;
  const total = limits
    .filter(({ kind }) => kind === 'container')
    .reduce((all, { limit }) => all + (amountsOf({ x: limit })['x'] ?? 0) / 1000, 0);
  const used = stats['ephemeral-storage']?.usedBytes;
  if (used !== undefined && total > 0 && used > total)
    return {
      signal: 'ephemeralpodfs.limit',
      message: `Pod ephemeral local storage usage exceeds the total limit of containers ${bytesText(total)}. `,
    };
  for (const { name, limit } of limits) {
    const container = stats.containers.find((c) => c.name === name);
    const own = (container?.rootfs?.usedBytes ?? 0) + (container?.logs?.usedBytes ?? 0);
    if (own > quantityValue(limit))
      return {
        signal: 'ephemeralcontainerfs.limit',
        message: `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `,
      };
  }
  return undefined;
}

/** Whether a pod has anything for `localStorageExcess` to look at. */
export const hasLocalLimits = ({ spec }: NodePod): boolean =>
  (spec.volumes ?? []).some((v) => v.emptyDir?.sizeLimit !== undefined) ||
  podContainers(spec).some((c) => c.container.resources?.limits?.['ephemeral-storage'] !== undefined);
