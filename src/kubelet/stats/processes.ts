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

/** Where the flags and the count of threads stand in `/proc/<pid>/stat`, counted from the state. */
const FLAGS = 6;
const THREADS = 17;
/** PF_KTHREAD (Linux `include/linux/sched.h`). */
const KERNEL_THREAD = 0x20_0000;

const STATES: Readonly<Record<string, keyof TaskStates>> = {
  R: 'running',
  S: 'sleeping',
  I: 'sleeping',
  T: 'stopped',
  t: 'stopped',
  D: 'uninterruptible',
};

/** Looks at the processes of one cgroup, now and again. */
export interface ProcessWatch {
  /** What they hold and do; one that ends meanwhile counts as if it had ended before. */
  look(pids: readonly number[]): ProcessFacts;
}

interface Seen {
  readonly state: keyof TaskStates | undefined;
  readonly descriptors: number;
  readonly sockets: number;
  /** Nanoseconds that its one thread had run before it was looked at; undefined when others may act for it. */
  readonly ran: string | undefined;
}

/** A process of one thread that has not run since is as it was: most processes of a machine sleep most of the time. */
export function watchProcesses(files: ProcessFiles): ProcessWatch {
  let seen = new Map<number, Seen>();
  return {
    look(pids) {
      const now = new Map<number, Seen>();
      const tasks = { running: 0, sleeping: 0, stopped: 0, uninterruptible: 0 };
      let descriptors = 0;
      let sockets = 0;
      for (const pid of pids.slice(0, MAX_PROCESSES)) {
        const before = seen.get(pid);
        const one = before?.ran !== undefined && before.ran === timeRun(files, pid) ? before : processOf(files, pid);
        now.set(pid, one);
        if (one.state !== undefined) tasks[one.state] += 1;
        descriptors += one.descriptors;
        sockets += one.sockets;
      }
      seen = now;
      const [first] = pids;
      return { descriptors, sockets, tasks, maxOpenFiles: first === undefined ? undefined : maxOpenFiles(files, first) };
    },
  };
}

function processOf(files: ProcessFiles, pid: number): Seen {
  const stat = files.once(`/proc/${pid}/stat`);
  // The name in brackets may hold anything; all else stands behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ', THREADS + 1) ?? [];
  const state = STATES[fields[0] ?? ''];
  const ran = fields[THREADS] === '1' ? timeRun(files, pid) : undefined;
  // The kernel's own threads hold nothing.
  if ((Number(fields[FLAGS]) & KERNEL_THREAD) !== 0) return { state, descriptors: 0, sockets: 0, ran };
  const directory = `/proc/${pid}/fd`;
  const entries = attempt(() => files.readdir(directory)) ?? [];
  const isSocket = (entry: string): boolean =>
    !files.holds(pid, Number(entry)) && attempt(() => files.readlink(`${directory}/${entry}`))?.startsWith('socket') === true;
  return { state, descriptors: entries.length, sockets: entries.slice(0, MAX_DESCRIPTORS).filter(isSocket).length, ran };
}

/** Nanoseconds on a CPU; undefined where the kernel does not count them. */
function timeRun(files: ProcessFiles, pid: number): string | undefined {
  const ran = files.once(`/proc/${pid}/schedstat`)?.split(' ', 1)[0];
  return ran === undefined || ran === '' || ran === '0' ? undefined : ran;
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
