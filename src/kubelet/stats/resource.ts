/** The text of `/metrics/resource` (kubernetes `pkg/kubelet/metrics/collectors/resource_metrics.go`). */
import { exposition } from '../../metrics/exposition.ts';
import { collected, labelText, type MetricFamily, type WriteSample } from '../../metrics/family.ts';
import { containerNameOf } from '../pods/observed.ts';
import type { Measured, Snapshot } from './collector.ts';

interface Row {
  readonly labels: string;
  readonly measured: Measured;
}

type Sample = readonly [value: number | undefined, at?: number];

const cpuSeconds = ({ sample, at }: Measured): Sample => [sample.cpu && sample.cpu.usageNs / 1e9, at];
const workingSet = ({ sample, at }: Measured): Sample => [sample.memory?.workingSet, at];
const swap = ({ sample, at }: Measured): Sample => [sample.memory?.swap, at];

/** The node's, its pods' and its containers' use of CPU, memory and swap. A container that has used nothing yet is left out: metrics-server drops its pod otherwise. */
export function resourceText({ root, pods }: Snapshot): string {
  const containers: Row[] = [];
  const groups: Row[] = [];
  for (const { targets, group, containers: measured } of pods) {
    const { name, namespace } = targets.measured.pod.metadata;
    if (group && measured.length > 0) groups.push({ labels: labelText(['namespace', 'pod'], [namespace, name]), measured: group });
    for (const one of measured) {
      const { container } = one.target;
      if (container === undefined || !one.sample.cpu?.usageNs || !one.sample.memory?.workingSet) continue;
      const labels = labelText(['container', 'namespace', 'pod'], [containerNameOf(container), namespace, name]);
      containers.push({ labels, measured: one });
    }
  }
  for (const rows of [containers, groups]) rows.sort((a, b) => (a.labels < b.labels ? -1 : 1));
  const node: Row[] = root ? [{ labels: '', measured: root }] : [];
  return exposition([
    family(
      'counter',
      'node_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      node,
      cpuSeconds,
    ),
    family('gauge', 'node_memory_working_set_bytes', '[STABLE] Current working set of the node in bytes', node, workingSet),
    family('gauge', 'node_swap_usage_bytes', swapHelp('Current swap usage of the node'), node, swap),
    family(
      'counter',
      'container_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      containers,
      cpuSeconds,
    ),
    family('gauge', 'container_memory_working_set_bytes', '[STABLE] Current working set of the container in bytes', containers, workingSet),
    family('gauge', 'container_start_time_seconds', '[STABLE] Start time of the container since unix epoch in seconds', containers, (m) => [
      m.target.container && m.target.container.createdAt > 0 ? m.target.container.createdAt / 1000 : undefined,
    ]),
    family('gauge', 'container_swap_usage_bytes', swapHelp('Current amount of the container swap usage'), containers, swap),
    family(
      'gauge',
      'container_swap_limit_bytes',
      swapHelp('Current amount of the container swap limit'),
      containers,
      ({ sample, spec, at }) => [sample.memory && spec.swapLimit, at],
    ),
    family(
      'counter',
      'pod_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      groups,
      cpuSeconds,
    ),
    family('gauge', 'pod_memory_working_set_bytes', '[STABLE] Current working set of the pod in bytes', groups, workingSet),
    family('gauge', 'pod_swap_usage_bytes', swapHelp('Current amount of the pod swap usage'), groups, swap),
    collected('gauge', 'resource_scrape_error', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', (write) =>
      write('', '', root === undefined ? 1 : 0),
    ),
  ]);
}

const swapHelp = (what: string): string => `[ALPHA] ${what} in bytes. Reported only on non-windows systems`;

function family(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  rows: readonly Row[],
  sample: (measured: Measured) => Sample,
): MetricFamily {
  return collected(type, name, help, (write: WriteSample) => {
    for (const { labels, measured } of rows) {
      const [value, at] = sample(measured);
      if (value !== undefined) write('', labels, value, at);
    }
  });
}
