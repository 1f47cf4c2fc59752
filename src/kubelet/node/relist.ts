/** The slow look at everything, which finds what no event told (kubernetes `pkg/kubelet/pleg/generic.go`). */
import type { ContainerSummary, PodSandbox, Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';
import { POD_UID } from '../spec/labels.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';

export interface Relist {
  /** Looks every ten seconds from now on: `turn` hears of whom the runtime says something else than last time. */
  start(turn: (changed: ReadonlySet<string>) => void): void;
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

  let known = new Map<string, string>();

  /** Asks for all; how long that takes is the runtime's health. Resolves to the uids of pods that changed. */
  async function list(asked: number): Promise<ReadonlySet<string>> {
    // A runtime that does not answer is seen in the errors of those who ask it and, here, in the time since it last did.
    const answered = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]).catch(() => undefined);
    metrics.plegRelistDuration.observe((clock.monotonic() - asked) / 1000);
    if (answered === undefined) return new Set();
    metrics.plegLastSeen.set(Math.floor(clock.now() / 1000));
    listed = Math.max(listed, asked);
    const before = known;
    known = statesByPod(answered.flat());
    return new Set([...before.keys(), ...known.keys()].filter((uid) => before.get(uid) !== known.get(uid)));
  }

  return {
    start(turn) {
      timer = clock.every(RELIST_MS, () => {
        const before = turned;
        turned = clock.monotonic();
        metrics.plegRelistInterval.observe((turned - before) / 1000);
        void list(turned).then(turn);
      });
    },
    turnedAgoMs: () => clock.monotonic() - turned,
    listedAgoMs: () => clock.monotonic() - listed,
    close: () => timer?.cancel(),
  };
}

/** What the runtime says of each pod's sandboxes and containers, as one text a uid. */
function statesByPod(all: readonly (PodSandbox | ContainerSummary)[]): Map<string, string> {
  const texts = new Map<string, string>();
  // Runtimes list in any order.
  for (const { id, state, labels } of all.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const uid = labels[POD_UID];
    if (uid !== undefined) texts.set(uid, `${texts.get(uid) ?? ''}${id} ${state}\n`);
  }
  return texts;
}
