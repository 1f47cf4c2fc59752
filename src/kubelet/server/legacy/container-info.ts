/** One cgroup in cAdvisor's form, for the retired `/stats/…` (google/cadvisor `info/v1/container.go`). What is not measured is not there. */
import { nanoTime } from '../../../api/time.ts';
import type { Measured } from '../../stats/collector.ts';
import type { Disks } from '../../stats/filesystems.ts';
import type { DeviceIo, InterfaceStats } from '../../stats/parse.ts';
import type { TaskStates } from '../../stats/processes.ts';

export interface ContainerInfo {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly subcontainers?: readonly { readonly name: string }[];
  readonly spec: unknown;
  readonly stats?: readonly unknown[];
}

/** What is asked for, and what is known of the machine's disks. */
export interface CommonExtras {
  readonly samples: number;
  readonly disks: Disks | undefined;
}

export interface InfoExtras extends CommonExtras {
  readonly labels?: Readonly<Record<string, string>>;
  readonly aliases?: readonly string[];
  readonly image?: string;
  readonly subcontainers?: readonly string[];
  readonly network?: readonly InterfaceStats[];
}

/** Its limits, and what it uses now: one sample, unless none is asked for, as no history is kept. */
export function containerInfo(measured: Measured, extras: InfoExtras): ContainerInfo {
  const { aliases, labels, subcontainers } = extras;
  return {
    name: measured.target.path,
    ...(aliases !== undefined && { aliases }),
    ...(labels !== undefined && { labels }),
    ...(subcontainers !== undefined && subcontainers.length > 0 && { subcontainers: subcontainers.map((name) => ({ name })) }),
    spec: specOf(measured, extras),
    ...(extras.samples > 0 && { stats: [statsOf(measured, extras)] }),
  };
}

function specOf({ sample, spec, madeAt, target }: Measured, { labels, image, network, disks }: InfoExtras): unknown {
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
    has_filesystem: target.kind === 'root' && disks !== undefined,
    has_diskio: sample.io !== undefined,
    has_custom_metrics: false,
    ...(image !== undefined && { image }),
  };
}

function statsOf({ sample, at, processes, target, load }: Measured, { network, disks }: InfoExtras): unknown {
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
        load_average: Math.floor(load.running * 1000),
      },
    }),
    ...(sample.io && { diskio: diskIo(sample.io, disks) }),
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
    ...(target.kind === 'root' && disks && { filesystem: filesystemsOf(disks) }),
    ...(processes && { task_stats: taskStats(processes.tasks) }),
    ...(processes && {
      processes: {
        process_count: sample.pids?.length ?? 0,
        fd_count: processes.descriptors,
        socket_count: processes.sockets,
        ...(sample.threads !== undefined && { threads_current: sample.threads }),
        ...(sample.threadsMax !== undefined && { threads_max: sample.threadsMax }),
      },
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

function diskIo(io: readonly DeviceIo[], disks: Disks | undefined): unknown {
  const of = (read: (d: DeviceIo) => number, write: (d: DeviceIo) => number): unknown[] =>
    io.map((device) => {
      const { major, minor } = device;
      const name = disks?.disks.get(`${major}:${minor}`)?.name;
      return {
        device: name === undefined ? '' : `/dev/${name}`,
        major,
        minor,
        stats: { Read: read(device), Total: read(device) + write(device), Write: write(device) },
      };
    });
  return {
    ...(io.length > 0 && {
      io_service_bytes: of(
        (d) => d.readBytes,
        (d) => d.writeBytes,
      ),
      io_serviced: of(
        (d) => d.reads,
        (d) => d.writes,
      ),
    }),
  };
}

/** Heapster reads capacity and usage of these. */
function filesystemsOf({ filesystems, disks }: Disks): unknown[] {
  return filesystems.map((f) => {
    const disk = disks.get(`${f.major}:${f.minor}`);
    return {
      device: f.device,
      type: 'vfs',
      capacity: f.capacityBytes,
      usage: f.usedBytes,
      base_usage: 0,
      available: f.capacityBytes - f.usedBytes,
      has_inodes: f.inodes > 0,
      inodes: f.inodes,
      inodes_free: f.inodesFree,
      reads_completed: disk?.reads ?? 0,
      reads_merged: disk?.readsMerged ?? 0,
      sectors_read: disk?.sectorsRead ?? 0,
      read_time: disk?.readMs ?? 0,
      writes_completed: disk?.writes ?? 0,
      writes_merged: disk?.writesMerged ?? 0,
      sectors_written: disk?.sectorsWritten ?? 0,
      write_time: disk?.writeMs ?? 0,
      io_in_progress: disk?.inFlight ?? 0,
      io_time: disk?.ioMs ?? 0,
      weighted_io_time: disk?.weightedMs ?? 0,
    };
  });
}

const taskStats = ({ sleeping, running, stopped, uninterruptible }: TaskStates): unknown => ({
  nr_sleeping: sleeping,
  nr_running: running,
  nr_stopped: stopped,
  nr_uninterruptible: uninterruptible,
  nr_io_wait: 0,
});
