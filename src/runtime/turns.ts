/** A runtime that is asked to start only so much at a time. */
import type { Clock, Timer } from '../util/clock.ts';
import type { Runtime } from './runtime.ts';

/** Who comes first when several wait: containers of sandboxes that are there, or new sandboxes. */
type Rank = 'container' | 'sandbox';

/** A call that takes longer lets the next one begin: one that hangs holds up nobody. */
const PATIENCE_MS = 3_000;

/**
 * A burst of pods that all start at once takes longer than the same pods a few at a time, and its first pod runs as late as its
 * last: they wait for each other's locks in the kernel and in the runtime. As many run together as the runtime says; those that
 * belong to pods already begun go first.
 */
export function inTurns(runtime: Runtime, clock: Clock): Runtime {
  const waiting: Record<Rank, (() => void)[]> = { container: [], sandbox: [] };
  let free = runtime.startsTogether ?? Infinity;

  const next = (): void => {
    const begin = waiting.container.shift() ?? waiting.sandbox.shift();
    if (begin === undefined) free += 1;
    else begin();
  };

  async function turn<T>(rank: Rank, work: () => Promise<T>): Promise<T> {
    if (free > 0) free -= 1;
    else
      await new Promise<void>((resolve) => {
        waiting[rank].push(resolve);
      });
    let passed = false;
    const pass = (): void => {
      if (!passed) next();
      passed = true;
    };
    const timer: Timer = clock.after(PATIENCE_MS, pass);
    try {
      return await work();
    } finally {
      timer.cancel();
      pass();
    }
  }

  // On top of what it is made of, which may answer for more than it owns.
  return Object.assign(Object.create(runtime) as Runtime, {
    runPodSandbox: (...args: Parameters<Runtime['runPodSandbox']>) => turn('sandbox', () => runtime.runPodSandbox(...args)),
    createContainer: (...args: Parameters<Runtime['createContainer']>) => turn('container', () => runtime.createContainer(...args)),
    startContainer: (id: string) => turn('container', () => runtime.startContainer(id)),
  });
}
