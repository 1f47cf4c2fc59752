/** What pods hold on disks: writable layers, logs, volumes (kubernetes `pkg/kubelet/stats/cri_stats_provider.go`, `server/stats/volume_stat_calculator.go`). */
import { dirname, join } from 'node:path';
import { goTime } from '../../api/time.ts';
import type { Volume } from '../../api/types.ts';
import type { Host } from '../../util/host.ts';
import type { Clock } from '../../util/clock.ts';
import { parseMounts, upperDirectory } from '../../util/mountinfo.ts';
import { podDirectory } from '../pods/directories.ts';
import { podLogDirectory } from '../spec/sandbox-config.ts';
import { background, type Background } from './background.ts';
import type { MeasuredPodStats } from './collector.ts';
import type { DiskUsage, Usage } from './disk-usage.ts';
import type { StatFiles } from './stat-files.ts';
import type { Statfs } from './statfs.ts';
import type { FsStats, VolumeStats } from './summary-types.ts';
import type { PodDisks } from './summary.ts';

/** The file system that holds a directory, as a whole. */
export type Room = FsStats;

export interface PodDisksOptions {
  readonly host: Host;
  readonly files: StatFiles;
  readonly usage: DiskUsage;
  readonly statfs: Statfs;
  readonly rootDir: string;
  readonly podLogsDir: string;
}

export interface PodDisksReader {
  /** `node`: the file system of the kubelet's directory. */
  read(pod: MeasuredPodStats, node: Room | undefined): PodDisks;
  /** Room of the file system that holds a directory; at most ten seconds old, undefined until it is known. */
  room(path: string): Room | undefined;
  /** As `room`, but waits at most `ms` for the first look. */
  firstRoom(path: string, ms: number): Promise<Room | undefined>;
  /** Lets go of what belongs to none of these pods. */
  keep(uids: ReadonlySet<string>): void;
}

const ROOM_AGE_MS = 10_000;
/** Files beside the containers' logs come and go rarely. */
const LOG_LIST_AGE_MS = 60_000;
/** How long those who ask for different directories share an answer. */
const SHARED_MS = 1_000;
/** File systems whose room is remembered. */
const MAX_ROOMS = 10_000;

export function createPodDisks({ host, files, usage, statfs, rootDir, podLogsDir }: PodDisksOptions): PodDisksReader {
  const rooms = new Map<string, Background<Room>>();
  const layerRooms = createSharedRooms(host, statfs);
  const layers = new Map<string, { readonly uid: string; readonly pid: number; readonly path: string | undefined }>();

  function roomOf(path: string, find = (at: string) => readRoom(statfs, host.clock, at)): Background<Room> {
    const known = rooms.get(path);
    if (known) return known;
    if (rooms.size >= MAX_ROOMS) rooms.clear();
    const made = background(
      host.clock,
      ROOM_AGE_MS,
      () => find(path),
      () => undefined,
    );
    rooms.set(path, made);
    return made;
  }

  /**
   * The directory that takes a container's writes, of a runtime that does not say: the upper one of the overlay on which its
   * first process stands. The kernel answers after the mounts that are under way, so that it is asked once.
   */
  function layer(uid: string, id: string, pid: number): string | undefined {
    const known = layers.get(id);
    if (known !== undefined && (known.pid === pid || known.path !== undefined)) return known.path;
    const path = writableLayer(files, pid);
    layers.set(id, { uid, pid, path });
    return path;
  }

  const listed = new Map<string, { readonly at: number; readonly files: readonly string[] }>();

  function logFilesOf(uid: string, directory: string): readonly string[] {
    const now = host.clock.monotonic();
    const known = listed.get(uid);
    if (known && now - known.at < LOG_LIST_AGE_MS) return known.files;
    const found = logFiles(files, directory);
    listed.set(uid, { at: now, files: found });
    return found;
  }

  return {
    room: (path) => roomOf(path).get(),
    firstRoom: (path, ms) => roomOf(path).first(ms),
    keep(uids) {
      for (const uid of listed.keys()) if (!uids.has(uid)) listed.delete(uid);
      for (const [id, { uid }] of layers) if (!uids.has(uid)) layers.delete(id);
      for (const path of rooms.keys()) {
        const uid = /\/pods\/([^/]+)\/volumes\//.exec(path)?.[1];
        if (uid !== undefined && !uids.has(uid)) rooms.delete(path);
      }
    },
    read(measured, node) {
      const { pod } = measured.targets.measured;
      const { uid } = pod.metadata;
      const rootfs = new Map<string, FsStats>();
      const logs = new Map<string, FsStats>();
      const parts: Usage[] = [];
      const note = (path: string | undefined): Usage | undefined => {
        const found = path === undefined ? undefined : usage.of(path);
        if (found) parts.push(found);
        return found;
      };
      for (const { target, sample } of measured.containers) {
        const { container } = target;
        if (container === undefined) continue;
        // A runtime need not tell the pids of containers that it ran before this kubelet: their groups do.
        const pid = container.pid ?? sample.pids?.[0];
        const path = container.writableLayer ?? (pid === undefined ? undefined : layer(uid, container.id, pid));
        const written = note(path);
        const room = path === undefined ? undefined : roomOf(dirname(path), layerRooms).get();
        if (written) rootfs.set(container.id, fsStats(room, written));
        const logged = note(container.logPath === '' ? undefined : dirname(container.logPath));
        if (logged) logs.set(container.id, fsStats(node, logged));
      }
      const volumes: VolumeStats[] = [];
      for (const volume of pod.spec.volumes ?? []) {
        const plugin = measuredPlugin(volume);
        if (plugin === undefined) continue;
        const path = join(podDirectory(rootDir, uid), 'volumes', plugin, volume.name);
        const held = usage.of(path);
        const room = roomOf(path).get();
        if (held === undefined) continue;
        // What lies in memory is not on the node's disk.
        if (volume.emptyDir?.medium !== 'Memory' && (volume.emptyDir || volume.configMap)) parts.push(held);
        volumes.push({ ...fsStats(room, held), name: volume.name });
      }
      for (const [name, { path, claim, measured: told }] of measured.targets.measured.claims ?? []) {
        const room = told === true ? roomOf(path).get() : undefined;
        if (room && claim) volumes.push({ ...room, name, pvcRef: { name: claim.name, namespace: claim.namespace } });
      }
      note(join(podDirectory(rootDir, uid), 'etc-hosts'));
      for (const file of logFilesOf(uid, podLogDirectory(podLogsDir, pod))) note(file);
      return {
        rootfs: (id) => rootfs.get(id),
        logs: (id) => logs.get(id),
        volumes,
        ephemeral: node && parts.length > 0 ? ephemeral(node, parts) : undefined,
      };
    },
  };
}

/** Rooms of directories that stay on their file system, which is asked once for all that are on it. */
function createSharedRooms({ files, clock }: Host, statfs: Statfs): (path: string) => Promise<Room> {
  const devices = new Map<string, number>();
  const rooms = new Map<number, { readonly at: number; readonly room: Promise<Room> }>();
  return async (path) => {
    if (devices.size >= MAX_ROOMS) devices.clear();
    const device = devices.get(path) ?? (await files.stat(path)).dev;
    devices.set(path, device);
    const now = clock.monotonic();
    const known = rooms.get(device);
    if (known && now - known.at < SHARED_MS) return known.room;
    const room = readRoom(statfs, clock, path);
    rooms.set(device, { at: now, room });
    return room;
  };
}

function ephemeral(node: Room, parts: readonly Usage[]): FsStats {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const inodes = parts.reduce((sum, part) => sum + part.inodes, 0);
  return fsStats(node, { at: Math.max(...parts.map(({ at }) => at)), bytes, inodes });
}

/** Files that stand in a pod's log directory beside those of its containers. */
function logFiles(files: StatFiles, directory: string): string[] {
  try {
    return files
      .readdir(directory)
      .filter((name) => /\.log/.test(name))
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

export const fsStats = (room: Room | undefined, { at, bytes, inodes }: Usage): FsStats => ({
  ...room,
  time: goTime(at),
  usedBytes: bytes,
  inodesUsed: inodes,
});

/** The volumes that the kubelet makes itself, by the directory of their plugin. */
function measuredPlugin(volume: Volume): string | undefined {
  if (volume.configMap) return 'kubernetes.io~configmap';
  if (volume.secret) return 'kubernetes.io~secret';
  if (volume.downwardAPI) return 'kubernetes.io~downward-api';
  if (volume.projected) return 'kubernetes.io~projected';
  return volume.emptyDir ? 'kubernetes.io~empty-dir' : undefined;
}

/** A hung file system rejects: it is asked again later. */
export async function readRoom(statfs: Statfs, clock: Clock, path: string): Promise<Room> {
  const stats = await statfs(path);
  if (stats === undefined) throw new Error(`${path} does not answer`);
  return {
    time: goTime(clock.now()),
    availableBytes: stats.bavail * stats.bsize,
    capacityBytes: stats.blocks * stats.bsize,
    usedBytes: (stats.blocks - stats.bfree) * stats.bsize,
    inodesFree: stats.ffree,
    inodes: stats.files,
    inodesUsed: stats.files - stats.ffree,
  };
}

/** Where the process's root puts what is written. */
function writableLayer(files: StatFiles, pid: number): string | undefined {
  try {
    const root = parseMounts(files.readFile(`/proc/${pid}/mountinfo`)).find(
      ({ mountPoint, type }) => mountPoint === '/' && type === 'overlay',
    );
    return root && upperDirectory(root);
  } catch {
    return undefined;
  }
}
