/**
 * Parts of volumes that are mounted alone (kubernetes `pkg/volume/util/subpath/subpath_linux.go`). A container may write the
 * volume, so no link in it is trusted: each directory is opened through the descriptor of the one above, without following links,
 * and what was opened is what is mounted.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Host } from '../../util/host.ts';
import { isMounted } from '../../util/mountinfo.ts';
import { bindMount, unmount } from './tmpfs.ts';

export interface SubPathRequest {
  /** The volume's root. */
  readonly volumePath: string;
  readonly subPath: string;
  /** Where the part is mounted for the container: `…/volume-subpaths/VOLUME/CONTAINER/INDEX`. */
  readonly target: string;
  /** False: nothing can be mounted; the checked path is used as it is. */
  readonly mayMount: boolean;
}

/** Makes the part if it is missing and returns the path to mount. Throws when the part lies outside the volume. */
export async function prepareSubPath(host: Host, request: SubPathRequest): Promise<string> {
  const { volumePath, subPath, target, mayMount } = request;
  checkSubPath(subPath);
  const { files } = host;
  const root = await files.realpath(volumePath);
  await makeInside(host, root, subPath);
  const real = await files.realpath(join(root, subPath));
  const inside = relative(root, real);
  if (inside.startsWith('..') || inside.startsWith('/'))
    throw new Error(`subpath ${JSON.stringify(subPath)} not within volume path ${volumePath}`);
  if (!mayMount) return real;
  const handle = await openInside(host, root, inside === '' ? [] : inside.split('/'));
  try {
    const directory = (await handle.stat()).isDirectory();
    if (await isMounted(host, target)) await unmount(host, target);
    await files.mkdir(directory ? target : dirname(target), { recursive: true, mode: 0o750 });
    if (!directory) await files.writeFile(target, '', { flag: 'a' });
    await bindMount(host, `/proc/${process.pid}/fd/${handle.fd}`, target);
  } finally {
    await handle.close();
  }
  return target;
}

/** Throws for a path that may not be asked for at all. */
export function checkSubPath(subPath: string): void {
  if (subPath.startsWith('/')) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}

/** Opens each part below the one before; a link in between is an error. */
async function openInside(host: Host, root: string, parts: readonly string[]): Promise<FileHandle> {
  let handle = await host.files.open(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  for (const part of parts) {
    const parent = handle;
    try {
      handle = await host.files.open(
        `/proc/self/fd/${parent.fd}/${part}`,
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
    } finally {
      await parent.close();
    }
  }
  return handle;
}

/** Makes the missing directories of the part, with the mode of the volume's root. */
async function makeInside(host: Host, root: string, subPath: string): Promise<void> {
  const { files } = host;
  const { mode } = await files.stat(root);
  let at = root;
  for (const part of subPath.split('/').filter((p) => p !== '' && p !== '.')) {
    const next = join(at, part);
    const real = await files.realpath(next).catch(() => undefined);
    if (real === undefined) {
      const parent = await openInside(
        host,
        root,
        relative(root, at)
          .split('/')
          .filter((p) => p !== ''),
      );
      try {
        const made = `/proc/self/fd/${parent.fd}/${part}`;
        await files.mkdir(made, { mode: mode & 0o7777 });
        await files.chmod(made, mode & 0o7777);
      } finally {
        await parent.close();
      }
      at = next;
    } else if (real !== root && !real.startsWith(`${root}/`))
      throw new Error(`subpath ${JSON.stringify(subPath)} not within volume path ${root}`);
    else at = real;
  }
}
