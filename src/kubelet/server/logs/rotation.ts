/** A log and the files it was rotated into, in the order they were written (kubernetes `pkg/kubelet/logs/container_log_manager.go`). */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Host } from '../../../util/host.ts';

/** A file that is read from its beginning to its end, and further when it grows. */
export interface LogFile {
  readonly handle: FileHandle;
  /** Names that older files had when this was the newest, without `.gz`. */
  readonly older: ReadonlySet<string>;
  /** The bytes after those that were read last; none at the present end. */
  read(): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** Follows no link, and does not wait for the other end of a pipe that somebody put there. */
export const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Bytes that are read at a time. */
const CHUNK = 256 * 1024;
/** Files that are held open while older ones are read; a kubelet keeps 5 of a container. */
const MAX_FILES = 64;
/** A file may be renamed or compressed between the list and its opening. */
const ATTEMPTS = 5;
const NONE: ReadonlySet<string> = new Set();

/** A plain file from a position on. A file that became shorter was emptied in place, and is read from its beginning. */
export function plainFile(handle: FileHandle, older: ReadonlySet<string> = NONE, start = 0): LogFile {
  let position = start;
  return {
    handle,
    older,
    async read() {
      const buffer = Buffer.allocUnsafe(CHUNK);
      let { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0 && (await handle.stat()).size < position) {
        position = 0;
        ({ bytesRead } = await handle.read(buffer, 0, CHUNK, 0));
      }
      position += bytesRead;
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

/** A compressed file; one that is cut short ends where it is cut. */
function gzippedFile(handle: FileHandle): LogFile {
  const source = handle.createReadStream({ autoClose: false, start: 0, highWaterMark: CHUNK });
  const chunks: AsyncIterator<Buffer> = source.pipe(createGunzip({ chunkSize: CHUNK }))[Symbol.asyncIterator]();
  return {
    handle,
    older: NONE,
    async read() {
      try {
        const next = await chunks.next();
        return next.done === true ? undefined : next.value;
      } catch {
        return undefined;
      }
    },
    async close() {
      source.destroy();
      await chunks.return?.();
      await handle.close();
    },
  };
}

interface Rotated {
  readonly path: string;
  /** The name without `.gz`. */
  readonly stem: string;
  readonly compressed: boolean;
  /** When it was rotated, or last written. ms since 1970. */
  readonly at: number;
  readonly ino: number;
  readonly dev: number;
}

/** The names that files older than the one under `path` have, when that is `handle` still; else undefined. */
export async function olderFiles(host: Host, path: string, handle: FileHandle): Promise<ReadonlySet<string> | undefined> {
  const rotated = await rotatedFiles(host, path);
  return (await isUnder(host, path, handle)) ? new Set(rotated.map(({ stem }) => stem)) : undefined;
}

async function isUnder(host: Host, path: string, handle: FileHandle): Promise<boolean> {
  const [now, mine] = await Promise.all([host.files.stat(path).catch(() => undefined), handle.stat()]);
  return now?.ino === mine.ino && now.dev === mine.dev;
}

/**
 * The files that were written after `current`, oldest first, the one under `path` last; empty while that is still `current`
 * itself. All are open: they are read whole whatever happens to their names.
 */
export async function filesAfter(host: Host, path: string, current: LogFile): Promise<LogFile[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await isUnder(host, path, current.handle)) return [];
    const newest = await host.files.open(path, OPEN_FILE).catch(() => undefined);
    // Between the rename and the new file there is none: it is looked for again.
    if (newest === undefined) return [];
    const opened: LogFile[] = [];
    try {
      const rotated = await rotatedFiles(host, path);
      for (const file of (await rotatedSince(host, rotated, current)).slice(-MAX_FILES)) {
        const handle = await host.files.open(file.path, OPEN_FILE);
        opened.push(file.compressed ? gzippedFile(handle) : plainFile(handle));
      }
      if (await isUnder(host, path, newest)) return [...opened, plainFile(newest, new Set(rotated.map(({ stem }) => stem)))];
    } catch {
      // A file was renamed, compressed or removed between the list and its opening: there is a new list.
    }
    await Promise.all([newest.close(), ...opened.map((file) => file.close())]);
  }
  return [];
}

/** Of the rotated files, those after `current`, in order. */
async function rotatedSince(host: Host, rotated: readonly Rotated[], { handle, older }: LogFile): Promise<Rotated[]> {
  const later = rotated.filter(({ stem }) => !older.has(stem));
  const { ino, dev, size } = await handle.stat();
  const at = later.findIndex((file) => file.ino === ino && file.dev === dev);
  if (at >= 0) return later.slice(at + 1);
  // It was compressed or removed. Compressed, it is the oldest and as long as it.
  const [first] = later;
  if (first?.compressed === true && (await uncompressedSize(host, first.path)) === size % 2 ** 32) later.shift();
  return later;
}

async function rotatedFiles(host: Host, path: string): Promise<Rotated[]> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = (await host.files.readdir(directory)).filter((name) => name.startsWith(prefix) && !name.endsWith('.tmp'));
  const files = await Promise.all(
    names.map(async (name): Promise<Rotated[]> => {
      const compressed = name.endsWith('.gz');
      // While it is compressed a file is there twice.
      if (compressed && names.includes(name.slice(0, -'.gz'.length))) return [];
      const full = join(directory, name);
      const found = await host.files.lstat(full).catch(() => undefined);
      if (found?.isFile() !== true) return [];
      const stem = compressed ? name.slice(0, -'.gz'.length) : name;
      return [{ path: full, stem, compressed, at: timeOf(name) ?? found.mtimeMs, ino: found.ino, dev: found.dev }];
    }),
  );
  return files.flat().sort((a, b) => a.at - b.at || a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** The time in `0.log.20261121-101151`, which is local. */
function timeOf(name: string): number | undefined {
  const parts = /\.(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:\.gz)?$/.exec(name)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

/** The last four bytes of a gzip file: its uncompressed size modulo 2³². */
async function uncompressedSize(host: Host, path: string): Promise<number | undefined> {
  const handle = await host.files.open(path, OPEN_FILE);
  try {
    const { size } = await handle.stat();
    const trailer = Buffer.alloc(4);
    const { bytesRead } = await handle.read(trailer, 0, 4, Math.max(0, size - 4));
    return bytesRead === 4 ? trailer.readUInt32LE() : undefined;
  } finally {
    await handle.close();
  }
}
