/** Cgroups of version 2: one tree (opencontainers/cgroups `fs2`). The root has fewer files: what it lacks comes from `/proc`. */
import type { CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import { memoryField } from '../../util/meminfo.ts';
import { limitOf, workingSet, type CgroupReader, type MemorySample, type ThrottlingSample } from './cgroup-sample.ts';
import { keyedNumber, parseIoStat, parseKeyed, parseNumber, parsePids, parsePressure } from './parse.ts';
import type { StatFile, StatFilePool, StatFiles } from './stat-files.ts';

const FILES = {
  cpu: 'cpu.stat',
  cpuMax: 'cpu.max',
  memory: 'memory.stat',
  memoryUsage: 'memory.current',
  memoryPeak: 'memory.peak',
  memoryEvents: 'memory.events',
  swap: 'memory.swap.current',
  threads: 'pids.current',
  threadsMax: 'pids.max',
  procs: 'cgroup.procs',
  io: 'io.stat',
  cpuPressure: 'cpu.pressure',
  memoryPressure: 'memory.pressure',
  ioPressure: 'io.pressure',
} as const;

/** Opens the cgroup at `path` below the unified mount; nothing is read yet. */
export function openCgroupV2(pool: StatFilePool, files: StatFiles, layout: CgroupLayout, path: string): CgroupReader {
  const directory = `${layout.unified ?? '/sys/fs/cgroup'}${path === '/' ? '' : path}`;
  const f = Object.fromEntries(Object.entries(FILES).map(([key, name]) => [key, pool.file(`${directory}/${name}`)])) as Record<
    keyof typeof FILES,
    StatFile
  >;
  const text = (name: string): string | undefined => pool.once(`${directory}/${name}`);

  function memory(full: boolean): MemorySample | undefined {
    const stat = f.memory.parsed(memoryStat);
    if (stat === undefined) return undefined;
    const usage = path === '/' ? stat.rss + stat.cache : f.memoryUsage.number();
    if (usage === undefined) return undefined;
    return {
      usage,
      workingSet: workingSet(usage, stat.inactiveFile),
      ...stat,
      swap: path === '/' ? swapInUse(pool) : (f.swap.number() ?? 0),
      ...(full && {
        maxUsage: f.memoryPeak.number(),
        failures: f.memoryEvents.parsed(parseKeyed).get('max'),
        kernel: keyedNumber(f.memory.read() ?? '', 'kernel'),
      }),
    };
  }

  function throttling(stat: ReadonlyMap<string, number>): ThrottlingSample | undefined {
    const periods = stat.get('nr_periods');
    if (periods === undefined || limitOf(parseNumber(f.cpuMax.read()?.split(' ')[0])) === undefined) return undefined;
    return {
      periods,
      throttledPeriods: stat.get('nr_throttled') ?? 0,
      throttledNs: (stat.get('throttled_usec') ?? 0) * 1000,
      burstPeriods: stat.get('nr_bursts') ?? 0,
      burstNs: (stat.get('burst_usec') ?? 0) * 1000,
    };
  }

  return {
    read(depth) {
      const full = depth === 'full';
      const stat = f.cpu.parsed(parseKeyed);
      const usage = stat.get('usage_usec');
      const ns = (key: string): number | undefined => thousandfold(stat.get(key));
      const cpu = usage === undefined ? undefined : { usageNs: usage * 1000, userNs: ns('user_usec'), systemNs: ns('system_usec') };
      if (depth === 'rates' && cpu !== undefined) return { cpu, memory: undefined, pressure: {} };
      const used = { cpu, memory: memory(full) };
      if (depth === 'rates' || depth === 'usage' || (used.cpu === undefined && used.memory === undefined)) return { ...used, pressure: {} };
      const sample = {
        ...used,
        pressure: {
          cpu: f.cpuPressure.parsed(parsePressure),
          memory: f.memoryPressure.parsed(parsePressure),
          io: f.ioPressure.parsed(parsePressure),
        },
      };
      if (depth === 'pressure') return sample;
      const pids = f.procs.parsed(parsePids);
      if (!full) return { ...sample, pids };
      const max = f.threadsMax.parsed(parseNumber);
      return {
        ...sample,
        throttling: throttling(stat),
        threads: f.threads.number(),
        threadsMax: max === undefined ? undefined : (limitOf(max) ?? 0),
        io: f.io.parsed(parseIoStat),
        pids,
        oomKills: f.memoryEvents.parsed(parseKeyed).get('oom_kill'),
      };
    },
    spec() {
      const [quota, period] = (text('cpu.max') ?? '').trim().split(' ');
      const weight = parseNumber(text('cpu.weight'));
      return {
        cpuPeriod: parseNumber(period),
        cpuQuota: limitOf(parseNumber(quota)),
        cpuShares: weight === undefined ? undefined : 2 + Math.floor(((weight - 1) * 262_142) / 9999),
        memoryLimit: limitOf(parseNumber(text('memory.max'))),
        memoryReservation: limitOf(parseNumber(text('memory.min'))),
        swapLimit: limitOf(parseNumber(text('memory.swap.max'))),
      };
    },
    madeAt() {
      try {
        const made = files.modifiedAt(directory);
        return path === '/' ? made : Math.min(made, files.modifiedAt(`${directory}/cgroup.events`));
      } catch {
        return undefined;
      }
    },
    close: () => Object.values(f).forEach((file) => file.close()),
  };
}

/** Of `memory.stat`; undefined when that is not what it holds. */
function memoryStat(text = ''): Omit<MemorySample, 'usage' | 'workingSet' | 'swap'> | undefined {
  const inactiveFile = keyedNumber(text, 'inactive_file');
  if (inactiveFile === undefined) return undefined;
  const of = (key: string): number => keyedNumber(text, key) ?? 0;
  return {
    rss: of('anon'),
    cache: of('file'),
    mappedFile: of('file_mapped'),
    activeFile: of('active_file'),
    inactiveFile,
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
  };
}

const thousandfold = (value: number | undefined): number | undefined => (value === undefined ? undefined : value * 1000);

function swapInUse(pool: StatFilePool): number {
  const text = pool.once('/proc/meminfo') ?? '';
  const [total = 0, free = 0] = ['SwapTotal', 'SwapFree'].map((name) => memoryField(text, name));
  return Math.max(0, total - free);
}
