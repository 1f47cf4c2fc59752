/** What one cgroup says of itself at one moment, the same for both versions of cgroups. Absent means not measured here. */
import type { DeviceIo, Pressure } from './parse.ts';

export interface CpuSample {
  readonly usageNs: number;
  readonly userNs?: number | undefined;
  readonly systemNs?: number | undefined;
}

/** Only of a cgroup with a quota. */
export interface ThrottlingSample {
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNs: number;
  readonly burstPeriods: number;
  readonly burstNs: number;
}

/** Bytes, but for counts of faults and failures. */
export interface MemorySample {
  readonly usage: number;
  readonly workingSet: number;
  readonly rss: number;
  readonly cache: number;
  readonly mappedFile: number;
  readonly swap: number;
  readonly activeFile: number;
  readonly inactiveFile: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly maxUsage?: number | undefined;
  readonly failures?: number | undefined;
  readonly kernel?: number | undefined;
}

export interface PressureSample {
  readonly cpu?: Pressure | undefined;
  readonly memory?: Pressure | undefined;
  readonly io?: Pressure | undefined;
}

export interface CgroupSample {
  readonly cpu?: CpuSample | undefined;
  readonly throttling?: ThrottlingSample | undefined;
  readonly memory?: MemorySample | undefined;
  /** Tasks in the cgroup and below; the limit is 0 where there is none. */
  readonly threads?: number | undefined;
  readonly threadsMax?: number | undefined;
  readonly pressure: PressureSample;
  /** Undefined when not asked for. */
  readonly io?: readonly DeviceIo[] | undefined;
  /** Processes of the cgroup itself; undefined when not asked for. */
  readonly pids?: readonly number[] | undefined;
  /** Processes that the kernel killed for want of memory. */
  readonly oomKills?: number | undefined;
}

/** Limits; a limit that is not set is absent. */
export interface CgroupSpec {
  readonly cpuPeriod?: number | undefined;
  readonly cpuQuota?: number | undefined;
  readonly cpuShares?: number | undefined;
  readonly memoryLimit?: number | undefined;
  readonly memoryReservation?: number | undefined;
  readonly swapLimit?: number | undefined;
}

/**
 * `rates`: the CPU alone. `usage`: what the resource endpoint needs. `pressure`: with PSI, whose reading costs more. `summary`: with processes
 * and the pods' networks. `full`: everything.
 */
export type Depth = (typeof DEPTHS)[number];

/** Each holds all of those before it. */
export const DEPTHS = ['rates', 'usage', 'pressure', 'summary', 'full'] as const;

/** One open cgroup. */
export interface CgroupReader {
  read(depth: Depth): CgroupSample;
  spec(): CgroupSpec;
  /** Milliseconds since 1970 at which it was made, or undefined when it is gone. */
  madeAt(): number | undefined;
  close(): void;
}

/** Above this a limit is none (libcontainer): v1 shows LONG_MAX rounded to pages. */
const UNLIMITED = 2 ** 62;
export const limitOf = (value: number | undefined): number | undefined =>
  value === undefined || value < 0 || value > UNLIMITED ? undefined : value;

export const workingSet = (usage: number, inactiveFile: number): number => Math.max(0, usage - inactiveFile);
