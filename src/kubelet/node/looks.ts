/**
 * Whether the runtime tells the state of what it runs. The original asks inside its relist, so that one stuck answer makes the node
 * unhealthy (kubernetes `pkg/kubelet/pleg/generic.go`, updateCache); here each pod asks for itself, and this hears all of them.
 */
import { RuntimeError, type Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';

export interface Looks {
  /** The same runtime. */
  readonly runtime: Runtime;
  /** Milliseconds for which looks at two or more things have found no answer; 0 when all is well. */
  stuckMs(): number;
}

/** What is not looked at again for so long is nobody's any more. */
const FORGET_MS = 300_000;

interface Stuck {
  readonly since: number;
  askedAt: number;
  open: number;
}

/** One that is stuck costs the original's relist no more than a call's deadline; two in a row make it unhealthy. */
export function watchLooks(runtime: Runtime, clock: Clock): Looks {
  const stuck = new Map<string, Stuck>();

  async function look<T>(id: string, call: Promise<T>): Promise<T> {
    const now = clock.monotonic();
    const mine = stuck.get(id) ?? { since: now, askedAt: now, open: 0 };
    stuck.set(id, mine);
    mine.askedAt = now;
    mine.open += 1;
    try {
      const answer = await call;
      stuck.delete(id);
      return answer;
    } catch (error) {
      // An answer that says no is an answer.
      if (!(error instanceof RuntimeError && error.code === 'deadlineExceeded')) stuck.delete(id);
      throw error;
    } finally {
      mine.open -= 1;
    }
  }

  return {
    runtime: Object.assign(Object.create(runtime) as Runtime, {
      podSandboxStatus: (id: string) => look(id, runtime.podSandboxStatus(id)),
      containerStatus: (id: string) => look(id, runtime.containerStatus(id)),
    }),
    stuckMs() {
      const now = clock.monotonic();
      for (const [id, { open, askedAt }] of stuck) if (open === 0 && now - askedAt > FORGET_MS) stuck.delete(id);
      const [, second] = [...stuck.values()].map(({ since }) => since).toSorted((a, b) => a - b);
      return second === undefined ? 0 : now - second;
    },
  };
}
