/** Files that flags and configurations name. */
import type { Host } from '../util/host.ts';
import { UserError } from './user-error.ts';

/** The text of the file that `what` names (`--tls-cert-file`). Throws a UserError that says both. */
export async function readNamedFile(what: string, path: string, { files }: Host): Promise<string> {
  try {
    return await files.readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot read the file of ${what}: ${reason}`);
  }
}

/** The same of several files, in their order. */
export function readNamedFiles(what: string, paths: readonly string[], host: Host): Promise<string[]> {
  return Promise.all(paths.map((path) => readNamedFile(what, path, host)));
}
