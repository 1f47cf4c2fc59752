/** What the processes of a cgroup hold and do, from `/proc` (cAdvisor `container/libcontainer/handler.go`, processStatsFromProcs). */
import type { StatFilePool, StatFiles } from './stat-files.ts';

/** How files of `/proc` are reached: `once` of a pool is cheaper than reading by name. */
export interface ProcessFiles extends Pick<StatFilePool, 'once'>, Pick<StatFiles, 'readdir' | 'readlink'> {
  /** Whether a descriptor is known to be a file's that is kept open here. */
  holds(pid: number, fd: number): boolean;
}

export interface ProcessFacts {
  readonly descriptors: number;
  readonly sockets: number;
  /** Tasks by state. */
  readonly tasks: TaskStates;
  /** Soft limit of open files of the first process; -1 for none. */
  readonly maxOpenFiles: number | undefined;
}

export interface TaskStates {
  readonly running: number;
  readonly sleeping: number;
  readonly stopped: number;
  readonly uninterruptible: number;
}

/** Processes of one cgroup that are looked into; more are counted, but not opened. */
const MAX_PROCESSES = 512;
/** Descriptors of one process whose kind is looked up. */
const MAX_DESCRIPTORS = 4096;

/** Where the flags stand in `/proc/<pid>/stat`, counted from the state; the one that the kernel's threads have (`include/linux/sched.h`). */
const FLAGS = 6;
const KERNEL_THREAD = 0x20_0000;

const STATES: Readonly<Record<string, keyof TaskStates>> = {
  R: 'running',
  S: 'sleeping',
  I: 'sleeping',
  T: 'stopped',
  t: 'stopped',
  D: 'uninterruptible',
};

/** Looks at each process; one that ends meanwhile counts as if it had ended before. */
export function processFacts(files: ProcessFiles, pids: readonly number[]): ProcessFacts {
  const tasks = { running: 0, sleeping: 0, stopped: 0, uninterruptible: 0 };
  let descriptors = 0;
  let sockets = 0;
  for (const pid of pids.slice(0, MAX_PROCESSES)) {
    const stat = files.once(`/proc/${pid}/stat`);
    // The name in brackets may hold anything; the state and the flags stand behind it.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ', FLAGS + 1) ?? [];
    const state = STATES[fields[0] ?? ''];
    if (state !== undefined) tasks[state] += 1;
    // The kernel's own threads hold nothing.
    if ((Number(fields[FLAGS]) & KERNEL_THREAD) !== 0) continue;
    const directory = `/proc/${pid}/fd`;
    const entries = attempt(() => files.readdir(directory)) ?? [];
    descriptors += entries.length;
    for (const entry of entries.slice(0, MAX_DESCRIPTORS))
      if (!files.holds(pid, Number(entry)) && attempt(() => files.readlink(`${directory}/${entry}`))?.startsWith('socket') === true)
        sockets += 1;
  }
  const [first] = pids;
  return { descriptors, sockets, tasks, maxOpenFiles: first === undefined ? undefined : maxOpenFiles(files, first) };
}

function maxOpenFiles(files: ProcessFiles, pid: number): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(files.once(`/proc/${pid}/limits`) ?? '')?.[1];
  return soft === undefined ? undefined : soft === 'unlimited' ? -1 : Number(soft);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
