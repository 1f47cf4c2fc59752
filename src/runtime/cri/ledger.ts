/** What is known of the runtime's containers and sandboxes by id: whose they are, and their statuses as long as they hold. */
import type { Clock } from '../../util/clock.ts';
import type { ContainerRuntimeStatus, ContainerSummary, PodSandbox, PodSandboxStatus } from '../runtime.ts';

export interface Known {
  readonly kind: 'container' | 'sandbox';
  readonly podUid: string;
  /** Of a container, the sandbox it is in. */
  readonly sandboxId: string;
  state: string;
  /** Pid of the first process, once the runtime has told it. */
  pid: number | undefined;
  /** How often its state was doubted. */
  doubts: number;
}

export interface Ledger {
  get(id: string): Known | undefined;
  /** Takes in what a list says; a status that it contradicts is forgotten. True when the state is news. */
  noteContainer(container: ContainerSummary): boolean;
  noteSandbox(sandbox: PodSandbox): boolean;
  /** A container or sandbox that is being made. */
  add(id: string, known: Omit<Known, 'pid' | 'state' | 'doubts'>): void;
  notePid(id: string, pid: number): void;
  /** The status of a list's entry, when it was asked for before and the list has just confirmed it. */
  containerStatus(id: string): ContainerRuntimeStatus | undefined;
  sandboxStatus(id: string): PodSandboxStatus | undefined;
  /** What a status that is asked for now must be kept with: it is not kept when the state was doubted meanwhile. */
  mark(id: string): number;
  keepContainerStatus(status: ContainerRuntimeStatus, mark: number): void;
  keepSandboxStatus(status: PodSandboxStatus, mark: number): void;
  /** Something happens to it: what is known of its state does not hold any more. */
  doubt(id: string): void;
  forget(id: string): void;
  ids(): ReadonlySet<string>;
  /** Forgets those; what they were. */
  forgetAll(ids: Iterable<string>): readonly (Known & { readonly id: string })[];
}

export const POD_UID_LABEL = 'io.kubernetes.pod.uid';
/** How long a list's word is taken for a container's status: long enough for those who list and then look. */
const CONFIRMED_MS = 250;

interface Kept<T> {
  readonly status: T;
  confirmedAt: number;
}

export function createLedger(clock: Clock): Ledger {
  const entries = new Map<string, Known>();
  const containers = new Map<string, Kept<ContainerRuntimeStatus>>();
  const sandboxes = new Map<string, Kept<PodSandboxStatus>>();

  function note(id: string, state: string, fresh: () => Known, kept: Kept<{ readonly state: string }> | undefined): boolean {
    const old = entries.get(id);
    const known = old ?? fresh();
    if (old === undefined) entries.set(id, known);
    const news = old?.state !== state;
    known.state = state;
    if (kept && kept.status.state === state) kept.confirmedAt = clock.monotonic();
    else {
      containers.delete(id);
      sandboxes.delete(id);
    }
    return news;
  }

  const confirmed = <T>(kept: Kept<T> | undefined): T | undefined =>
    kept && clock.monotonic() - kept.confirmedAt < CONFIRMED_MS ? kept.status : undefined;

  const mark = (id: string): number => entries.get(id)?.doubts ?? 0;

  const forget = (id: string): void => {
    entries.delete(id);
    containers.delete(id);
    sandboxes.delete(id);
  };

  return {
    get: (id) => entries.get(id),
    noteContainer: ({ id, state, sandboxId, labels }) =>
      note(
        id,
        state,
        () => ({ kind: 'container', podUid: labels[POD_UID_LABEL] ?? '', sandboxId, state, pid: undefined, doubts: 0 }),
        containers.get(id),
      ),
    noteSandbox: ({ id, state, metadata }) =>
      note(
        id,
        state,
        () => ({ kind: 'sandbox', podUid: metadata.uid, sandboxId: id, state, pid: undefined, doubts: 0 }),
        sandboxes.get(id),
      ),
    add: (id, known) => {
      const { pid, doubts = 0 } = entries.get(id) ?? {};
      entries.set(id, { ...known, state: '', pid, doubts });
    },
    notePid(id, pid) {
      const known = entries.get(id);
      if (known === undefined || known.pid === pid) return;
      known.pid = pid;
      known.doubts += 1;
      containers.delete(id);
    },
    containerStatus: (id) => confirmed(containers.get(id)),
    sandboxStatus: (id) => confirmed(sandboxes.get(id)),
    mark,
    keepContainerStatus(status, since) {
      // A container that was made and not started changes without a word.
      if (since === mark(status.id) && (status.state === 'running' || status.state === 'exited'))
        containers.set(status.id, { status, confirmedAt: -Infinity });
    },
    keepSandboxStatus(status, since) {
      if (since === mark(status.id)) sandboxes.set(status.id, { status, confirmedAt: -Infinity });
    },
    doubt(id) {
      const known = entries.get(id);
      if (known) known.doubts += 1;
      containers.delete(id);
      sandboxes.delete(id);
    },
    forget,
    ids: () => new Set(entries.keys()),
    forgetAll(ids) {
      return [...ids].flatMap((id) => {
        const known = entries.get(id);
        forget(id);
        return known ? [{ ...known, id }] : [];
      });
    },
  };
}
