/** How full file systems are, asked with patience: one that does not answer is not asked again before it has. */
import type { StatsFs } from 'node:fs';
import type { Host } from '../../util/host.ts';

/** Undefined for a file system that does not answer in time, or cannot be asked. */
export type Statfs = (path: string) => Promise<StatsFs | undefined>;

/** An answer that takes longer is not waited for. */
const TIMEOUT_MS = 2_000;

/** Each question that hangs holds one of the few threads that this process has for files: there is at most one for a path. */
export function createStatfs({ files, clock }: Host): Statfs {
  const asked = new Map<string, Promise<StatsFs | undefined>>();
  return async (path) => {
    const answer = asked.get(path) ?? ask(path);
    let giveUp: () => void = () => undefined;
    const late = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)));
    const timer = clock.after(TIMEOUT_MS, giveUp);
    const stats = await Promise.race([answer, late]);
    timer.cancel();
    return stats;
  };

  function ask(path: string): Promise<StatsFs | undefined> {
    const answer = files
      .statfs(path)
      .catch(() => undefined)
      .finally(() => asked.delete(path));
    asked.set(path, answer);
    return answer;
  }
}
