/** One cgroup in cAdvisor's form, for the retired `/stats/…` (google/cadvisor `info/v1/container.go`). What is not measured is not there. */
import { nanoTime } from '../../../api/time.ts';
import type { Measured } from '../../stats/collector.ts';
import type { InterfaceStats } from '../../stats/parse.ts';

export interface ContainerInfo {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly subcontainers?: readonly { readonly name: string }[];
  readonly spec: unknown;
  readonly stats: readonly unknown[];
}

export interface InfoExtras {
  readonly labels?: Readonly<Record<string, string>>;
  readonly aliases?: readonly string[];
  readonly image?: string;
  readonly subcontainers?: readonly string[];
  readonly network?: readonly InterfaceStats[];
}

/** Its limits, and what it uses now: one sample, however many are asked for, as no history is kept. */
export function containerInfo(measured: Measured, extras: InfoExtras = {}): ContainerInfo {
  const { aliases, labels, subcontainers } = extras;
  return {
    name: measured.target.path,
    ...(aliases !== undefined && { aliases }),
    ...(labels !== undefined && { labels }),
    ...(subcontainers !== undefined && subcontainers.length > 0 && { subcontainers: subcontainers.map((name) => ({ name })) }),
    spec: specOf(measured, extras),
    stats: [statsOf(measured, extras.network)],
  };
}

function specOf({ sample, spec, madeAt, target }: Measured, { labels, image, network }: InfoExtras): unknown {
  return {
    creation_time: nanoTime(target.container?.createdAt ?? madeAt ?? 0),
    ...(labels !== undefined && { labels }),
    has_cpu: sample.cpu !== undefined,
    cpu: {
      limit: spec.cpuShares ?? 0,
      max_limit: 0,
      ...(spec.cpuQuota !== undefined && { quota: spec.cpuQuota }),
      ...(spec.cpuPeriod !== undefined && { period: spec.cpuPeriod }),
    },
    has_memory: sample.memory !== undefined,
    memory: {
      ...(spec.memoryLimit !== undefined && { limit: spec.memoryLimit }),
      ...(spec.memoryReservation !== undefined && { reservation: spec.memoryReservation }),
      ...(spec.swapLimit !== undefined && { swap_limit: spec.swapLimit }),
    },
    has_hugetlb: false,
    has_network: network !== undefined,
    has_processes: sample.threads !== undefined,
    processes: { ...(sample.threadsMax !== undefined && { limit: sample.threadsMax }) },
    has_filesystem: false,
    has_diskio: sample.io !== undefined,
    has_custom_metrics: false,
    ...(image !== undefined && { image }),
  };
}

function statsOf({ sample, at, processes }: Measured, network: readonly InterfaceStats[] | undefined): unknown {
  const { cpu, memory, throttling } = sample;
  return {
    timestamp: nanoTime(at),
    ...(cpu && {
      cpu: {
        usage: { total: cpu.usageNs, user: cpu.userNs ?? 0, system: cpu.systemNs ?? 0 },
        cfs: {
          periods: throttling?.periods ?? 0,
          throttled_periods: throttling?.throttledPeriods ?? 0,
          throttled_time: throttling?.throttledNs ?? 0,
        },
        load_average: 0,
      },
    }),
    ...(memory && {
      memory: {
        usage: memory.usage,
        max_usage: memory.maxUsage ?? 0,
        cache: memory.cache,
        rss: memory.rss,
        swap: memory.swap,
        mapped_file: memory.mappedFile,
        working_set: memory.workingSet,
        failcnt: memory.failures ?? 0,
        container_data: { pgfault: memory.pageFaults, pgmajfault: memory.majorPageFaults },
        hierarchical_data: { pgfault: memory.pageFaults, pgmajfault: memory.majorPageFaults },
      },
    }),
    ...(network && { network: networkOf(network) }),
    ...(processes && {
      processes: { process_count: sample.pids?.length ?? 0, fd_count: processes.descriptors, socket_count: processes.sockets },
    }),
  };
}

function networkOf(interfaces: readonly InterfaceStats[]): unknown {
  const shown = interfaces.map((one) => ({
    name: one.name,
    rx_bytes: one.rxBytes,
    rx_packets: one.rxPackets,
    rx_errors: one.rxErrors,
    rx_dropped: one.rxDropped,
    tx_bytes: one.txBytes,
    tx_packets: one.txPackets,
    tx_errors: one.txErrors,
    tx_dropped: one.txDropped,
  }));
  return { ...shown[0], interfaces: shown };
}
