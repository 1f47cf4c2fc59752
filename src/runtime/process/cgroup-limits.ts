import type { LinuxResources } from '../runtime.ts';

/** One value to write into one file of a cgroup. */
export interface CgroupWrite {
  /** The v1 controller whose tree has the file. */
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

/** cgroup v2's weight for v1's shares: 2…262144 → 1…10000 (opencontainers/cgroups `ConvertCPUSharesToCgroupV2Value`, the classic line). */
export function cpuWeight(shares: number): number {
  if (shares === 0) return 0;
  const bounded = Math.min(262144, Math.max(2, shares));
  return 1 + Math.floor(((bounded - 2) * 9999) / 262142);
}

/** What a file of the cgroup says now; empty when it says nothing. */
export type CurrentLimit = (controller: string, file: string) => string;

/** What limits come to in files, in the order in which they can be written: `now` decides it where a kernel refuses the other. */
export function limitWrites(version: 1 | 2, resources: LinuxResources, now: CurrentLimit = () => ''): CgroupWrite[] {
  return version === 1 ? writesV1(resources, now) : writesV2(resources);
}

function writesV1(r: LinuxResources, now: CurrentLimit): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const put = (controller: string, file: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') writes.push({ controller, file, value: String(value) });
  };
  put('cpuset', 'cpuset.cpus', r.cpusetCpus);
  put('cpuset', 'cpuset.mems', r.cpusetMems);
  put('cpu', 'cpu.shares', r.cpuShares || undefined);
  put('cpu', 'cpu.cfs_period_us', r.cpuPeriod || undefined);
  put('cpu', 'cpu.cfs_quota_us', r.cpuQuota || undefined);
  const memory = (): void => put('memory', 'memory.limit_in_bytes', r.memoryLimitBytes || undefined);
  const withSwap = (): void => put('memory', 'memory.memsw.limit_in_bytes', r.memorySwapLimitBytes || undefined);
  // Memory may never be more than memory with swap: a raise begins with the sum, a cut ends with it.
  const raise = r.memorySwapLimitBytes !== undefined && isMore(r.memorySwapLimitBytes, now('memory', 'memory.limit_in_bytes'));
  for (const write of raise ? [withSwap, memory] : [memory, withSwap]) write();
  put('pids', 'pids.max', pidsLimit(r));
  for (const huge of r.hugepageLimits ?? []) put('hugetlb', `hugetlb.${huge.pageSize}.limit_in_bytes`, huge.limit);
  return writes;
}

/** -1 is no limit; a cgroup that says nothing has none. */
const isMore = (wanted: number, current: string): boolean => current !== '' && (wanted < 0 || BigInt(wanted) > BigInt(current));

function writesV2(r: LinuxResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const put = (controller: string, file: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') writes.push({ controller, file, value: String(value) });
  };
  put('cpuset', 'cpuset.cpus', r.cpusetCpus);
  put('cpuset', 'cpuset.mems', r.cpusetMems);
  put('cpu', 'cpu.weight', r.cpuShares ? cpuWeight(r.cpuShares) : undefined);
  if (r.cpuQuota) put('cpu', 'cpu.max', `${r.cpuQuota > 0 ? r.cpuQuota : 'max'} ${r.cpuPeriod || 100000}`);
  put('memory', 'memory.max', unlimitedIsMax(r.memoryLimitBytes));
  put('memory', 'memory.swap.max', swapOnly(r));
  put('pids', 'pids.max', pidsLimit(r));
  for (const huge of r.hugepageLimits ?? []) put('hugetlb', `hugetlb.${huge.pageSize}.max`, huge.limit);
  for (const [file, value] of Object.entries(r.unified ?? {})) put(file.slice(0, file.indexOf('.')), file, value);
  return writes;
}

function unlimitedIsMax(bytes: number | undefined): string | undefined {
  if (!bytes) return undefined;
  return bytes < 0 ? 'max' : String(bytes);
}

/** v1 counts memory and swap together, v2 swap alone. */
function swapOnly(r: LinuxResources): string | undefined {
  if (!r.memorySwapLimitBytes) return undefined;
  if (r.memorySwapLimitBytes < 0) return 'max';
  return r.memoryLimitBytes ? String(Math.max(0, r.memorySwapLimitBytes - r.memoryLimitBytes)) : undefined;
}

function pidsLimit(r: LinuxResources): string | undefined {
  if (r.pidsLimit === undefined || r.pidsLimit === 0) return undefined;
  return r.pidsLimit < 0 ? 'max' : String(r.pidsLimit);
}
