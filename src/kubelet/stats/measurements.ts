/** What the kubelet hands its HTTP server to show. */
import { encoded } from '../../metrics/encoded.ts';
import { byKey, collected, escapeLabel, labelText, type MetricFamily } from '../../metrics/family.ts';
import type { Measurements } from '../server/request.ts';
import { kubeletFamilies, type KubeletMetrics } from './kubelet-metrics.ts';
import type { NodeStats } from './node-stats.ts';
import { podFamilies, type FollowedPod } from './pod-families.ts';
import type { ProbeMetrics } from './probe-metrics.ts';

export interface MeasurementsOptions {
  readonly stats: NodeStats;
  readonly metrics: KubeletMetrics;
  readonly probes: ProbeMetrics;
  readonly nodeName: string;
  /** What the program's own runtime tells of itself. */
  readonly runtimeOfProgram: readonly MetricFamily[];
  readonly pods: () => readonly FollowedPod[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** `v1.36.3`. */
  readonly version: string;
}

export function kubeletMeasurements(options: MeasurementsOptions): Measurements {
  const { stats, metrics, probes, startedAt, runtimeOfProgram } = options;
  const own = [
    ...kubeletFamilies(metrics),
    ...podFamilies({
      ...options,
      cgroupVersion: stats.cgroupVersion,
      logBytes: (directory) => stats.logBytes(directory),
      room: (path) => stats.room(path),
    }),
    buildInfo(options.version),
  ];
  return {
    families: [...own, ...registryFamilies(own), ...runtimeOfProgram],
    cadvisor: () => stats.cadvisor(),
    resource: () => stats.resource(),
    probes: () => Promise.resolve(encoded(probes.text(startedAt))),
    summary: (only) => stats.summaryJson(only),
    snapshot: () => stats.snapshot(),
    disks: () => stats.disks(),
  };
}

/** The Kubernetes that is spoken here: alerts compare it over all components. What built the original built nothing here. */
function buildInfo(version: string): MetricFamily {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const values: readonly (readonly [string, string])[] = [
    ['build_date', ''],
    ['compiler', ''],
    ['git_commit', ''],
    ['git_tree_state', ''],
    ['git_version', version],
    ['go_version', ''],
    ['major', major],
    ['minor', minor],
    ['platform', `${process.platform}/${arch}`],
  ];
  return collected(
    'gauge',
    'kubernetes_build_info',
    "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
    (write) => {
      const [names, texts] = [values.map(([name]) => name), values.map(([, value]) => value)];
      write('', labelText(names, texts), 1);
    },
  );
}

/** How many families there are of each stability; none is hidden or switched off. */
function registryFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return [
    collected(
      'counter',
      'registered_metrics_total',
      '[BETA] The count of registered metrics broken by stability level and deprecation version.',
      (write) => {
        const counts = new Map<string, number>();
        for (const { help } of families) {
          const level = /^\[([A-Z]+)\]/.exec(help)?.[1];
          if (level !== undefined) counts.set(level, (counts.get(level) ?? 0) + 1);
        }
        for (const [level, count] of byKey(counts)) write('', `deprecated_version="",stability_level="${escapeLabel(level)}"`, count);
      },
    ),
    collected('counter', 'disabled_metrics_total', '[BETA] The count of disabled metrics.', (write) => write('', '', 0)),
    collected('counter', 'hidden_metrics_total', '[BETA] The count of hidden metrics.', (write) => write('', '', 0)),
  ];
}
