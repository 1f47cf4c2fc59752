import type { Files } from '../../util/host.ts';

/** Symbolic links that are followed before a path counts as a loop, as the kernel does. */
const MAX_LINKS = 40;

/**
 * Where `path` lies below `root` when every symbolic link on the way is resolved as if `root` were `/`.
 * Components that do not exist are kept as they are. Rejects with ELOOP's text for a loop.
 */
export async function resolveBelow(files: Pick<Files, 'lstat' | 'readlink'>, root: string, path: string): Promise<string> {
  const rest = path.split('/').toReversed();
  const done: string[] = [];
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = [root.replace(/\/$/, ''), ...done, part].join('/');
    const target = await linkTarget(files, here);
    if (target === null) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new Error(`too many levels of symbolic links: ${path}`);
    if (target.startsWith('/')) done.length = 0;
    rest.push(...target.split('/').toReversed());
  }
  return [root.replace(/\/$/, ''), ...done].join('/') || '/';
}

async function linkTarget(files: Pick<Files, 'lstat' | 'readlink'>, path: string): Promise<string | null> {
  try {
    const stat = await files.lstat(path);
    return stat.isSymbolicLink() ? await files.readlink(path) : null;
  } catch {
    return null;
  }
}
