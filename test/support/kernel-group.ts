/** A container's control group as the kernel shows it, in either version: what metrics are held to. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KernelUse {
  readonly cpuSeconds: number;
  readonly memory: number;
  /** Memory that belongs to no file. */
  readonly rss: number;
  /** Bytes over eth0. */
  readonly sent: number;
  readonly received: number;
  /** Bytes to and from block devices; undefined where the kernel does not count them for groups. */
  readonly written: number | undefined;
  readonly read: number | undefined;
}

export interface KernelGroup {
  /** As it is now. */
  readonly use: () => KernelUse;
}

const mounts = (): string[][] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));

const controllerMount = (controller: string): string | undefined =>
  mounts().find(([, , type, options = '']) => type === 'cgroup' && options.split(',').includes(controller))?.[1];
const unifiedMount = (): string => mounts().find(([, , type]) => type === 'cgroup2')?.[1] ?? '';

/** Of a container of a pod, below a node's cgroup root. */
export function kernelGroup(root: string, uid: string, id: string): KernelGroup {
  const home = (controller: string): string => {
    const mount = controllerMount(controller) ?? unifiedMount();
    const tiers = ['', 'burstable', 'besteffort'].map((tier) => join(mount, root, 'kubepods', tier, `pod${uid}`, id));
    return tiers.find((path) => attempt(() => readdirSync(path).length > 0) === true) ?? '';
  };
  const [cpu, cpuacct, memory, blkio] = ['cpu', 'cpuacct', 'memory', 'blkio'].map(home) as [string, string, string, string];
  const [first, whole, io] = [controllerMount('cpuacct'), controllerMount('memory'), controllerMount('blkio')];
  const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');
  const keyed = (body: string, key: string): number => Number(new RegExp(`^${key} (\\d+)`, 'm').exec(body)?.[1]);
  const pid = text(cpu, 'cgroup.procs').split('\n')[0] ?? '';
  return {
    use() {
      const net =
        /^ *eth0: *(.*)$/m
          .exec(text('/proc', pid, 'net/dev'))?.[1]
          ?.split(/ +/)
          .map(Number) ?? [];
      const disk = attempt(() => text(blkio, io === undefined ? 'io.stat' : 'blkio.throttle.io_service_bytes_recursive')) ?? '';
      const moved = (v1: RegExp, v2: RegExp): number | undefined => {
        const found = [...disk.matchAll(io === undefined ? v2 : v1)];
        return found.length === 0 ? undefined : found.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
      };
      const stat = text(memory, 'memory.stat');
      return {
        cpuSeconds:
          first === undefined ? keyed(text(cpuacct, 'cpu.stat'), 'usage_usec') / 1e6 : Number(text(cpuacct, 'cpuacct.usage')) / 1e9,
        memory: Number(text(memory, whole === undefined ? 'memory.current' : 'memory.usage_in_bytes')),
        rss: keyed(stat, whole === undefined ? 'anon' : 'total_rss'),
        received: net[0] ?? Number.NaN,
        sent: net[8] ?? Number.NaN,
        written: moved(/ Write (\d+)$/gm, / wbytes=(\d+)/g),
        read: moved(/ Read (\d+)$/gm, / rbytes=(\d+)/g),
      };
    },
  };
}

/**
 * Kernels from 6.10 on count nothing in version 1's groups before somebody named a disk to the throttle. That there be no limit
 * on the disk of this directory, said in the node's own group, is enough.
 */
export function countDiskOf(directory: string, root: string): void {
  const mount = controllerMount('blkio');
  if (mount === undefined) return;
  const { dev } = statSync(directory);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  attempt(() => writeFileSync(join(mount, root, 'blkio.throttle.write_bps_device'), `${major}:${minor} 0`));
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
