import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './errors.ts';

/**
 * Takes a directory for this process; a second process gets a StoreError that names the first. The library below would let
 * both write. A lock whose holder is gone (killed) is taken over. Returns the way to give it back.
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'owner');
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!existsSync(path) || attempt > 1) throw new StoreError(`the store in ${directory} cannot be locked`, error);
    }
    const [pid = '', start = ''] = readFileSync(path, 'utf8').trim().split(' ');
    if (Number(pid) > 0 && isAlive(Number(pid)) && (start === '' || startOf(Number(pid)) === start)) {
      throw new StoreError(`the store in ${directory} is in use by process ${pid}`);
    }
    rmSync(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, in clock ticks since boot; tells a holder from a later process with its number. Empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
