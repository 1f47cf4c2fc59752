/** What the machine is, for the `machine_*` families (cAdvisor `machine/machine.go`). */
import type { Host } from '../../util/host.ts';
import { memoryField } from '../../util/meminfo.ts';
import { readMachine } from '../node/machine.ts';

export interface MachineInfo {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osVersion: string;
  readonly cores: number;
  readonly physicalCores: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** Whether the machine has persistent memory, whose size only its own tool tells. */
  readonly persistentMemory: boolean;
  /** By type of memory, where the kernel watches the modules (EDAC). */
  readonly dimms: ReadonlyMap<string, { readonly count: number; readonly bytes: number }>;
  /** Milliseconds since 1970. */
  readonly bootedAt: number;
}

export async function readMachineInfo({ files, clock }: Host, rootDir: string): Promise<MachineInfo> {
  const text = (path: string): Promise<string> => files.readFile(path, 'utf8').catch(() => '');
  const list = (path: string): Promise<string[]> => files.readdir(path).catch(() => []);
  const [machine, cpuinfo, meminfo, stat, nvdimms, dimms] = await Promise.all([
    readMachine(files, rootDir),
    text('/proc/cpuinfo'),
    text('/proc/meminfo'),
    text('/proc/stat'),
    list('/sys/bus/nd/devices'),
    readDimms(text, list),
  ]);
  const swap = memoryField(meminfo, 'SwapTotal') ?? 0;
  const booted = Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000;
  const { sockets, physicalCores } = topology(cpuinfo);
  return {
    machineId: machine.machineID,
    systemUuid: machine.systemUUID,
    bootId: machine.bootID,
    kernelVersion: machine.kernelVersion,
    osVersion: machine.osImage,
    cores: machine.cpus,
    physicalCores: physicalCores || machine.cpus,
    sockets: sockets || 1,
    memoryBytes: machine.memoryBytes,
    swapBytes: swap,
    persistentMemory: nvdimms.some((name) => name.startsWith('nmem')),
    dimms,
    bootedAt: booted || clock.now(),
  };
}

/** Sockets and physical cores of `/proc/cpuinfo`; 0 where it does not say. */
export function topology(cpuinfo: string): { readonly sockets: number; readonly physicalCores: number } {
  const sockets = new Set<string>();
  const cores = new Set<string>();
  for (const block of cpuinfo.split('\n\n')) {
    const socket = /^physical id\s*: (\d+)$/m.exec(block)?.[1];
    const core = /^core id\s*: (\d+)$/m.exec(block)?.[1];
    if (socket !== undefined) sockets.add(socket);
    if (core !== undefined) cores.add(`${socket ?? '0'}/${core}`);
  }
  return { sockets: sockets.size, physicalCores: cores.size };
}

async function readDimms(
  text: (path: string) => Promise<string>,
  list: (path: string) => Promise<string[]>,
): Promise<Map<string, { count: number; bytes: number }>> {
  const base = '/sys/devices/system/edac/mc';
  const found = new Map<string, { count: number; bytes: number }>();
  for (const controller of (await list(base)).filter((name) => /^mc\d+$/.test(name)))
    for (const dimm of (await list(`${base}/${controller}`)).filter((name) => /^dimm\d+$/.test(name))) {
      const type = (await text(`${base}/${controller}/${dimm}/dimm_mem_type`)).trim();
      const megabytes = Number((await text(`${base}/${controller}/${dimm}/size`)).trim());
      if (type === '' || !Number.isFinite(megabytes)) continue;
      const sum = found.get(type) ?? { count: 0, bytes: 0 };
      found.set(type, { count: sum.count + 1, bytes: sum.bytes + megabytes * 1024 * 1024 });
    }
  return found;
}
