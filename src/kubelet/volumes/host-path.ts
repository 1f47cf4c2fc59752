/** hostPath volumes: the checks that their type asks for (kubernetes `pkg/volume/hostpath/host_path.go`). */
import { isAbsolute } from 'node:path';
import type { Stats } from 'node:fs';
import type { Files } from '../../util/host.ts';

const CHECKS: Readonly<Record<string, readonly [(stats: Stats) => boolean, string]>> = {
  Directory: [(s) => s.isDirectory(), 'a directory'],
  DirectoryOrCreate: [(s) => s.isDirectory(), 'a directory'],
  File: [(s) => s.isFile(), 'a file'],
  FileOrCreate: [(s) => s.isFile(), 'a file'],
  Socket: [(s) => s.isSocket(), 'a socket file'],
  CharDevice: [(s) => s.isCharacterDevice(), 'a character device'],
  BlockDevice: [(s) => s.isBlockDevice(), 'a block device'],
};

/** Resolves when the path is what `type` says, after making it where the type says so. */
export async function prepareHostPath(files: Files, path: string, type: string): Promise<void> {
  if (!isAbsolute(path) || path.split('/').includes('..')) throw new Error(`hostPath "${path}" must be an absolute path without '..'`);
  const stats = await files.stat(path).catch(() => undefined);
  if (stats === undefined && (type === 'DirectoryOrCreate' || type === '')) {
    // Without a type nothing is checked; a path that is not there becomes a directory, as runtimes do.
    await files.mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (stats === undefined && type === 'FileOrCreate') {
    await files.writeFile(path, '', { mode: 0o644, flag: 'a' });
    return;
  }
  if (type === '') return;
  const check = CHECKS[type];
  if (check === undefined) throw new Error(`hostPath type check failed: unknown type "${type}"`);
  if (stats === undefined || !check[0](stats)) throw new Error(`hostPath type check failed: ${path} is not ${check[1]}`);
}
