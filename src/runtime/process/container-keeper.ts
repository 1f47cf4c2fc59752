import { watch, type FSWatcher } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorText } from '../../util/log.ts';
import type { RuntimeContext } from './context.ts';
import { openLogPump, type LogPump } from './log-pump.ts';
import { killProcessGroup } from './plain.ts';
import { identify, isAlive, signalOnceHeard, type ProcessIdentity } from './processes.ts';
import {
  createdState,
  isContainerRecord,
  isContainerState,
  readJson,
  runtimeState,
  writeAtomically,
  type ContainerRecord,
  type ContainerState,
} from './records.ts';
import type { Sandboxes } from './sandboxes.ts';

/** Exit code of a container whose waiter is gone without a word. */
const LOST_CODE = 255;
/** How often running containers are looked at without a hint from the file system. */
const LOOK_EVERY_MS = 5_000;
/** Time that a waiter gets to write the exit code after its container's process has gone. */
const WAITER_GRACE_MS = 2_000;
/** Time that a start which was under way when the program was killed gets to come up. */
const START_GRACE_MS = 5_000;

/** A container as this runtime holds it. */
export interface Container {
  record: ContainerRecord;
  readonly dir: string;
  readonly logPath: string;
  state: ContainerState;
  pump: LogPump | null;
  watcher: FSWatcher | null;
  /** Called when its files may have changed. */
  readonly listeners: Set<() => void>;
  /** Resolves when it has ended and its log is complete. */
  readonly ended: Promise<void>;
  readonly settle: () => void;
  ending: Promise<void> | null;
}

/** Holds the containers: on disk, in memory, and while they run. */
export interface ContainerKeeper {
  readonly all: Map<string, Container>;
  directory(id: string): string;
  /** Takes a container in; `logDirectory` is its sandbox's. */
  add(record: ContainerRecord, logDirectory: string, state: ContainerState): Container;
  save(container: Container, state: ContainerState): Promise<void>;
  /** Writes down an end that needs nothing to be collected: a start that failed. */
  saveEnd(container: Container, exitCode: number, reason: string, message: string): Promise<void>;
  /** Carries its output into the log and watches for its end. */
  follow(container: Container): Promise<void>;
  /** Sees whether it has ended, and if so brings it to its end once. */
  look(container: Container): Promise<void>;
  /** Completes its log and lets go of its files. */
  release(container: Container): Promise<void>;
  clearCgroup(record: ContainerRecord): Promise<void>;
  podUid(record: ContainerRecord): string;
  /** Sends a signal to its first process, if that is alive, so that it is heard; nothing is sent any more once `given` is aborted. */
  signal(container: Container, number: number, given: AbortSignal): Promise<void>;
  /** Ends all of it by force; resolves when its end is written down. */
  kill(container: Container): Promise<void>;
  close(): Promise<void>;
}

/** Loads what the disk knows and takes up every container where it is: running ones are watched again. */
export async function openContainerKeeper(context: RuntimeContext, sandboxes: Sandboxes): Promise<ContainerKeeper> {
  const { host, log } = context;
  const { files, clock } = host;
  const base = `${context.rootDir}/containers`;
  const all = new Map<string, Container>();
  let closed = false;

  await files.mkdir(base, { recursive: true, mode: 0o711 });
  for (const id of await files.readdir(base)) await load(id);
  const looks = clock.every(LOOK_EVERY_MS, () => {
    for (const container of all.values()) if (container.state.phase === 'running') void glance(container);
  });

  async function load(id: string): Promise<void> {
    const dir = `${base}/${id}`;
    const record = await readJson(files, `${dir}/container.json`, isContainerRecord);
    const sandbox = record && sandboxes.find(record.sandboxId);
    if (!record || !sandbox || record.id !== id) {
      const begun = await files.access(`${dir}/container.json`).then(
        () => true,
        () => false,
      );
      if (begun) log.warn('A container without a readable record or sandbox is cleared away', { id });
      if (record) await clearCgroup(record);
      await files.rm(dir, { recursive: true, force: true });
      return;
    }
    const state = (await readJson(files, `${dir}/state.json`, isContainerState)) ?? createdState;
    const container = add(record, sandbox.config.logDirectory, state);
    if (state.phase === 'exited') container.settle();
    if (state.phase === 'starting') await takeUpStart(container);
    if (container.state.phase === 'running') {
      await follow(container);
      await look(container);
    }
  }

  /** The program was killed in the middle of a start: the container runs, or it never did, and is as if nobody had tried. */
  async function takeUpStart(container: Container): Promise<void> {
    const process = await awaitStart(container);
    if (process) {
      const startedAt = container.state.startedAt || clock.now();
      await save(container, { ...container.state, phase: 'running', startedAt, pid: process.pid, pidStart: process.start });
      return;
    }
    await clearCgroup(container.record);
    await save(container, createdState);
  }

  /** A waiter that was started lives on and may still be on its way: it gets the time to come up. */
  async function awaitStart(container: Container): Promise<ProcessIdentity | null> {
    const deadline = clock.monotonic() + START_GRACE_MS;
    for (;;) {
      const process = await identify(host, await files.readFile(`${container.dir}/pid`, 'utf8').catch(() => ''));
      if (process) return process;
      const waiter = await identify(host, await files.readFile(`${container.dir}/waiter`, 'utf8').catch(() => ''));
      if (!waiter || container.record.bootId !== context.bootId || !(await isAlive(host, waiter))) return null;
      if (clock.monotonic() > deadline) {
        host.processes.kill(waiter.pid, 'SIGKILL');
        return null;
      }
      await clock.sleep(20);
    }
  }

  async function saveEnd(container: Container, exitCode: number, reason: string, message: string): Promise<void> {
    await save(container, { ...container.state, phase: 'exited', exitCode, reason, message, finishedAt: clock.now() });
  }

  function add(record: ContainerRecord, logDirectory: string, state: ContainerState): Container {
    let settle = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const path = record.config.logPath;
    const logPath = !path ? '' : isAbsolute(path) ? path : join(logDirectory, path);
    const container: Container = {
      record,
      dir: `${base}/${record.id}`,
      logPath,
      state,
      pump: null,
      watcher: null,
      listeners: new Set(),
      ended,
      settle,
      ending: null,
    };
    all.set(record.id, container);
    return container;
  }

  async function save(container: Container, state: ContainerState): Promise<void> {
    container.state = state;
    await writeAtomically(files, `${container.dir}/state.json`, JSON.stringify(state));
  }

  /** Carries its output into the log and watches for its end. */
  async function follow(container: Container): Promise<void> {
    const io = `${container.dir}/io`;
    container.pump = await openLogPump(
      host,
      { stdout: `${io}/stdout`, stderr: `${io}/stderr`, cursor: `${container.dir}/log-cursor`, log: container.logPath },
      log,
    );
    const watcher = watch(io, { persistent: false }, (_kind, name) => {
      if (name === 'exit') void look(container);
      else void container.pump?.wake();
      for (const listener of container.listeners) listener();
    });
    watcher.on('error', (error) =>
      log.warn('Watching a container failed; it is looked at every few seconds', { id: container.record.id, error: errorText(error) }),
    );
    container.watcher = watcher;
    void container.pump.wake();
  }

  /** Looks closer only when its process is gone. */
  async function glance(container: Container): Promise<void> {
    if (container.record.bootId === context.bootId && (await isAlive(host, processOf(container)))) void container.pump?.wake();
    else await look(container);
  }

  /** Sees whether the container has ended, and if so brings it to its end once. */
  async function look(container: Container): Promise<void> {
    if (container.state.phase !== 'running' || closed) return;
    void container.pump?.wake();
    const text = await exitText(container);
    if (text !== null) return finish(container, Number(text));
    if (container.record.bootId === context.bootId && (await isAlive(host, processOf(container)))) return;
    const deadline = clock.monotonic() + WAITER_GRACE_MS;
    while (clock.monotonic() < deadline && container.record.bootId === context.bootId) {
      const late = await exitText(container);
      if (late !== null) return finish(container, Number(late));
      await clock.sleep(20);
    }
    return finish(container, LOST_CODE);
  }

  async function exitText(container: Container): Promise<string | null> {
    const text = await files.readFile(`${container.dir}/io/exit`, 'utf8').catch(() => '');
    return /^\d+\n$/.test(text) ? text.trim() : null;
  }

  function finish(container: Container, code: number): Promise<void> {
    container.ending ??= end(container, code).catch((error: unknown) =>
      log.error('The end of a container could not be written down', { id: container.record.id, error: errorText(error) }),
    );
    return container.ending;
  }

  async function end(container: Container, code: number): Promise<void> {
    const { record } = container;
    const finishedAt = await files.stat(`${container.dir}/io/exit`).then(
      (stat) => stat.mtimeMs,
      () => clock.now(),
    );
    const oom = (await context.cgroups?.oomKills(record.cgroup)) ?? 0;
    await context.cgroups?.killAll(record.cgroup);
    if (context.plain) await killProcessGroup(context, container.dir);
    await release(container);
    const reason =
      oom > 0 ? 'OOMKilled' : code === 0 ? 'Completed' : code === LOST_CODE && record.bootId !== context.bootId ? 'Unknown' : 'Error';
    await save(container, {
      ...container.state,
      phase: 'exited',
      exitCode: code,
      reason,
      finishedAt: Math.max(Math.floor(finishedAt), container.state.startedAt),
    });
    container.settle();
    for (const listener of container.listeners) listener();
    context.emit('containerStopped', record.id, podUid(record));
    await clearCgroup(record);
  }

  async function release(container: Container): Promise<void> {
    container.watcher?.close();
    container.watcher = null;
    await container.pump?.finish();
    await container.pump?.close();
    container.pump = null;
  }

  async function clearCgroup(record: ContainerRecord): Promise<void> {
    if (!context.cgroups) return;
    await context.cgroups.killAll(record.cgroup);
    if (!(await context.cgroups.remove(record.cgroup))) log.warn('A cgroup could not be removed', { cgroup: record.cgroup });
  }

  function podUid(record: ContainerRecord): string {
    return sandboxes.find(record.sandboxId)?.config.metadata.uid ?? '';
  }

  function processOf(container: Container): { pid: number; start: string } {
    return { pid: container.state.pid, start: container.state.pidStart };
  }

  async function signal(container: Container, number: number, given: AbortSignal): Promise<void> {
    if (await isAlive(host, processOf(container))) await signalOnceHeard(host, processOf(container), number, given);
  }

  async function kill(container: Container): Promise<void> {
    if (await isAlive(host, processOf(container))) host.processes.kill(container.state.pid, 'SIGKILL');
    await context.cgroups?.killAll(container.record.cgroup);
    void look(container);
    await container.ended;
  }

  return {
    all,
    add,
    save,
    saveEnd,
    follow,
    look,
    release,
    clearCgroup,
    podUid,
    signal,
    kill,
    directory: (id) => `${base}/${id}`,
    async close() {
      closed = true;
      looks.cancel();
      for (const container of all.values()) {
        container.watcher?.close();
        await container.pump?.close();
      }
      // The private mount that shared volumes asked for goes with the last container.
      if (all.size === 0 && !context.plain) await host.processes.run('umount', ['-n', '-q', base]);
    },
  };
}

/** CRI's word for a state, as containerd writes it into its errors. */
export function stateWord(container: Pick<Container, 'state'>): string {
  return `CONTAINER_${runtimeState(container.state.phase).toUpperCase()}`;
}
