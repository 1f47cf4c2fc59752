/** The machine's file systems and disks, sampled in the background: a hung disk costs its own numbers alone (cAdvisor `fs/fs.go`). */
import type { StatsFs } from 'node:fs';
import { dirname } from 'node:path';
import type { Host } from '../../util/host.ts';
import { parseMounts, upperDirectory, type MountEntry } from '../../util/mountinfo.ts';
import type { Statfs } from './statfs.ts';

export interface FilesystemStats {
  /** `/dev/vda`, `overlay_0-45`, or where a tmpfs is mounted: the label `device`. */
  readonly device: string;
  readonly major: number;
  readonly minor: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** One line of `/proc/diskstats`: counts, sectors of 512 bytes, milliseconds. */
export interface DiskStats {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly reads: number;
  readonly readsMerged: number;
  readonly sectorsRead: number;
  readonly readMs: number;
  readonly writes: number;
  readonly writesMerged: number;
  readonly sectorsWritten: number;
  readonly writeMs: number;
  readonly inFlight: number;
  readonly ioMs: number;
  readonly weightedMs: number;
}

export interface Disks {
  readonly at: number;
  readonly filesystems: readonly FilesystemStats[];
  /** By `major:minor`. */
  readonly disks: ReadonlyMap<string, DiskStats>;
}

const TYPES = /^(ext[234]|nfs4?|xfs|btrfs|zfs|overlay|tmpfs)$/;
/** Mounts that are looked at; more are left out. */
const MAX_MOUNTS = 1_000;

/** Looks at every file system once, each under its first mount; one that does not answer is left out. Never rejects. */
export async function readDisks({ files, clock }: Host, statfs: Statfs): Promise<Disks> {
  const read = (path: string): Promise<string> => files.readFile(path, 'utf8').catch(() => '');
  const [mountinfo, diskstats] = await Promise.all([read('/proc/self/mountinfo'), read('/proc/diskstats')]);
  const devices = new Map<string, MountEntry>();
  const mounts = parseMounts(mountinfo);
  for (const mount of mounts) {
    if (!TYPES.test(mount.type) || devices.size >= MAX_MOUNTS) continue;
    const device = deviceOf(mount);
    if (!devices.has(device)) devices.set(device, mount);
  }
  const places = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const answers = new Map<string, Promise<StatsFs | undefined>>();
  const askOnce = (path: string): Promise<StatsFs | undefined> => {
    const answer = answers.get(path) ?? statfs(path);
    answers.set(path, answer);
    return answer;
  };
  const filesystems = await Promise.all(
    [...devices].map(async ([device, mount]): Promise<FilesystemStats[]> => {
      const { major, minor } = mount;
      const stats = await askOnce(holderOf(mount, places).mountPoint);
      if (stats === undefined) return [];
      const { blocks, bfree, bsize, files: inodes, ffree: inodesFree } = stats;
      return [{ device, major, minor, capacityBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize, inodes, inodesFree }];
    }),
  );
  return { at: clock.now(), filesystems: filesystems.flat(), disks: parseDiskstats(diskstats) };
}

/** What answers for a mount: an overlay has the room of the file system that takes its writes (Linux `fs/overlayfs/super.c`, ovl_statfs). */
function holderOf(mount: MountEntry, places: ReadonlyMap<string, MountEntry>): MountEntry {
  const upper = upperDirectory(mount);
  if (upper === undefined) return mount;
  for (let path = upper; ; path = dirname(path)) {
    const place = places.get(path);
    if (place !== undefined && place.type !== 'overlay') return place;
    if (place !== undefined || path === dirname(path)) return mount;
  }
}

function deviceOf({ type, source, mountPoint, major, minor }: MountEntry): string {
  if (type === 'overlay') return `overlay_${major}-${minor}`;
  return type === 'tmpfs' ? mountPoint : source;
}

/** `/proc/diskstats`, by `major:minor`; loops and RAM disks are left out. */
export function parseDiskstats(text: string): Map<string, DiskStats> {
  const disks = new Map<string, DiskStats>();
  for (const line of text.split('\n')) {
    const [major = '', minor = '', name = '', ...rest] = line.trim().split(/\s+/);
    if (rest.length < 11 || /^(loop|ram|sr)\d/.test(name) || ![major, minor, ...rest].every((field) => /^\d{1,20}$/.test(field))) continue;
    const [
      reads = 0,
      readsMerged = 0,
      sectorsRead = 0,
      readMs = 0,
      writes = 0,
      writesMerged = 0,
      sectorsWritten = 0,
      writeMs = 0,
      inFlight = 0,
      ioMs = 0,
      weightedMs = 0,
    ] = rest.map(Number);
    disks.set(`${Number(major)}:${Number(minor)}`, {
      name,
      major: Number(major),
      minor: Number(minor),
      reads,
      readsMerged,
      sectorsRead,
      readMs,
      writes,
      writesMerged,
      sectorsWritten,
      writeMs,
      inFlight,
      ioMs,
      weightedMs,
    });
  }
  return disks;
}
