/** One pass over the cgroups of the node, for all endpoints: sampled when asked, shared by those who ask at the same time. */
import type { CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import type { Clock } from '../../util/clock.ts';
import { podsCgroup, type CgroupPlace } from '../cgroups/names.ts';
import { DEPTHS, type CgroupSample, type CgroupSpec, type Depth } from './cgroup-sample.ts';
import { openCgroupV1 } from './cgroup-v1.ts';
import { openCgroupV2 } from './cgroup-v2.ts';
import { parseNetDev, type InterfaceStats } from './parse.ts';
import { watchProcesses, type ProcessFacts, type ProcessFiles } from './processes.ts';
import { statFilePool, type StatFile, type StatFiles } from './stat-files.ts';
import { HOUSEKEEPING_MS, newTrack, noteLoad, noteProcesses, processesChanged, rate, type TaskLoad, type Track } from './track.ts';
import { groupTargets, podTargets, type MeasuredPod, type PodTargets, type Target } from './targets.ts';

/** One cgroup as it was at `at`. */
export interface Measured {
  readonly target: Target;
  readonly at: number;
  readonly sample: CgroupSample;
  readonly spec: CgroupSpec;
  /** When it was made, in ms since 1970; undefined when that is not known. */
  readonly madeAt: number | undefined;
  /** Nanoseconds of CPU a second, over the last 10 to 20 seconds; 0 until there are two samples. */
  readonly nanoCores: number;
  /** Running tasks, and those that wait for a disk, averaged over 10 seconds. */
  readonly load: TaskLoad;
  readonly processes: ProcessFacts | undefined;
}

export interface MeasuredPodStats {
  readonly targets: PodTargets;
  /** The pod's own cgroup; undefined when it cannot be read. */
  readonly group: Measured | undefined;
  readonly sandbox: Measured | undefined;
  readonly containers: readonly Measured[];
  readonly networkAt: number;
  /** Interfaces of the pod's network; undefined when none of its processes is known. */
  readonly network: readonly InterfaceStats[] | undefined;
}

export interface Snapshot {
  readonly at: number;
  readonly root: Measured | undefined;
  readonly rootNetwork: readonly InterfaceStats[];
  /** Without the root. */
  readonly groups: readonly Measured[];
  readonly pods: readonly MeasuredPodStats[];
}

export interface Collector {
  /** The node as it is now. Never rejects: what cannot be read is not in it. */
  collect(depth: Depth): Promise<Snapshot>;
  /** The path of the cgroup that holds all pods. */
  readonly kubepods: string;
  close(): void;
}

export interface CollectorOptions extends CgroupPlace {
  readonly layout: CgroupLayout | null;
  readonly files: StatFiles;
  readonly clock: Clock;
  /** More cgroups to measure. */
  readonly named: readonly string[];
  readonly pods: () => readonly MeasuredPod[];
  /** Descriptors that may be kept open. */
  readonly maxOpen: number;
  /** This process, whose descriptors of kernel files are no sockets. */
  readonly ownPid: number;
}

/** Scrapes that come together get the same answer: the original's samples are ten times as old. */
const SHARED_MS = 1_000;
/** Limits change seldom. */
const SPEC_AGE_MS = 30_000;
/** Passes after which a sandbox that had no cgroup is looked for again. */
const LOOK_AGAIN = 8;
/** How long a pass holds the event loop before others get their turn. */
const TURN_MS = 8;

/** Depths for which nobody looks at interfaces. */
const NO_NETWORK: ReadonlySet<Depth> = new Set(['rates', 'usage', 'pressure']);

interface Network {
  readonly pid: number | string;
  readonly file: StatFile;
  seen: number;
}

export function createCollector(options: CollectorOptions): Collector {
  const { layout, files, clock } = options;
  const pool = statFilePool(files, options.maxOpen);
  const processFiles: ProcessFiles = {
    once: (path) => pool.once(path),
    readdir: (path) => files.readdir(path),
    readlink: (path) => files.readlink(path),
    holds: (pid, fd) => pid === options.ownPid && pool.holds(fd),
  };
  const kubepods = podsCgroup(options);
  const groups = groupTargets(options, options.named);
  const tracks = new Map<string, Track>();
  const known = new Map<string, Target>();
  const networks = new Map<string, Network>();
  let pass = 0;
  const running = new Map<Depth, Promise<Snapshot>>();
  const last = new Map<Depth, Snapshot>();

  function track(path: string): Track | undefined {
    const old = tracks.get(path);
    if (old !== undefined || layout === null) return old;
    const reader = layout.version === 1 ? openCgroupV1(pool, files, layout, path, clock) : openCgroupV2(pool, files, layout, path);
    const made = newTrack(reader, watchProcesses(processFiles), pass);
    tracks.set(path, made);
    return made;
  }

  function measure(target: Target, depth: Depth): Measured | undefined {
    const mine = track(target.path);
    if (mine === undefined) return undefined;
    mine.seen = pass;
    // Runtimes without a process of the sandbox's own make no cgroup for it.
    if (target.kind === 'sandbox' && mine.absent > 0) {
      mine.absent -= 1;
      return undefined;
    }
    const sample = mine.reader.read(depth);
    if (sample.cpu === undefined && sample.memory === undefined) {
      mine.absent = LOOK_AGAIN;
      return undefined;
    }
    const at = clock.now();
    mine.madeAt ??= mine.reader.madeAt();
    if (depth !== 'rates' && at - mine.specAt >= SPEC_AGE_MS) {
      mine.spec = mine.reader.spec();
      mine.specAt = at;
    }
    if (depth === 'full' && sample.pids !== undefined) {
      if (processesChanged(mine, sample, at)) noteProcesses(mine, sample, at);
      if (mine.processes) noteLoad(mine, mine.processes.tasks, at);
    }
    const nanoCores = sample.cpu === undefined ? 0 : rate(mine, { at, ns: sample.cpu.usageNs });
    return { target, at, sample, spec: mine.spec, madeAt: mine.madeAt, nanoCores, load: mine.load, processes: mine.processes };
  }

  /** Through a descriptor a network: it stays with the process that it was opened of. */
  function networkOf(key: string, pid: number | string): readonly InterfaceStats[] | undefined {
    const old = networks.get(key);
    let mine = old;
    if (mine?.pid !== pid) {
      old?.file.close();
      mine = { pid, file: pool.file(`/proc/${pid}/net/dev`), seen: pass };
      networks.set(key, mine);
    }
    mine.seen = pass;
    return mine.file.parsed(netDev);
  }

  function measurePod(targets: PodTargets, depth: Depth): MeasuredPodStats {
    const sandbox = measure(targets.sandboxTarget, depth);
    const containers = targets.containers.flatMap((target) => measure(target, depth) ?? []);
    // A runtime that does not tell pids still puts the processes into their groups.
    const pid =
      targets.containers.find((t) => (t.container?.pid ?? 0) > 0)?.container?.pid ??
      [sandbox, ...containers].find((measured) => (measured?.sample.pids?.length ?? 0) > 0)?.sample.pids?.[0];
    const open = networks.get(targets.sandboxTarget.path);
    // An open descriptor holds the network: that of a pod that is gone is closed by the next pass, whatever that looks at.
    if (open?.pid === pid && open !== undefined) open.seen = pass;
    return {
      targets,
      group: measure(targets.group, depth),
      sandbox,
      containers,
      network: pid === undefined || NO_NETWORK.has(depth) ? undefined : networkOf(targets.sandboxTarget.path, pid),
      networkAt: clock.now(),
    };
  }

  async function run(depth: Depth): Promise<Snapshot> {
    pass += 1;
    const mine = pass;
    let turn = clock.monotonic();
    const breathe = async (): Promise<void> => {
      if (clock.monotonic() - turn < TURN_MS) return;
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      turn = clock.monotonic();
    };
    const measuredGroups: Measured[] = [];
    for (const target of groups) {
      const measured = measure(target, depth);
      if (measured) measuredGroups.push(measured);
      await breathe();
    }
    const pods: MeasuredPodStats[] = [];
    for (const pod of options.pods()) {
      const targets = podTargets(pod, options, known);
      if (targets) pods.push(measurePod(targets, depth));
      await breathe();
    }
    forget(mine);
    return {
      at: clock.now(),
      root: measuredGroups.find(({ target }) => target.kind === 'root'),
      rootNetwork: NO_NETWORK.has(depth) ? [] : (networkOf('/', '1') ?? networkOf('self', 'self') ?? []),
      groups: measuredGroups.filter(({ target }) => target.kind !== 'root'),
      pods,
    };
  }

  /** Closes what no pass has looked at for a while. */
  function forget(current: number): void {
    for (const [key, { seen, file }] of networks) {
      if (seen >= current) continue;
      file.close();
      networks.delete(key);
    }
    for (const [path, { seen, reader }] of tracks) {
      if (seen >= current - 1) continue;
      reader.close();
      tracks.delete(path);
      known.delete(path);
    }
  }

  async function collect(depth: Depth): Promise<Snapshot> {
    const now = clock.now();
    for (const have of DEPTHS.slice(DEPTHS.indexOf(depth))) {
      const under = running.get(have);
      if (under) return under;
      const done = last.get(have);
      if (done && now - done.at >= 0 && now - done.at < SHARED_MS) return done;
    }
    const started = run(depth)
      .then((snapshot) => {
        last.clear();
        last.set(depth, snapshot);
        return snapshot;
      })
      .finally(() => running.delete(depth));
    running.set(depth, started);
    return started;
  }

  const housekeeping = clock.every(HOUSEKEEPING_MS, () => void collect('rates'));

  return {
    kubepods,
    collect,
    close() {
      housekeeping.cancel();
      for (const { reader } of tracks.values()) reader.close();
      tracks.clear();
      for (const { file } of networks.values()) file.close();
      networks.clear();
    },
  };
}

const netDev = (text: string | undefined): readonly InterfaceStats[] | undefined => (text === undefined ? undefined : parseNetDev(text));
