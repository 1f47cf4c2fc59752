import type { Files } from '../../util/host.ts';

/**
 * Directories that containers on the host's root must not see: the real paths of those that lie on the root file system,
 * which alone shows there. Once found, a path is not looked for again.
 */
export function hiddenPaths(files: Files, paths: readonly string[]): () => Promise<readonly string[]> {
  const found = new Map<string, string>();
  return async () => {
    for (const path of paths) {
      if (found.has(path)) continue;
      const real = await onRootFileSystem(files, path);
      if (real) found.set(path, real);
    }
    return [...found.values()];
  };
}

async function onRootFileSystem(files: Files, path: string): Promise<string> {
  try {
    const [place, root] = await Promise.all([files.stat(path), files.stat('/')]);
    return place.dev === root.dev ? await files.realpath(path) : '';
  } catch {
    return '';
  }
}
