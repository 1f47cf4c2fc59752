/** What is remembered of one cgroup from sample to sample: rates, averages, and what seldom changes. */
import type { CgroupReader, CgroupSample, CgroupSpec } from './cgroup-sample.ts';
import type { ProcessFacts, ProcessWatch, TaskStates } from './processes.ts';

export interface TaskLoad {
  readonly running: number;
  readonly uninterruptible: number;
}

/** How often usage is sampled for rates, as the original's housekeeping. */
export const HOUSEKEEPING_MS = 10_000;
/** What processes hold takes a look at each of their descriptors: as often as the original's housekeeping. */
const PROCESSES_AGE_MS = 10_000;
/** Processes that used no CPU since hold what they held, but for limits that others set. */
const IDLE_PROCESSES_AGE_MS = 300_000;
export interface Track {
  readonly reader: CgroupReader;
  spec: CgroupSpec;
  specAt: number;
  madeAt: number | undefined;
  /** Earlier usage, for rates: the last two of housekeeping. */
  older: Usage | undefined;
  newer: Usage | undefined;
  load: TaskLoad;
  loadAt: number;
  readonly watch: ProcessWatch;
  processes: ProcessFacts | undefined;
  processesAt: number;
  /** Which processes they were, and the CPU that those had used before they were looked at. */
  processesOf: readonly number[] | undefined;
  processesUsage: number | undefined;
  seen: number;
  /** Passes for which it is not looked for again. */
  absent: number;
}

export interface Usage {
  readonly at: number;
  readonly ns: number;
}

export const newTrack = (reader: CgroupReader, watch: ProcessWatch, seen: number): Track => ({
  reader,
  spec: {},
  specAt: -Infinity,
  madeAt: undefined,
  older: undefined,
  newer: undefined,
  load: { running: 0, uninterruptible: 0 },
  loadAt: -Infinity,
  watch,
  processes: undefined,
  processesAt: -Infinity,
  processesOf: undefined,
  processesUsage: undefined,
  seen,
  absent: 0,
});

/** Whether to look again at what processes hold. */
export function processesChanged(track: Track, { pids = [], cpu }: CgroupSample, at: number): boolean {
  const age = at - track.processesAt;
  // Whether there are processes at all is known now: facts about none, or of none, are never old.
  const none = (track.processes?.tasks.running ?? 0) + (track.processes?.descriptors ?? 0) === 0;
  if (none !== (pids.length === 0) || age >= IDLE_PROCESSES_AGE_MS) return true;
  return age >= PROCESSES_AGE_MS && (cpu === undefined || cpu.usageNs !== track.processesUsage || pids !== track.processesOf);
}

/** Looks at what the processes of the sample hold. */
export function noteProcesses(track: Track, { pids = [], cpu }: CgroupSample, at: number): void {
  track.processes = track.watch.look(pids);
  track.processesAt = at;
  track.processesOf = pids;
  track.processesUsage = cpu?.usageNs;
}

/** The rate since the sample before last of housekeeping; takes the new one in when it is its turn. */
export function rate(track: Track, now: Usage): number {
  const { newer } = track;
  // A counter that went back belongs to another cgroup of the same name.
  if (newer && now.ns < newer.ns) {
    track.older = undefined;
    track.newer = now;
    return 0;
  }
  if (newer === undefined) track.newer = now;
  else if (now.at - newer.at >= HOUSEKEEPING_MS) {
    track.older = newer;
    track.newer = now;
  }
  const base = track.older ?? newer;
  if (base === undefined || now.at <= base.at) return 0;
  return Math.max(0, Math.floor(((now.ns - base.ns) / ((now.at - base.at) * 1e6)) * 1e9));
}

/** An average that forgets over ten seconds (cAdvisor `manager/container.go`, updateLoad). */
export function noteLoad(track: Track, tasks: TaskStates, at: number): void {
  const elapsed = at - track.loadAt;
  if (elapsed < 1000) return;
  const keep = track.loadAt === -Infinity ? 0 : Math.exp(-elapsed / 10_000);
  const mix = (old: number, now: number): number => old * keep + now * (1 - keep);
  track.load = {
    running: mix(track.load.running, tasks.running),
    uninterruptible: mix(track.load.uninterruptible, tasks.uninterruptible),
  };
  track.loadAt = at;
}
