/** Measures the node, its pods and containers for `/metrics/cadvisor`, `/metrics/resource` and `/stats/summary`. */
import type { Runtime } from '../../runtime/runtime.ts';
import { readCgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import { goTime } from '../../api/time.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { encoded, keptFor, type Encoded } from '../../metrics/encoded.ts';
import type { CgroupPlace } from '../cgroups/names.ts';
import { goJson } from '../server/go-json.ts';
import { background } from './background.ts';
import { cadvisorText } from './cadvisor.ts';
import { createCollector, type Snapshot } from './collector.ts';
import { createDiskUsage } from './disk-usage.ts';
import { readDisks, type Disks } from './filesystems.ts';
import { readMachineInfo } from './machine-info.ts';
import { createPodDisks, fsStats } from './pod-disks.ts';
import { resourceText } from './resource.ts';
import { systemStatFiles, type StatFiles } from './stat-files.ts';
import { createStatfs } from './statfs.ts';
import { buildSummary, type SummaryDisks } from './summary.ts';
import type { FsStats, NodeStats as NodeSummary, Summary } from './summary-types.ts';
import type { MeasuredPod } from './targets.ts';

export interface NodeStatsOptions extends CgroupPlace {
  readonly host: Host;
  readonly log: Logger;
  readonly nodeName: string;
  readonly rootDir: string;
  readonly podLogsDir: string;
  /** The configuration's cgroups of the kubelet and of the system; empty for none. */
  readonly kubeletCgroups: string;
  readonly systemCgroups: string;
  readonly runtime: Pick<Runtime, 'imageFsInfo'>;
  readonly pods: () => readonly MeasuredPod[];
  /** Told how long a count of a directory took, in seconds. */
  readonly counted?: (seconds: number) => void;
  readonly files?: StatFiles;
}

export interface NodeStats {
  /** Prometheus text, written once a pass over the control groups. */
  cadvisor(): Promise<Encoded>;
  resource(): Promise<Encoded>;
  summary(onlyCpuAndMemory: boolean): Promise<Summary>;
  /** The summary as it is served, written once a pass. */
  summaryJson(onlyCpuAndMemory: boolean): Promise<Encoded>;
  /** Of the node as it is now, for families that count pods and what they hold. */
  snapshot(): Promise<Snapshot>;
  /** The machine's file systems and disks, at most ten seconds old. */
  disks(): Promise<Disks | undefined>;
  /** Bytes of a container's log directory, as far as they are known. */
  logBytes(logDirectory: string): number | undefined;
  /** Room of the file system that holds a directory, as far as it is known. */
  room(path: string): FsStats | undefined;
  /** 1 or 2; undefined without cgroups. */
  readonly cgroupVersion: 1 | 2 | undefined;
  close(): void;
}

/** How often it is looked whether there are new directories to be counted. */
const COUNT_MS = 2_000;
const DISKS_AGE_MS = 10_000;
const IMAGES_AGE_MS = 60_000;
/** How long the first answers wait for what is found out in the background. */
const FIRST_LOOK_MS = 500;
/** Descriptors that are left to everything else: as many, or half of a few. */
const OTHER_DESCRIPTORS = 5_000;
const DEFAULT_DESCRIPTORS = 1024;

export async function startNodeStats(options: NodeStatsOptions): Promise<NodeStats> {
  const { host, log, rootDir } = options;
  const files = options.files ?? systemStatFiles;
  const { clock } = host;
  const [layout, limits, machine] = await Promise.all([
    readCgroupLayout(host),
    host.files.readFile('/proc/self/limits', 'utf8').catch(() => ''),
    readMachineInfo(host, rootDir),
  ]);
  if (layout === null) log.warn('No control groups: what containers use is not measured');
  const maxOpenFiles = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? DEFAULT_DESCRIPTORS);
  const systemContainers = new Map(
    [
      [options.kubeletCgroups, 'kubelet'],
      [options.systemCgroups, 'misc'],
    ].filter((entry): entry is [string, string] => entry[0] !== '' && entry[0] !== undefined),
  );
  const collector = createCollector({
    layout,
    files,
    clock,
    cgroupRoot: options.cgroupRoot,
    ...(options.cgroupDriver && { cgroupDriver: options.cgroupDriver }),
    named: [...systemContainers.keys()],
    pods: options.pods,
    maxOpen: Math.max(Math.floor(maxOpenFiles / 2), maxOpenFiles - OTHER_DESCRIPTORS),
    ownPid: process.pid,
  });
  systemContainers.set(collector.kubepods, 'pods');
  const failed = (error: unknown): void => log.v(2, 'A measurement failed', { err: errorText(error) });
  const statfs = createStatfs(host);
  const disks = background(clock, DISKS_AGE_MS, () => readDisks(host, statfs), failed);
  const images = background(clock, IMAGES_AGE_MS, () => imageFs(), failed);
  const usage = createDiskUsage(host, options.counted ?? (() => undefined));
  const podDisks = createPodDisks({ host, files, usage, statfs, rootDir, podLogsDir: options.podLogsDir });

  async function imageFs(): Promise<FsStats | undefined> {
    const [info] = await options.runtime.imageFsInfo();
    if (info === undefined) return undefined;
    const room = await podDisks.firstRoom(info.mountpoint, FIRST_LOOK_MS);
    return fsStats(room, { at: clock.now(), bytes: info.usedBytes, inodes: info.inodesUsed });
  }

  async function summaryDisks(snapshot: Snapshot): Promise<SummaryDisks> {
    const [node, imageFs] = await Promise.all([podDisks.firstRoom(rootDir, FIRST_LOOK_MS), images.first(FIRST_LOOK_MS)]);
    podDisks.keep(new Set(snapshot.pods.map(({ targets }) => targets.group.podUid)));
    // A first look puts directories in line; new ones are small, and mostly counted at once.
    const before = usage.untried();
    const looked = new Map(snapshot.pods.map((pod) => [pod, podDisks.read(pod, node)]));
    const waits = usage.untried() > 0 || before > 0;
    if (waits) await usage.settled(FIRST_LOOK_MS);
    return {
      node,
      imageFs,
      pod: (pod) => (waits ? undefined : looked.get(pod)) ?? podDisks.read(pod, node),
    };
  }

  // Directories of new containers are counted before anybody asks, so that the first answer has them; not while more are starting.
  let counted = new Set<string>();
  let due = false;
  const counting = clock.every(COUNT_MS, () => {
    const ids = new Set(options.pods().flatMap(({ observed }) => observed.containers.map(({ id }) => id)));
    const fresh = [...ids].some((id) => !counted.has(id));
    counted = ids;
    const node = podDisks.room(rootDir);
    if (due && !fresh) void collector.collect('usage').then(({ pods }) => pods.forEach((pod) => podDisks.read(pod, node)));
    due = fresh;
  });

  function rlimit(): NodeSummary['rlimit'] {
    const number = (path: string, pattern: RegExp): number | undefined => {
      try {
        const found = pattern.exec(files.readFile(path))?.[1];
        return found === undefined ? undefined : Number(found);
      } catch {
        return undefined;
      }
    };
    const limitsOf = ['pid_max', 'threads-max'].flatMap((name) => number(`/proc/sys/kernel/${name}`, /^(\d+)/) ?? []);
    const curproc = number('/proc/loadavg', /\d\/(\d+) /);
    return {
      time: goTime(clock.now()),
      ...(limitsOf.length > 0 && { maxpid: Math.min(...limitsOf) }),
      ...(curproc !== undefined && { curproc }),
    };
  }

  async function summaryOf(snapshot: Snapshot, full: boolean): Promise<Summary> {
    return buildSummary({
      nodeName: options.nodeName,
      snapshot,
      machine,
      systemContainers,
      disks: full ? await summaryDisks(snapshot) : undefined,
      rlimit: full ? rlimit() : undefined,
    });
  }
  const summary = async (only: boolean): Promise<Summary> => summaryOf(await collector.collect(only ? 'pressure' : 'summary'), !only);
  const jsonOf = (full: boolean): ((snapshot: Snapshot) => Promise<Encoded>) =>
    keptFor(async (snapshot) => encoded(goJson(await summaryOf(snapshot, full), 1)));
  const [summaryJsonOf, usageJsonOf] = [jsonOf(true), jsonOf(false)];
  const cadvisorOf = keptFor((snapshot: Snapshot, known: Disks | undefined) =>
    encoded(cadvisorText({ snapshot, disks: known, machine, now: clock.now() })),
  );
  const resourceOf = keptFor((snapshot: Snapshot) => encoded(resourceText(snapshot)));

  return {
    cgroupVersion: layout?.version,
    snapshot: () => collector.collect('full'),
    disks: () => disks.first(FIRST_LOOK_MS),
    async cadvisor() {
      const [snapshot, known] = await Promise.all([collector.collect('full'), disks.first(FIRST_LOOK_MS)]);
      return cadvisorOf(snapshot, known);
    },
    resource: async () => resourceOf(await collector.collect('usage')),
    summary,
    summaryJson: async (only) => {
      const snapshot = await collector.collect(only ? 'pressure' : 'summary');
      return only ? usageJsonOf(snapshot) : summaryJsonOf(snapshot);
    },
    logBytes: (directory) => usage.of(directory)?.bytes,
    room: (path) => podDisks.room(path),
    close() {
      counting.cancel();
      collector.close();
      usage.close();
    },
  };
}
