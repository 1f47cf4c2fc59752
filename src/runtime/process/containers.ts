import { randomBytes } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorText } from '../../util/log.ts';
import {
  RuntimeError,
  type ContainerConfig,
  type ContainerRuntimeStatus,
  type ContainerSummary,
  type LabelFilter,
  type LinuxResources,
} from '../runtime.ts';
import { containerRecord } from './container-spec.ts';
import { startContainerProcess } from './container-start.ts';
import type { RuntimeContext } from './context.ts';
import { openLogPump, type LogPump } from './log-pump.ts';
import { killProcessGroup, startPlainProcess } from './plain.ts';
import { identify, isAlive } from './processes.ts';
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
import { hasLabels, type Sandboxes } from './sandboxes.ts';
import { signalNumber } from './signals.ts';
import { START_ERROR_CODE, startError } from './start-errors.ts';

/** Exit code of a container whose waiter is gone without a word. */
const LOST_CODE = 255;
/** How often running containers are looked at without a hint from the file system. */
const LOOK_EVERY_MS = 5_000;
/** Time that a waiter gets to write the exit code after its container's process has gone. */
const WAITER_GRACE_MS = 2_000;

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

export interface Containers {
  create(sandboxId: string, config: ContainerConfig): Promise<string>;
  start(id: string): Promise<void>;
  stop(id: string, timeoutSeconds: number): Promise<void>;
  remove(id: string): Promise<void>;
  update(id: string, resources: LinuxResources): Promise<void>;
  reopenLog(id: string): Promise<void>;
  list(filter: LabelFilter & { readonly sandboxId?: string }): ContainerSummary[];
  status(id: string): ContainerRuntimeStatus;
  /** Throws `notFound`. */
  get(id: string): Container;
  /** Containers of a sandbox. */
  of(sandboxId: string): Container[];
  close(): Promise<void>;
}

/** Loads what the disk knows and takes up every container where it is: running ones are watched again. */
export async function openContainers(context: RuntimeContext, sandboxes: Sandboxes): Promise<Containers> {
  const { host, log } = context;
  const { files, clock } = host;
  const base = `${context.rootDir}/containers`;
  const all = new Map<string, Container>();
  let closed = false;

  await files.mkdir(base, { recursive: true, mode: 0o711 });
  for (const id of await files.readdir(base)) await load(id);
  const looks = clock.every(LOOK_EVERY_MS, () => {
    for (const container of all.values()) if (container.state.phase === 'running') void look(container);
  });

  async function load(id: string): Promise<void> {
    const dir = `${base}/${id}`;
    const record = await readJson(files, `${dir}/container.json`, isContainerRecord);
    const sandbox = record && sandboxes.find(record.sandboxId);
    if (!record || !sandbox || record.id !== id) {
      log.warn('A container without a readable record or sandbox is cleared away', { id });
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

  /** The program was killed in the middle of a start: the container runs, or will never. */
  async function takeUpStart(container: Container): Promise<void> {
    const text = await files.readFile(`${container.dir}/pid`, 'utf8').catch(() => '');
    const process = await identify(host, text);
    if (process) {
      await save(container, {
        ...container.state,
        phase: 'running',
        startedAt: container.state.startedAt || clock.now(),
        pid: process.pid,
        pidStart: process.start,
      });
      return;
    }
    const message = 'the start was interrupted';
    await save(container, {
      ...container.state,
      phase: 'exited',
      exitCode: START_ERROR_CODE,
      reason: 'StartError',
      message,
      finishedAt: clock.now(),
    });
    await clearCgroup(container.record);
    container.settle();
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

  function get(id: string): Container {
    const container = all.get(id);
    if (!container) throw new RuntimeError('notFound', `an error occurred when try to find container "${id}": not found`);
    return container;
  }

  function processOf(container: Container): { pid: number; start: string } {
    return { pid: container.state.pid, start: container.state.pidStart };
  }

  async function signal(container: Container, number: number): Promise<void> {
    if (await isAlive(host, processOf(container))) host.processes.kill(container.state.pid, number);
  }

  async function kill(container: Container): Promise<void> {
    await signal(container, 9);
    await context.cgroups?.killAll(container.record.cgroup);
    void look(container);
    await container.ended;
  }

  return {
    get,
    of: (sandboxId) => [...all.values()].filter((container) => container.record.sandboxId === sandboxId),

    async create(sandboxId, config) {
      const sandbox = sandboxes.get(sandboxId);
      if (sandbox.stopped)
        throw new RuntimeError(
          'notFound',
          `failed to get sandbox container task: no running task found: task ${sandboxId} not found: not found`,
        );
      const image = await context.images.find(config.image.image);
      if (!image) throw new RuntimeError('notFound', `failed to resolve image ${JSON.stringify(config.image.image)}: not found`);
      const name = `${config.metadata.name}_${sandbox.config.metadata.name}_${sandbox.config.metadata.namespace}_${sandbox.config.metadata.uid}_${config.metadata.attempt}`;
      const holder = [...all.values()].find(
        (other) =>
          other.record.sandboxId === sandboxId &&
          other.record.config.metadata.name === config.metadata.name &&
          other.record.config.metadata.attempt === config.metadata.attempt,
      );
      if (holder)
        throw new RuntimeError(
          'unknown',
          `failed to reserve container name ${JSON.stringify(name)}: name ${JSON.stringify(name)} is reserved for ${JSON.stringify(holder.record.id)}`,
        );
      const id = randomBytes(32).toString('hex');
      if (context.plain && image.root !== '/') {
        throw new RuntimeError(
          'failedPrecondition',
          `image ${JSON.stringify(config.image.image)} needs root and Linux: only the image "host" runs without`,
        );
      }
      const record = await containerRecord(files, {
        plain: context.plain,
        id,
        config,
        sandbox,
        image,
        now: clock.now(),
        bootId: context.bootId,
      });
      const dir = `${base}/${id}`;
      try {
        await files.mkdir(dir, { mode: 0o711 });
        await Promise.all(
          ['upper/.nodelet', 'upper/proc', 'upper/sys', 'upper/dev', 'work', 'root', 'inside/t', 'io', 'dev', 'dev-work'].map((name) =>
            files.mkdir(`${dir}/${name}`, { recursive: true, mode: 0o755 }),
          ),
        );
        await Promise.all([files.writeFile(`${dir}/io/stdout`, ''), files.writeFile(`${dir}/io/stderr`, '')]);
        if (config.stdin || config.tty) await makeFifo(`${dir}/io/stdin`);
        await context.cgroups?.create(record.cgroup);
        await context.cgroups?.limit(record.cgroup, config.resources);
        if (!config.security.privileged) await context.cgroups?.restrictDevices(record.cgroup);
        await writeAtomically(files, `${dir}/container.json`, JSON.stringify(record));
      } catch (error) {
        await clearCgroup(record);
        await files.rm(dir, { recursive: true, force: true });
        throw new RuntimeError('unknown', `failed to create container "${id}": ${errorText(error)}`, { cause: error });
      }
      add(record, sandbox.config.logDirectory, createdState);
      context.emit('containerCreated', id, podUid(record));
      return id;
    },

    async start(id) {
      const container = get(id);
      const { record } = container;
      if (container.state.phase !== 'created') {
        throw new RuntimeError(
          'unknown',
          `failed to set starting state for container "${id}": container is in ${stateWord(container)} state`,
        );
      }
      const sandbox = sandboxes.get(record.sandboxId);
      if (sandbox.stopped) throw new RuntimeError('unknown', `sandbox container "${sandbox.id}" is not running`);
      container.state = { ...container.state, phase: 'starting' };
      const targetId = record.config.security.namespaces.targetId;
      const target = targetId ? all.get(targetId) : undefined;
      try {
        await save(container, container.state);
        const targetPid = target?.state.phase === 'running' ? target.state.pid : null;
        const outcome = await (context.plain ? startPlainProcess : startContainerProcess)(context, {
          record,
          sandbox,
          dir: container.dir,
          sandboxDir: sandboxes.directory(sandbox.id),
          targetPid,
        });
        if (outcome.verdict.mark !== 'ok' || !outcome.process) throw startError(outcome.verdict, record.argv[0] ?? '');
        await save(container, {
          ...container.state,
          phase: 'running',
          startedAt: clock.now(),
          pid: outcome.process.pid,
          pidStart: outcome.process.start,
        });
      } catch (error) {
        await save(container, {
          ...container.state,
          phase: 'exited',
          exitCode: START_ERROR_CODE,
          reason: 'StartError',
          message: errorText(error),
          finishedAt: clock.now(),
        });
        container.settle();
        context.emit('containerStopped', id, podUid(record));
        await clearCgroup(record);
        throw error instanceof RuntimeError ? error : new RuntimeError('unknown', errorText(error), { cause: error });
      }
      context.emit('containerStarted', id, podUid(record));
      await follow(container);
      void look(container);
    },

    async stop(id, timeoutSeconds) {
      const container = get(id);
      if (container.state.phase === 'created') {
        await save(container, { ...container.state, phase: 'exited', exitCode: 0, reason: 'Completed', finishedAt: clock.now() });
        await clearCgroup(container.record);
        container.settle();
        return;
      }
      if (container.state.phase !== 'running') return;
      if (timeoutSeconds > 0) {
        await signal(container, signalNumber(container.record.stopSignal));
        const patience = new AbortController();
        await Promise.race([container.ended, clock.sleep(timeoutSeconds * 1000, patience.signal)]);
        patience.abort();
      }
      if (container.state.phase === 'running') await kill(container);
    },

    async remove(id) {
      const container = all.get(id);
      if (!container) return;
      if (container.state.phase === 'running') await kill(container);
      await container.ending;
      await release(container);
      await clearCgroup(container.record);
      await files.rm(container.dir, { recursive: true, force: true });
      all.delete(id);
      context.emit('containerDeleted', id, podUid(container.record));
    },

    async update(id, resources) {
      const container = get(id);
      const merged: LinuxResources = { ...container.record.config.resources, ...resources };
      if (container.state.phase === 'running' || container.state.phase === 'created')
        await context.cgroups?.limit(container.record.cgroup, resources);
      const record = { ...container.record, config: { ...container.record.config, resources: merged } };
      container.record = record;
      await writeAtomically(files, `${container.dir}/container.json`, JSON.stringify(record));
    },

    async reopenLog(id) {
      const container = get(id);
      if (container.state.phase !== 'running' || !container.pump) throw new RuntimeError('unknown', 'container is not running');
      await container.pump.reopen();
    },

    list: (filter) =>
      [...all.values()]
        .filter((container) => filter.sandboxId === undefined || container.record.sandboxId === filter.sandboxId)
        .filter((container) => hasLabels(container.record.config.labels, filter.labels))
        .map(summary),

    status(id) {
      const container = get(id);
      const { record, state } = container;
      return {
        ...summary(container),
        startedAt: state.startedAt,
        finishedAt: state.finishedAt,
        exitCode: state.exitCode,
        reason: state.reason,
        message: state.message,
        mounts: record.config.mounts,
        logPath: container.logPath,
        resources: record.config.resources,
        user: { uid: record.user.uid, gid: record.user.gid, supplementalGroups: record.user.groups },
        stopSignal: record.stopSignal,
        ...(state.phase === 'running' && { pid: state.pid }),
      };
    },

    async close() {
      closed = true;
      looks.cancel();
      for (const container of all.values()) {
        container.watcher?.close();
        await container.pump?.close();
      }
      // The private mount that shared volumes asked for goes with the last container.
      if (all.size === 0) await host.processes.run('umount', ['-n', '-q', base]);
    },
  };

  async function makeFifo(path: string): Promise<void> {
    const outcome = await host.processes.run('mkfifo', ['-m', '600', path]);
    if (outcome.code !== 0) throw new Error(outcome.stderr.toString().trim());
  }
}

function summary(container: Container): ContainerSummary {
  const { record, state } = container;
  return {
    id: record.id,
    sandboxId: record.sandboxId,
    metadata: record.config.metadata,
    image: record.config.image.userSpecified || record.config.image.image,
    imageRef: record.imageId,
    state: runtimeState(state.phase),
    createdAt: record.createdAt,
    labels: record.config.labels,
    annotations: record.config.annotations,
  };
}

/** CRI's word for a state, as containerd writes it into its errors. */
export function stateWord(container: Pick<Container, 'state'>): string {
  return `CONTAINER_${runtimeState(container.state.phase).toUpperCase()}`;
}
