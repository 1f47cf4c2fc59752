/** The families of `/metrics/cadvisor` that have one value a cgroup (cAdvisor `metrics/prometheus.go`). Long because it is a table. */
import type { Measured } from './collector.ts';

/** `sample`: when the cgroup was read. `now`: when it was asked for. `none`: none is written. */
export type TimestampKind = 'sample' | 'now' | 'none';

export interface ContainerFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly time: TimestampKind;
  /** Undefined where it is not measured; the series is then left out. */
  readonly value: (measured: Measured) => number | undefined;
}

const seconds = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / 1e9);
const fromMicros = (total: number | undefined): number | undefined => (total === undefined ? undefined : total / 1e6);

type Value = ContainerFamily['value'];
const counter = (name: string, help: string, value: Value): ContainerFamily => ({ name, type: 'counter', help, time: 'sample', value });
const gauge = (name: string, help: string, value: Value): ContainerFamily => ({ name, type: 'gauge', help, time: 'sample', value });
const spec = (name: string, help: string, value: Value): ContainerFamily => ({ name, type: 'gauge', help, time: 'none', value });

export const containerFamilies: readonly ContainerFamily[] = [
  gauge(
    'container_cpu_load_average_10s',
    'Value of container cpu load average over the last 10 seconds.',
    ({ processes, load }) => processes && Math.floor(load.running * 1000),
  ),
  gauge(
    'container_cpu_load_d_average_10s',
    'Value of container cpu load.d average over the last 10 seconds.',
    ({ processes, load }) => processes && Math.floor(load.uninterruptible * 1000),
  ),
  counter('container_cpu_system_seconds_total', 'Cumulative system cpu time consumed in seconds.', ({ sample }) =>
    seconds(sample.cpu?.systemNs),
  ),
  counter('container_cpu_user_seconds_total', 'Cumulative user cpu time consumed in seconds.', ({ sample }) => seconds(sample.cpu?.userNs)),
  counter('container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', ({ sample }) => sample.throttling?.periods),
  counter(
    'container_cpu_cfs_throttled_periods_total',
    'Number of throttled period intervals.',
    ({ sample }) => sample.throttling?.throttledPeriods,
  ),
  counter('container_cpu_cfs_throttled_seconds_total', 'Total time duration the container has been throttled.', ({ sample }) =>
    seconds(sample.throttling?.throttledNs),
  ),
  counter('container_cpu_cfs_burst_periods_total', 'Number of periods when burst occurs.', ({ sample }) => sample.throttling?.burstPeriods),
  counter('container_cpu_cfs_burst_seconds_total', 'Total time duration the container has been bursted.', ({ sample }) =>
    seconds(sample.throttling?.burstNs),
  ),
  gauge('container_file_descriptors', 'Number of open file descriptors for the container.', ({ processes }) => processes?.descriptors),
  {
    ...gauge('container_health_state', "The result of the container's health check", () => -1),
  },
  {
    ...gauge('container_last_seen', 'Last time a container was seen by the exporter', ({ at }) => Math.floor(at / 1000)),
    time: 'now',
  },
  gauge('container_memory_cache', 'Number of bytes of page cache memory.', ({ sample }) => sample.memory?.cache),
  counter('container_memory_failcnt', 'Number of memory usage hits limits', ({ sample }) => sample.memory?.failures),
  gauge('container_memory_kernel_usage', 'Size of kernel memory allocated in bytes.', ({ sample }) => sample.memory?.kernel),
  gauge('container_memory_mapped_file', 'Size of memory mapped files in bytes.', ({ sample }) => sample.memory?.mappedFile),
  gauge('container_memory_max_usage_bytes', 'Maximum memory usage recorded in bytes', ({ sample }) => sample.memory?.maxUsage),
  gauge('container_memory_rss', 'Size of RSS in bytes.', ({ sample }) => sample.memory?.rss),
  gauge('container_memory_swap', 'Container swap usage in bytes.', ({ sample }) => sample.memory?.swap),
  gauge('container_memory_total_active_file_bytes', 'Current total active file in bytes.', ({ sample }) => sample.memory?.activeFile),
  gauge('container_memory_total_inactive_file_bytes', 'Current total inactive file in bytes.', ({ sample }) => sample.memory?.inactiveFile),
  gauge(
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    ({ sample }) => sample.memory?.usage,
  ),
  gauge('container_memory_working_set_bytes', 'Current working set in bytes.', ({ sample }) => sample.memory?.workingSet),
  counter('container_oom_events_total', 'Count of out of memory events observed for the container', ({ sample }) => sample.oomKills),
  ...(['cpu', 'memory', 'io'] as const).flatMap((resource) => {
    const name = resource === 'cpu' ? 'CPU' : resource === 'io' ? 'IO' : 'memory';
    return [
      counter(
        `container_pressure_${resource}_stalled_seconds_total`,
        `Total time duration no tasks in the container could make progress due to ${name} congestion.`,
        ({ sample }) => fromMicros(sample.pressure[resource]?.full.total),
      ),
      counter(
        `container_pressure_${resource}_waiting_seconds_total`,
        `Total time duration tasks in the container have waited due to ${name} congestion.`,
        ({ sample }) => fromMicros(sample.pressure[resource]?.some.total),
      ),
    ];
  }),
  gauge('container_processes', 'Number of processes running inside the container.', ({ sample }) => sample.pids?.length),
  gauge('container_sockets', 'Number of open sockets for the container.', ({ processes }) => processes?.sockets),
  spec('container_spec_cpu_period', 'CPU period of the container.', ({ spec }) => spec.cpuPeriod),
  spec('container_spec_cpu_quota', 'CPU quota of the container.', ({ spec }) => spec.cpuQuota),
  spec('container_spec_cpu_shares', 'CPU share of the container.', ({ spec }) => spec.cpuShares),
  spec(
    'container_spec_memory_limit_bytes',
    'Memory limit for the container.',
    ({ sample, spec }) => sample.memory && (spec.memoryLimit ?? 0),
  ),
  spec(
    'container_spec_memory_reservation_limit_bytes',
    'Memory reservation limit for the container.',
    ({ sample, spec }) => sample.memory && (spec.memoryReservation ?? 0),
  ),
  spec(
    'container_spec_memory_swap_limit_bytes',
    'Memory swap limit for the container.',
    ({ sample, spec }) => sample.memory && (spec.swapLimit ?? 0),
  ),
  spec('container_start_time_seconds', 'Start time of the container since unix epoch in seconds.', ({ target, madeAt }) => {
    const at = target.container?.startedAt ?? madeAt;
    return at === undefined ? undefined : Math.floor(at / 1000);
  }),
  gauge('container_threads', 'Number of threads running inside the container', ({ sample }) => sample.threads),
  gauge(
    'container_threads_max',
    'Maximum number of threads allowed inside the container, infinity if value is zero',
    ({ sample }) => sample.threadsMax,
  ),
];
