/** How much directories hold, counted in the background one after the other (kubernetes `pkg/volume/metrics_du.go`). */
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';

export interface Usage {
  readonly at: number;
  readonly bytes: number;
  readonly inodes: number;
}

export interface DiskUsage {
  /** What is known of a directory; it is counted again when that is older than a minute. */
  of(path: string): Usage | undefined;
  /** Resolves when everything that was asked for has been counted once, at the latest after `ms`. */
  settled(ms: number): Promise<void>;
  /** Directories that were asked for and not counted yet. */
  untried(): number;
  close(): void;
}

const MAX_AGE_MS = 60_000;
/** A directory that nobody asked about for this long is forgotten. */
const FORGET_MS = 300_000;
/** A count that has not got on for this long is left alone: its disk hangs. */
const STALL_MS = 10_000;
/** Each holds one of the few threads that this process has for files: with so many, no more is counted until one has ended. */
const MAX_STALLED = 2;
/** Entries of one tree that are counted; of a larger one the count is given up and the last stays. */
const MAX_ENTRIES = 2_000_000;

interface Entry {
  usage: Usage | undefined;
  askedAt: number;
  queued: boolean;
  /** Whether a count of it was tried. */
  tried: boolean;
  /** A count of it hangs. */
  stalled: boolean;
}

/** `counted` is told how long each count took, in seconds. */
export function createDiskUsage({ files, clock }: Host, counted: (seconds: number) => void): DiskUsage {
  const entries = new Map<string, Entry>();
  const queue: string[] = [];
  const waiting = new Set<() => void>();
  let untried = 0;
  let stalledCounts = 0;
  let working: Promise<void> | undefined;
  const stopping = new AbortController();

  function allTried(): void {
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  async function work(): Promise<void> {
    while (stalledCounts < MAX_STALLED && !stopping.signal.aborted) {
      const path = queue.shift();
      if (path === undefined) break;
      const entry = entries.get(path);
      if (entry === undefined) continue;
      const start = clock.monotonic();
      const found = await countPatiently(path, entry);
      counted((clock.monotonic() - start) / 1000);
      entry.queued = false;
      if (!entry.tried) untried -= 1;
      entry.tried = true;
      if (untried === 0) allTried();
      if (found) entry.usage = { ...found, at: clock.now() };
    }
    for (const [path, { askedAt, tried }] of entries) if (tried && clock.monotonic() - askedAt > FORGET_MS) entries.delete(path);
    working = undefined;
  }

  /** Undefined for what cannot be counted, or stalls. The stalled count ends by itself when its disk answers. */
  async function countPatiently(path: string, entry: Entry): Promise<{ readonly bytes: number; readonly inodes: number } | undefined> {
    let steps = 0;
    const given = new AbortController();
    const count = countTree(files, path, () => {
      steps += 1;
      return given.signal.aborted || stopping.signal.aborted;
    }).catch(() => undefined);
    const stalled = (async (): Promise<undefined> => {
      for (let before = -1; before !== steps && !given.signal.aborted;) {
        before = steps;
        await clock.sleep(STALL_MS, given.signal);
      }
      return undefined;
    })();
    let ended = false;
    const settled = async (): Promise<void> => {
      await count;
      ended = true;
      if (!entry.stalled) return;
      entry.stalled = false;
      stalledCounts -= 1;
    };
    void settled();
    const found = await Promise.race([count, stalled]);
    given.abort();
    if (found === undefined && !ended && !stopping.signal.aborted) {
      entry.stalled = true;
      stalledCounts += 1;
    }
    return found;
  }

  return {
    of(path) {
      const now = clock.monotonic();
      const entry = entries.get(path) ?? { usage: undefined, askedAt: now, queued: false, tried: false, stalled: false };
      if (!entries.has(path)) untried += 1;
      entries.set(path, entry);
      entry.askedAt = now;
      if (
        !entry.queued &&
        !entry.stalled &&
        !stopping.signal.aborted &&
        (entry.usage === undefined || clock.now() - entry.usage.at >= MAX_AGE_MS)
      ) {
        entry.queued = true;
        queue.push(path);
      }
      if (queue.length > 0 && stalledCounts < MAX_STALLED) working ??= work();
      return entry.usage;
    },
    untried: () => untried,
    async settled(ms) {
      if (working === undefined || untried === 0) return;
      const waited = new AbortController();
      const tried = new Promise<void>((resolve) => waiting.add(resolve));
      await Promise.race([tried, working, clock.sleep(ms, waited.signal)]);
      waited.abort();
    },
    close() {
      stopping.abort();
      queue.length = 0;
    },
  };
}

/**
 * Bytes and inodes below a directory, itself included, on its own file system; hard links count once, what vanishes
 * meanwhile not at all. Rejects when the directory is not there, undefined when there is too much of it.
 */
export async function countTree(
  files: Host['files'],
  path: string,
  stopped: () => boolean = () => false,
): Promise<{ readonly bytes: number; readonly inodes: number } | undefined> {
  const top = await files.stat(path);
  const seen = new Set<string>();
  let bytes = top.blocks * 512;
  let inodes = 1;
  const directories = top.isDirectory() ? [path] : [];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const names = await files.readdir(directory).catch(() => []);
    for (const name of names) {
      if (stopped() || inodes > MAX_ENTRIES) return undefined;
      const child = join(directory, name);
      const stats = await files.lstat(child).catch(() => undefined);
      if (stats === undefined || stats.dev !== top.dev) continue;
      if (stats.nlink > 1 && !stats.isDirectory()) {
        const inode = `${stats.dev}:${stats.ino}`;
        if (seen.has(inode)) continue;
        seen.add(inode);
      }
      bytes += stats.blocks * 512;
      inodes += 1;
      if (stats.isDirectory()) directories.push(child);
    }
  }
  return { bytes, inodes };
}
