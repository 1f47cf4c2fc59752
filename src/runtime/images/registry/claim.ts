/** A directory for the half downloads of one image, for one program at a time. */
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';

export interface ClaimedDirectory {
  readonly path: string;
  /** What is in it stays for the next attempt. */
  release(): Promise<void>;
  /** Throws away what is in it. */
  remove(): Promise<void>;
}

/** After that long without an attempt what was downloaded is thrown away: a day. */
const MAX_AGE_MS = 24 * 3_600_000;

/**
 * A directory below `base` named after `key`, with what an earlier attempt left there. While another program, or another
 * pull of this one, works in it, it is a fresh one.
 */
export async function claimDirectory(host: Host, base: string, key: string): Promise<ClaimedDirectory> {
  const { files } = host;
  await files.mkdir(base, { recursive: true, mode: 0o700 });
  await clearOld(host, base);
  const usual = join(base, key.replace(':', '-'));
  const lock = `${usual}.lock`;
  const mine = await take(host, lock);
  const path = mine ? usual : await files.mkdtemp(`${usual}.`);
  if (mine) await files.mkdir(usual, { recursive: true, mode: 0o700 });
  return {
    path,
    async release() {
      if (mine) await files.rm(lock, { force: true });
      else await files.rm(path, { recursive: true, force: true });
    },
    remove: () => files.rm(path, { recursive: true, force: true }),
  };
}

/** Takes the lock, also from a program that is no more. */
async function take({ files, processes }: Host, lock: string): Promise<boolean> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await files.writeFile(lock, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const owner = Number(await files.readFile(lock, 'utf8').catch(() => ''));
    if (!(owner > 0) || processes.kill(owner, 0)) return false;
    await files.rm(lock, { force: true });
  }
  return false;
}

async function clearOld({ files, clock }: Host, base: string): Promise<void> {
  for (const name of await files.readdir(base)) {
    const path = join(base, name);
    const stat = await files.stat(path).catch(() => null);
    if (stat && clock.now() - stat.mtimeMs > MAX_AGE_MS) await files.rm(path, { recursive: true, force: true });
  }
}
