/** What is left of the node's memory, disks and processes: read cheaply, for it is read all the time. */
import { readCgroupLayout, type CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { memoryField } from '../../util/meminfo.ts';
import type { Observation, Observations, Signal } from './thresholds.ts';

export interface SignalOptions {
  readonly host: Host;
  readonly runtime: Pick<Runtime, 'imageFsInfo'>;
  readonly rootDir: string;
}

export type ReadSignals = () => Promise<Observations>;

/** Makes a reader; what cannot be read is left out of its answers. */
export async function signalReader({ host, runtime, rootDir }: SignalOptions): Promise<ReadSignals> {
  const { files } = host;
  const text = (path: string): Promise<string> => files.readFile(path, 'utf8').catch(() => '');
  const layout = await readCgroupLayout(host);
  let imageDir: string | undefined;

  async function memory(): Promise<Observation | undefined> {
    const meminfo = await text('/proc/meminfo');
    const [capacity = Number.NaN, free = Number.NaN] = ['MemTotal', 'MemFree'].map((name) => memoryField(meminfo, name));
    const used = await workingSet(layout, text, capacity - free);
    return Number.isFinite(capacity) && Number.isFinite(used) ? { capacity, available: Math.max(0, capacity - used) } : undefined;
  }
  async function disk(path: string | undefined): Promise<{ bytes: Observation; inodes: Observation } | undefined> {
    if (path === undefined) return undefined;
    const room = await files.statfs(path).catch(() => undefined);
    return (
      room && {
        bytes: { available: room.bavail * room.bsize, capacity: room.blocks * room.bsize },
        inodes: { available: room.ffree, capacity: room.files },
      }
    );
  }
  async function processes(): Promise<Observation | undefined> {
    const [max, threads, load] = await Promise.all(
      ['kernel/pid_max', 'kernel/threads-max'].map((n) => text(`/proc/sys/${n}`)).concat(text('/proc/loadavg')),
    );
    const running = /\d\/(\d+) /.exec(load ?? '')?.[1];
    const limits = [max, threads].map((n) => Number.parseInt(n ?? '', 10)).filter((n) => n > 0);
    if (running === undefined || limits.length === 0) return undefined;
    const capacity = Math.min(...limits);
    return { capacity, available: capacity - Number(running) };
  }

  return async () => {
    imageDir ??= (await runtime.imageFsInfo().catch(() => []))[0]?.mountpoint;
    const [free, node, image, pids] = await Promise.all([memory(), disk(rootDir), disk(imageDir), processes()]);
    const found = new Map<Signal, Observation>();
    const put = (signal: Signal, observation: Observation | undefined): void => {
      // A file system without inodes has no shortage of them.
      if (observation && observation.capacity > 0) found.set(signal, observation);
    };
    put('memory.available', free);
    put('nodefs.available', node?.bytes);
    put('nodefs.inodesFree', node?.inodes);
    put('imagefs.available', image?.bytes);
    put('imagefs.inodesFree', image?.inodes);
    put('containerfs.available', image?.bytes);
    put('containerfs.inodesFree', image?.inodes);
    put('pid.available', pids);
    return found;
  };
}

/** Bytes in use of the root cgroup without what the kernel gives back at once. */
async function workingSet(layout: CgroupLayout | null, text: (path: string) => Promise<string>, otherwise: number): Promise<number> {
  const root = layout?.version === 1 ? layout.controllers.get('memory') : layout?.unified;
  if (root === undefined || root === null) return otherwise;
  const [usage, stat] = await Promise.all([text(`${root}/memory.usage_in_bytes`), text(`${root}/memory.stat`)]);
  const inactiveOf = (name: string): string | undefined => new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1];
  const inactive = Number(inactiveOf('total_inactive_file') ?? inactiveOf('inactive_file') ?? 0);
  // The root of v2 has no count of its own: what is not free is in use.
  const used = usage.trim() === '' ? otherwise : Number(usage);
  return Math.max(0, used - inactive);
}
