/**
 * Writes a directory of files so that a reader sees either the old set or the new one
 * (kubernetes `pkg/volume/util/atomic_writer.go`): a dated directory, `..data` that points to it, and links.
 */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Files } from '../../util/host.ts';

export interface FileContent {
  readonly data: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Files by relative path. */
export type Payload = ReadonlyMap<string, FileContent>;

/** Who owns the files; nothing is changed where it is absent. */
export interface Ownership {
  readonly gid: number;
}

const DATA = '..data';
const NEW_DATA = '..data_tmp';
const MAX_PATH = 4096;

/** Puts `payload` into `directory`; false when it was there already. Throws an Error for a path that leaves the directory. */
export async function writeAtomically(files: Files, directory: string, payload: Payload, now: number, owner?: Ownership): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const before = await readLink(files, join(directory, DATA));
  if (before !== undefined && (await isSame(files, join(directory, before), payload))) return false;

  const dated = `..${stamp(now)}.${randomBytes(5).readUIntBE(0, 5) % 10_000_000_000}`;
  const data = join(directory, dated);
  await files.mkdir(data, { mode: 0o755 });
  await files.chmod(data, 0o755);
  for (const [path, { data: bytes, mode }] of payload) {
    const file = join(data, path);
    await files.mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await files.writeFile(file, bytes, { mode });
    await files.chmod(file, mode);
  }
  if (owner) await ownTree(files, data, owner.gid);
  await files.rm(join(directory, NEW_DATA), { force: true });
  await files.symlink(dated, join(directory, NEW_DATA));
  await files.rename(join(directory, NEW_DATA), join(directory, DATA));

  const visible = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? path));
  for (const name of visible) {
    const link = join(directory, name);
    if ((await readLink(files, link)) === `${DATA}/${name}`) continue;
    await files.rm(link, { recursive: true, force: true });
    await files.symlink(`${DATA}/${name}`, link);
  }
  for (const name of await files.readdir(directory)) {
    const stale = name.startsWith('..') ? name !== DATA && name !== dated : !visible.has(name);
    if (stale) await files.rm(join(directory, name), { recursive: true, force: true });
  }
  return true;
}

function checkPath(path: string): void {
  if (path === '') throw new Error('invalid path: must not be empty: ""');
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`);
  const parts = path.split('/');
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (path.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
  if (path.length > MAX_PATH) throw new Error(`invalid path: must be less than or equal to ${MAX_PATH} characters`);
}

async function isSame(files: Files, data: string, payload: Payload): Promise<boolean> {
  const present: string[] = [];
  const walk = async (directory: string, prefix: string): Promise<void> => {
    for (const entry of await files.readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await walk(join(directory, entry.name), `${prefix}${entry.name}/`);
      else present.push(prefix + entry.name);
    }
  };
  try {
    await walk(data, '');
    if (present.length !== payload.size) return false;
    for (const [path, { data: bytes }] of payload) if (!bytes.equals(await files.readFile(join(data, path)))) return false;
    return true;
  } catch {
    // What cannot be read is written anew.
    return false;
  }
}

async function ownTree(files: Files, directory: string, gid: number): Promise<void> {
  await files.chown(directory, -1, gid);
  await files.chmod(directory, 0o2775);
  for (const entry of await files.readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await ownTree(files, path, gid);
    else {
      const { mode } = await files.stat(path);
      await files.chown(path, -1, gid);
      await files.chmod(path, (mode & 0o777) | 0o440);
    }
  }
}

async function readLink(files: Files, path: string): Promise<string | undefined> {
  try {
    return await files.readlink(path);
  } catch {
    return undefined;
  }
}

function stamp(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
}
