/** Cgroups of version 1: a tree for each controller (opencontainers/cgroups `fs`). Where the unified tree stands beside them, it gives the pressure. */
import type { CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import type { Clock } from '../../util/clock.ts';
import {
  limitOf,
  workingSet,
  type CgroupReader,
  type CpuSample,
  type MemorySample,
  type PressureSample,
  type ThrottlingSample,
} from './cgroup-sample.ts';
import { keyedNumber, parseBlkio, parseKeyed, parseNumber, parsePids, parsePressure, type DeviceIo } from './parse.ts';
import type { StatFile, StatFilePool, StatFiles } from './stat-files.ts';

/** Clock ticks a second in `cpuacct.stat`: fixed in Linux's interface to programs. */
const NS_PER_TICK = 1e7;

const FILES = {
  usage: ['cpuacct', 'cpuacct.usage'],
  cpuTimes: ['cpuacct', 'cpuacct.stat'],
  throttling: ['cpu', 'cpu.stat'],
  quota: ['cpu', 'cpu.cfs_quota_us'],
  procs: ['cpu', 'cgroup.procs'],
  memory: ['memory', 'memory.stat'],
  memoryUsage: ['memory', 'memory.usage_in_bytes'],
  memoryMax: ['memory', 'memory.max_usage_in_bytes'],
  failures: ['memory', 'memory.failcnt'],
  kernel: ['memory', 'memory.kmem.usage_in_bytes'],
  oom: ['memory', 'memory.oom_control'],
  threads: ['pids', 'pids.current'],
  threadsMax: ['pids', 'pids.max'],
} as const;

/** Reads for which a file of block devices that names none is left alone. */
const IDLE_READS = 1;
/** The original reads no pressure here at all: it is read as often as that reads anything. */
const PRESSURE_AGE_MS = 10_000;
/** The detail of the memory of a group that has not run, and has as much as before, is not read again for as long as the original's is old. */
const QUIET_AGE_MS = 10_000;
const NO_DEVICES: ReturnType<typeof parseBlkio> = new Map();
const NONE: ReadonlyMap<string, number> = new Map();

interface QuietMemory {
  readonly usageNs: number | undefined;
  readonly usage: number;
  readonly stat: ReturnType<typeof memoryStat>;
  /** ms of the monotonic clock. */
  readonly at: number;
}

/** Opens the cgroup at `path` below every controller's mount; nothing is read yet. */
export function openCgroupV1(
  pool: StatFilePool,
  files: StatFiles,
  layout: CgroupLayout,
  path: string,
  clock: Pick<Clock, 'monotonic'>,
): CgroupReader {
  const home = path === '/' ? '' : path;
  const open: StatFile[] = [];
  const at = (controller: string, name: string): StatFile | undefined => {
    const mount = layout.controllers.get(controller);
    if (mount === undefined) return undefined;
    const file = pool.file(`${mount}${home}/${name}`);
    open.push(file);
    return file;
  };
  const f = Object.fromEntries(Object.entries(FILES).map(([key, [controller, name]]) => [key, at(controller, name)])) as Partial<
    Record<keyof typeof FILES, StatFile>
  >;
  const pressureOf = (name: string): StatFile | undefined => {
    const file = layout.unified === null ? undefined : pool.file(`${layout.unified}${home}/${name}.pressure`);
    if (file) open.push(file);
    return file;
  };
  const pressures = { cpu: pressureOf('cpu'), memory: pressureOf('memory'), io: pressureOf('io') };
  let pressure: PressureSample = {};
  let pressureAt = -Infinity;
  const pressureNow = (): PressureSample => {
    const now = clock.monotonic();
    if (now - pressureAt < PRESSURE_AGE_MS) return pressure;
    const of = (file: StatFile | undefined): PressureSample['cpu'] => file?.parsed(parsePressure);
    pressure = { cpu: of(pressures.cpu), memory: of(pressures.memory), io: of(pressures.io) };
    pressureAt = now;
    return pressure;
  };
  const blkio = openBlkio(at);
  const once = (controller: string, name: string): number | undefined => {
    const mount = layout.controllers.get(controller);
    return mount === undefined ? undefined : parseNumber(pool.once(`${mount}${home}/${name}`));
  };

  function cpu(full: boolean): CpuSample | undefined {
    const usageNs = f.usage?.number();
    if (usageNs === undefined) return undefined;
    if (!full) return { usageNs };
    const times = f.cpuTimes?.parsed(parseKeyed) ?? NONE;
    const ns = (key: string): number | undefined => ticks(times.get(key));
    return { usageNs, userNs: ns('user'), systemNs: ns('system') };
  }

  function throttling(): ThrottlingSample | undefined {
    if (limitOf(f.quota?.number()) === undefined) return undefined;
    const stat = f.throttling?.parsed(parseKeyed) ?? NONE;
    const periods = stat.get('nr_periods');
    if (periods === undefined) return undefined;
    return {
      periods,
      throttledPeriods: stat.get('nr_throttled') ?? 0,
      throttledNs: stat.get('throttled_time') ?? 0,
      burstPeriods: stat.get('nr_bursts') ?? 0,
      burstNs: stat.get('burst_time') ?? 0,
    };
  }

  let quiet: QuietMemory | undefined;

  function memory(full: boolean, usageNs: number | undefined): MemorySample | undefined {
    const usage = f.memoryUsage?.number();
    const now = clock.monotonic();
    const same = quiet !== undefined && quiet.usageNs === usageNs && quiet.usage === usage && now - quiet.at < QUIET_AGE_MS;
    const stat = same ? quiet?.stat : f.memory?.parsed(memoryStat);
    if (usage === undefined || stat === undefined) return undefined;
    if (!same) quiet = { usageNs, usage, stat, at: now };
    return {
      usage,
      workingSet: workingSet(usage, stat.inactiveFile),
      ...stat,
      ...(full && {
        maxUsage: f.memoryMax?.number(),
        failures: f.failures?.number(),
        kernel: f.kernel?.number(),
      }),
    };
  }

  return {
    read(depth) {
      const full = depth === 'full';
      const processor = cpu(full);
      if (depth === 'rates' && processor !== undefined) return { cpu: processor, memory: undefined, pressure: {} };
      const used = { cpu: processor, memory: memory(full, processor?.usageNs) };
      // A cgroup that is gone has no other files either.
      if (depth === 'rates' || depth === 'usage' || (used.cpu === undefined && used.memory === undefined)) return { ...used, pressure: {} };
      const pressed = pressureNow();
      if (depth === 'pressure') return { ...used, pressure: pressed };
      const pids = f.procs?.parsed(parsePids) ?? [];
      if (!full) return { ...used, pressure: pressed, pids };
      const max = f.threadsMax?.parsed(parseNumber);
      return {
        ...used,
        throttling: throttling(),
        threads: f.threads?.number(),
        threadsMax: max === undefined ? undefined : (limitOf(max) ?? 0),
        pressure: pressed,
        io: blkio(),
        pids,
        oomKills: f.oom?.parsed(parseKeyed).get('oom_kill'),
      };
    },
    spec() {
      return {
        cpuPeriod: once('cpu', 'cpu.cfs_period_us'),
        cpuQuota: limitOf(once('cpu', 'cpu.cfs_quota_us')),
        cpuShares: once('cpu', 'cpu.shares'),
        memoryLimit: limitOf(once('memory', 'memory.limit_in_bytes')),
        memoryReservation: limitOf(once('memory', 'memory.soft_limit_in_bytes')),
        swapLimit: limitOf(once('memory', 'memory.memsw.limit_in_bytes')),
      };
    },
    madeAt() {
      try {
        const directory = `${layout.controllers.get('cpu') ?? layout.controllers.get('memory') ?? ''}${home}`;
        return Math.min(files.modifiedAt(directory), files.modifiedAt(`${directory}/cgroup.clone_children`));
      } catch {
        return undefined;
      }
    },
    close: () => open.forEach((file) => file.close()),
  };
}

/** Of `memory.stat`; undefined when that is not what it holds. */
function memoryStat(text = ''): Omit<MemorySample, 'usage' | 'workingSet'> | undefined {
  const inactiveFile = keyedNumber(text, 'total_inactive_file');
  if (inactiveFile === undefined) return undefined;
  const of = (key: string): number => keyedNumber(text, key) ?? 0;
  return {
    rss: of('total_rss'),
    cache: of('total_cache'),
    mappedFile: of('total_mapped_file'),
    swap: of('total_swap'),
    activeFile: of('total_active_file'),
    inactiveFile,
    // The cgroup's own faults, not those of the cgroups below: as the original counts on version 1.
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
  };
}

const ticks = (count: number | undefined): number | undefined => (count === undefined ? undefined : count * NS_PER_TICK);

/** The scheduler's own counters where it keeps any, else those of throttling, which count every request. */
function openBlkio(at: (controller: string, name: string) => StatFile | undefined): () => DeviceIo[] {
  const sources = ['blkio.bfq', 'blkio.throttle'].map((prefix) => ({
    idle: 0,
    bytes: at('blkio', `${prefix}.io_service_bytes_recursive`),
    requests: at('blkio', `${prefix}.io_serviced_recursive`),
  }));
  return () => {
    for (const source of sources) {
      if (source.idle > 0) {
        source.idle -= 1;
        continue;
      }
      const { bytes, requests } = source;
      const moved = bytes?.parsed(parseBlkio) ?? NO_DEVICES;
      if (moved.size === 0) {
        source.idle = IDLE_READS;
        continue;
      }
      const served = requests?.parsed(parseBlkio) ?? NO_DEVICES;
      return [...moved].map(([device, operations]) => {
        const [major = 0, minor = 0] = device.split(':').map(Number);
        const counts = served.get(device);
        return {
          major,
          minor,
          readBytes: operations.get('Read') ?? 0,
          writeBytes: operations.get('Write') ?? 0,
          reads: counts?.get('Read') ?? 0,
          writes: counts?.get('Write') ?? 0,
        };
      });
    }
    return [];
  };
}
