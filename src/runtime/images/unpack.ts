import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files } from '../../util/host.ts';
import { resolveBelow } from '../process/rooted-path.ts';
import { readTar, TarError, type TarEntry } from './tar.ts';

export interface UnpackLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** What one image may unpack to. */
export const defaultUnpackLimits: UnpackLimits = { maxEntries: 2_000_000, maxBytes: 64 * 2 ** 30 };

/** Counts over all layers of an image. */
export interface UnpackTally {
  entries: number;
  bytes: number;
  /** Devices and fifos that were left out. */
  skipped: number;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MAX_PATH = 4096;

/**
 * Unpacks a layer over `root`. Symbolic links on the way to a member are followed as if `root` were `/`, so that none
 * leads out; absolute paths and `..` are refused; devices and fifos are left out; whiteouts remove what lower layers
 * brought. Throws `TarError` for a refused or damaged archive; `root` is then to be thrown away.
 */
export async function unpackLayer(
  files: Files,
  source: AsyncIterable<Buffer>,
  root: string,
  tally: UnpackTally,
  limits: UnpackLimits = defaultUnpackLimits,
): Promise<void> {
  const parents = new Map<string, string>();
  const made = new Set<string>();
  for await (const entry of readTar(source)) {
    tally.entries += 1;
    tally.bytes += entry.size;
    if (tally.entries > limits.maxEntries) throw new TarError(`the image has more than ${limits.maxEntries} files`);
    if (tally.bytes > limits.maxBytes) throw new TarError(`the image is larger than ${limits.maxBytes} bytes`);
    const path = memberPath(entry.path);
    if (path === '') continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = await parentDirectory(dirname(path));
    if (name === OPAQUE) {
      await emptyDirectory(parent);
    } else if (name.startsWith(WHITEOUT)) {
      const hidden = name.slice(WHITEOUT.length);
      if (hidden === '' || hidden === '.' || hidden === '..') throw new TarError(`the member ${JSON.stringify(entry.path)} is no whiteout`);
      await files.rm(join(parent, hidden), { recursive: true, force: true });
      parents.clear();
    } else {
      await place(entry, join(parent, name));
    }
  }

  async function parentDirectory(path: string): Promise<string> {
    const known = parents.get(path);
    if (known !== undefined) return known;
    const resolved = await resolveBelow(files, root, path === '.' ? '/' : path);
    await makeDirectories(resolved);
    parents.set(path, resolved);
    return resolved;
  }

  /** Directories that no member brought are open to all, whatever this program's umask is. */
  async function makeDirectories(path: string): Promise<void> {
    if ((await files.stat(path).catch(() => null))?.isDirectory()) return;
    await makeDirectories(dirname(path));
    await files.mkdir(path);
    await files.chmod(path, 0o755);
  }

  /** Removes what lower layers put there, but not what this layer has brought already. */
  async function emptyDirectory(dir: string): Promise<void> {
    for (const name of await files.readdir(dir)) {
      const path = join(dir, name);
      if (!made.has(path)) await files.rm(path, { recursive: true, force: true });
    }
    parents.clear();
  }

  async function place(entry: TarEntry, path: string): Promise<void> {
    const before = await files.lstat(path).catch(() => null);
    if (before && !(before.isDirectory() && entry.type === 'directory')) {
      await files.rm(path, { recursive: true, force: true });
      parents.clear();
    }
    made.add(path);
    switch (entry.type) {
      case 'directory':
        if (!before?.isDirectory()) await files.mkdir(path, { mode: 0o755 });
        await own(path, entry);
        return;
      case 'file':
        await writeContent(path, entry);
        await own(path, entry);
        await files.utimes(path, entry.mtime, entry.mtime);
        return;
      case 'symlink':
        if (entry.linkPath === '' || entry.linkPath.length > MAX_PATH)
          throw new TarError(`the link ${JSON.stringify(entry.path)} leads nowhere`);
        await files.symlink(entry.linkPath, path);
        await files.lchown(path, entry.uid, entry.gid).catch(ignoreRefusal);
        parents.clear();
        return;
      case 'hardlink': {
        const target = memberPath(entry.linkPath);
        if (target === '') throw new TarError(`the link ${JSON.stringify(entry.path)} leads nowhere`);
        const dir = await parentDirectory(dirname(target));
        await files.link(join(dir, target.slice(target.lastIndexOf('/') + 1)), path).catch(() => {
          throw new TarError(`the link ${JSON.stringify(entry.path)} leads to ${JSON.stringify(entry.linkPath)}, which is not there`);
        });
        return;
      }
      case 'device':
      case 'fifo':
      case 'other':
        tally.skipped += 1;
    }
  }

  async function writeContent(path: string, entry: TarEntry): Promise<void> {
    const handle = await files.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      for await (const chunk of entry.content) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
  }

  async function own(path: string, entry: TarEntry): Promise<void> {
    await files.chown(path, entry.uid, entry.gid).catch(ignoreRefusal);
    await files.chmod(path, entry.mode);
  }
}

/** The path of a member without `./` and doubled slashes. Throws for one that leads out of the tree. */
export function memberPath(text: string): string {
  if (text.startsWith('/') || text.includes('\0') || text.length > MAX_PATH)
    throw new TarError(`the member ${JSON.stringify(text.slice(0, 200))} has a path that is not accepted`);
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new TarError(`the member ${JSON.stringify(text)} leads out of the image`);
  return parts.join('/');
}

/** Without root nobody can give files away: they stay the user's own. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'EINVAL'))) throw error;
}
