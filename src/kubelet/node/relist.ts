/** The slow look at everything, which finds what no event told (kubernetes `pkg/kubelet/pleg/generic.go`). */
import type { Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';

export interface Relist {
  /** Looks every ten seconds from now on; `turn` wakes what looks for itself. */
  start(turn: () => void): void;
  /** Milliseconds since the last look began. */
  turnedAgoMs(): number;
  /** Milliseconds since the runtime was last asked for all that it has, and answered. */
  listedAgoMs(): number;
  close(): void;
}

const RELIST_MS = 10_000;

export function createRelist(runtime: Runtime, metrics: KubeletMetrics, clock: Clock): Relist {
  let turned = clock.monotonic();
  let listed = turned;
  let timer: { cancel(): void } | undefined;

  /** Asks for all, as the pods' own looks do one by one: how long that takes is the runtime's health. */
  async function measure(asked: number): Promise<void> {
    // A runtime that does not answer is seen in its errors and, here, in the time since it last did.
    const answered = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]).catch(() => undefined);
    metrics.plegRelistDuration.observe((clock.monotonic() - asked) / 1000);
    if (answered === undefined) return;
    metrics.plegLastSeen.set(Math.floor(clock.now() / 1000));
    listed = Math.max(listed, asked);
  }

  return {
    start(turn) {
      timer = clock.every(RELIST_MS, () => {
        const before = turned;
        turned = clock.monotonic();
        metrics.plegRelistInterval.observe((turned - before) / 1000);
        void measure(turned);
        turn();
      });
    },
    turnedAgoMs: () => clock.monotonic() - turned,
    listedAgoMs: () => clock.monotonic() - listed,
    close: () => timer?.cancel(),
  };
}
