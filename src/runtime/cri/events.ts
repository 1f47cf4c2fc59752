/** What changes in the runtime: its event stream, containerd's own where CRI's is not implemented, and a list now and then (kubernetes `pkg/kubelet/pleg`). */
import { fromBinary } from '@bufbuild/protobuf';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { RuntimeError, type RuntimeEvent } from '../runtime.ts';
import type { GrpcClient } from './grpc.ts';
import type { Ledger } from './ledger.ts';
import { Events, TaskDeleteSchema, TaskExitSchema, TaskStartSchema, type Envelope } from './proto/containerd_events_pb.ts';
import { ContainerEventType, RuntimeService } from './proto/cri_pb.ts';

export interface EventOptions {
  readonly server: GrpcClient;
  readonly socket: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly emit: (event: RuntimeEvent) => void;
  /** Lists everything; the ledger is told. */
  readonly list: () => Promise<void>;
  /** The container is being started by ourselves. */
  readonly isOurs: (id: string) => boolean;
  /** Asks anew for a container's or sandbox's state. */
  readonly stateOf: (id: string) => Promise<string>;
}

/** Without events the list is all there is; with them it only finds what was lost. */
export const RELIST_MS = 1000;
const RELIST_WITH_EVENTS_MS = 300_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;
/** How long the runtime may take to show in its answers what it has told in an event. */
const SETTLE_MS = 5000;
const FIRST_SETTLE_MS = 4;

/** Runs until the signal is aborted. Resolves then. */
export async function followEvents(options: EventOptions): Promise<void> {
  const { clock, log, signal } = options;
  let flowing = false;
  let wakeRelist: () => void = () => undefined;

  async function relist(): Promise<void> {
    while (!signal.aborted) {
      try {
        await options.list();
      } catch (error) {
        log.v(2, 'Containers could not be listed', { err: errorText(error) });
      }
      const woken = new AbortController();
      wakeRelist = () => woken.abort();
      await clock.sleep(flowing ? RELIST_WITH_EVENTS_MS : RELIST_MS, AbortSignal.any([signal, woken.signal]));
    }
  }

  /** Reads one stream to its end; `began` once it flows. */
  async function read(stream: (began: () => void) => Promise<void>): Promise<void> {
    try {
      await stream(() => {
        flowing = true;
        // What happened before the stream began is found in a list.
        wakeRelist();
      });
    } finally {
      flowing = false;
      wakeRelist();
    }
  }

  async function streams(): Promise<void> {
    const sources = [criEvents, containerdEvents];
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted && sources.length > 0) {
      const [source = criEvents] = sources;
      try {
        await read((began) =>
          source(options, () => {
            retryMs = FIRST_RETRY_MS;
            began();
          }),
        );
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RuntimeError && error.code === 'unimplemented') {
          sources.shift();
          continue;
        }
        log.v(2, 'The event stream broke', { err: errorText(error) });
      }
      await clock.sleep(retryMs, signal);
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    }
    if (!signal.aborted) log.info('The container runtime tells no events: it is asked every second', { socket: options.socket });
  }

  await Promise.all([relist(), streams()]);
}

const TYPES: Readonly<Record<number, RuntimeEvent['type']>> = {
  [ContainerEventType.CONTAINER_CREATED_EVENT]: 'containerCreated',
  [ContainerEventType.CONTAINER_STARTED_EVENT]: 'containerStarted',
  [ContainerEventType.CONTAINER_STOPPED_EVENT]: 'containerStopped',
  [ContainerEventType.CONTAINER_DELETED_EVENT]: 'containerDeleted',
};

/** A server sends no headers before its first event: a stream that is not refused at once flows. */
const FLOWS_MS = 100;

async function criEvents(options: EventOptions, began: () => void): Promise<void> {
  const { server, ledger, clock, signal, emit } = options;
  const timer = clock.after(FLOWS_MS, began);
  try {
    await server.follow(RuntimeService.method.getContainerEvents, {}, signal, (event) => {
      const id = event.containerId;
      ledger.doubt(id);
      const podUid = event.podSandboxStatus?.metadata?.uid ?? ledger.get(id)?.podUid ?? '';
      const type = id === event.podSandboxStatus?.id ? 'sandboxChanged' : TYPES[event.containerEventType];
      if (type !== undefined && !(type === 'containerStarted' && options.isOurs(id))) emit({ type, id, podUid, at: clock.now() });
    });
  } finally {
    timer.cancel();
  }
}

const TOPICS = ['/tasks/start', '/tasks/exit', '/tasks/delete'];

async function containerdEvents(options: EventOptions, began: () => void): Promise<void> {
  const { server, ledger, clock, signal, emit } = options;
  const filters = TOPICS.map((topic) => `namespace==k8s.io,topic==${topic}`);
  const settling = new Set<string>();
  const timer = clock.after(FLOWS_MS, began);

  const tell = (id: string, type: RuntimeEvent['type']): void => {
    const known = ledger.get(id);
    if (known) emit({ type: known.kind === 'sandbox' ? 'sandboxChanged' : type, id, podUid: known.podUid, at: clock.now() });
  };
  /** containerd tells of an exit before its CRI part shows it: nobody is woken before there is something to see. */
  const settle = async (id: string): Promise<void> => {
    if (settling.has(id)) return;
    settling.add(id);
    const until = clock.monotonic() + SETTLE_MS;
    let waitMs = FIRST_SETTLE_MS;
    try {
      while (!signal.aborted && clock.monotonic() < until) {
        const state = await options.stateOf(id);
        if (state !== 'running' && state !== 'ready') break;
        await clock.sleep(waitMs, signal);
        waitMs *= 2;
      }
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
    } finally {
      settling.delete(id);
      ledger.doubt(id);
      tell(id, 'containerStopped');
    }
  };

  try {
    await server.follow(Events.method.subscribe, { filters }, signal, (envelope) => {
      const task = taskOf(envelope);
      if (task === undefined) return;
      ledger.doubt(task.id);
      if (task.pid !== undefined) {
        ledger.notePid(task.id, task.pid);
        if (!options.isOurs(task.id)) tell(task.id, 'containerStarted');
      } else void settle(task.id);
    });
  } finally {
    timer.cancel();
  }
}

/** The container that an event is about, with its pid when it has started; undefined for processes beside a container's first. */
function taskOf({ topic, event }: Envelope): { readonly id: string; readonly pid?: number } | undefined {
  if (event === undefined) return undefined;
  try {
    if (topic === '/tasks/start') {
      const { containerId, pid } = fromBinary(TaskStartSchema, event.value);
      return { id: containerId, pid };
    }
    const { containerId, id } = fromBinary(topic === '/tasks/exit' ? TaskExitSchema : TaskDeleteSchema, event.value);
    return id === '' || id === containerId ? { id: containerId } : undefined;
  } catch {
    // What cannot be read tells nothing: the next list does.
    return undefined;
  }
}
