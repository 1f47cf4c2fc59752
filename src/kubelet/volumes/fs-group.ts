/** Gives a volume to the pod's group (kubernetes `pkg/volume/volume_linux.go`, SetVolumeOwnership). */
import { join } from 'node:path';
import type { Files } from '../../util/host.ts';

const GROUP_FILE = 0o660;
const GROUP_DIRECTORY = 0o2770;

/** gid on everything, files readable and writable for the group, directories setgid; links are left alone. */
export async function applyFsGroup(
  files: Files,
  path: string,
  gid: number,
  options: { readonly recursive: boolean; readonly onMismatch?: boolean },
): Promise<void> {
  const stats = await files.lstat(path);
  if (stats.isSymbolicLink()) return;
  const bits = stats.isDirectory() ? GROUP_DIRECTORY : GROUP_FILE;
  if (options.onMismatch === true && stats.gid === gid && (stats.mode & bits) === bits) return;
  await files.chown(path, -1, gid);
  await files.chmod(path, (stats.mode & 0o7777) | bits);
  if (!options.recursive || !stats.isDirectory()) return;
  for (const name of await files.readdir(path)) await applyFsGroup(files, join(path, name), gid, { recursive: true });
}
