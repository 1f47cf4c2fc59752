import { randomBytes } from 'node:crypto';
import { errorText } from '../../util/log.ts';
import {
  RuntimeError,
  type ContainerConfig,
  type ContainerRuntimeStatus,
  type ContainerSummary,
  type LabelFilter,
  type LinuxResources,
} from '../runtime.ts';
import { openContainerKeeper, stateWord, type Container } from './container-keeper.ts';
import { containerRecord } from './container-spec.ts';
import { awaitContainerCommand, startContainerProcess } from './container-start.ts';
import type { RuntimeContext } from './context.ts';
import { deviceRules } from './devices.ts';
import { startPlainProcess } from './plain.ts';
import { createdState, runtimeState, writeAtomically } from './records.ts';
import { hasLabels, type Sandboxes } from './sandboxes.ts';
import { signalNumber } from './signals.ts';
import { START_ERROR_CODE, startError } from './start-errors.ts';
import { openStock } from './stock.ts';

/** Places that lie ready for the next containers. */
const STOCK_SIZE = 4;

/** The containers of this runtime, in CRI's verbs. */
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
  /** Whether a container that is not removed mounts this image (by id) as a volume. */
  mountsImage(id: string): boolean;
  close(): Promise<void>;
}

/** Opens the containers that the disk knows; see `openContainerKeeper`. */
export async function openContainers(context: RuntimeContext, sandboxes: Sandboxes): Promise<Containers> {
  const { host } = context;
  const { files, clock } = host;
  const keeper = await openContainerKeeper(context, sandboxes);
  const { all } = keeper;

  function get(id: string): Container {
    const container = all.get(id);
    if (!container) throw new RuntimeError('notFound', `an error occurred when try to find container "${id}": not found`);
    return container;
  }

  const stock = openStock({
    clock,
    size: context.plain ? 0 : STOCK_SIZE,
    make: makePlace,
    discard: discardPlace,
    failed: (error) => context.log.warn('A place for a container could not be made ahead', { error: errorText(error) }),
  });

  /** Makes the directories of a container that nobody has asked for yet; its id. */
  async function makePlace(): Promise<string> {
    const id = randomBytes(32).toString('hex');
    const dir = keeper.directory(id);
    try {
      await files.mkdir(dir, { mode: 0o711 });
      if (context.plain) {
        await files.mkdir(`${dir}/io`);
        await Promise.all(['stdout', 'stderr'].map((name) => files.writeFile(`${dir}/io/${name}`, '')));
        return id;
      }
      const said = `${dir}/said`;
      const code = await context.launcher.run(said, ['sh', `${context.tools.scripts}/container-place.sh`, dir]);
      if (code !== 0) throw new RuntimeError('unknown', `failed to make ${dir}: ${await files.readFile(said, 'utf8')}`);
      return id;
    } catch (error) {
      await discardPlace(id);
      throw error;
    }
  }

  async function discardPlace(id: string): Promise<void> {
    await files.rm(keeper.directory(id), { recursive: true, force: true });
  }

  return {
    get,
    of: (sandboxId) => [...all.values()].filter((container) => container.record.sandboxId === sandboxId),
    mountsImage: (id) => [...all.values()].some(({ record }) => record.config.mounts.some((mount) => mount.image?.image === id)),

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
      if (context.plain && image.root !== '/') {
        throw new RuntimeError(
          'failedPrecondition',
          `image ${JSON.stringify(config.image.image)} needs root and Linux: only the image "host" runs without`,
        );
      }
      const rules = await deviceRules(files, config, context.plain);
      const id = await stock.take();
      const dir = keeper.directory(id);
      const record = await containerRecord(files, {
        plain: context.plain,
        id,
        config,
        sandbox,
        image,
        now: clock.now(),
        bootId: context.bootId,
      }).catch(async (error: unknown) => {
        await discardPlace(id);
        throw error;
      });
      try {
        if (config.stdin || config.tty) await makeFifo(`${dir}/io/stdin`);
        await context.cgroups?.create(record.cgroup);
        await context.cgroups?.limit(record.cgroup, config.resources);
        if (!config.security.privileged) await context.cgroups?.restrictDevices(record.cgroup, rules);
        await writeAtomically(files, `${dir}/container.json`, JSON.stringify(record));
      } catch (error) {
        await keeper.clearCgroup(record);
        await discardPlace(id);
        throw new RuntimeError('unknown', `failed to create container "${id}": ${errorText(error)}`, { cause: error });
      }
      keeper.add(record, sandbox.config.logDirectory, createdState);
      context.emit('containerCreated', id, keeper.podUid(record));
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
        const begun = keeper.save(container, container.state);
        begun.catch(() => undefined);
        const targetPid = target?.state.phase === 'running' ? target.state.pid : null;
        const outcome = await (context.plain ? startPlainProcess : startContainerProcess)(context, {
          record,
          sandbox,
          dir: container.dir,
          sandboxDir: sandboxes.directory(sandbox.id),
          targetPid,
          begun,
          first: ![...all.values()].some((other) => other.record.sandboxId === sandbox.id && other.state.startedAt > 0),
        });
        if (outcome.verdict.mark !== 'ok' || !outcome.process) throw startError(outcome.verdict, record.argv[0] ?? '');
        await Promise.all([
          keeper.save(container, {
            ...container.state,
            phase: 'running',
            startedAt: clock.now(),
            pid: outcome.process.pid,
            pidStart: outcome.process.start,
          }),
          ...(context.plain ? [] : [awaitContainerCommand(context, outcome.process)]),
        ]);
      } catch (error) {
        await keeper.saveEnd(container, START_ERROR_CODE, 'StartError', errorText(error));
        container.settle();
        context.emit('containerStopped', id, keeper.podUid(record));
        await keeper.clearCgroup(record);
        throw error instanceof RuntimeError ? error : new RuntimeError('unknown', errorText(error), { cause: error });
      }
      context.emit('containerStarted', id, keeper.podUid(record));
      await keeper.follow(container);
      void keeper.look(container);
    },

    async stop(id, timeoutSeconds) {
      const container = get(id);
      if (container.state.phase === 'created') {
        await keeper.save(container, { ...container.state, phase: 'exited', exitCode: 0, reason: 'Completed', finishedAt: clock.now() });
        await keeper.clearCgroup(container.record);
        container.settle();
        return;
      }
      if (container.state.phase !== 'running') return;
      if (timeoutSeconds > 0) {
        const patience = new AbortController();
        const sent = keeper.signal(container, signalNumber(container.record.stopSignal), patience.signal);
        await Promise.race([container.ended, clock.sleep(timeoutSeconds * 1000, patience.signal)]);
        patience.abort();
        await sent;
      }
      if (container.state.phase === 'running') await keeper.kill(container);
    },

    async remove(id) {
      const container = all.get(id);
      if (!container) return;
      if (container.state.phase === 'running') await keeper.kill(container);
      await container.ending;
      await keeper.release(container);
      await keeper.clearCgroup(container.record);
      await files.rm(container.dir, { recursive: true, force: true });
      all.delete(id);
      context.emit('containerDeleted', id, keeper.podUid(container.record));
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
        ...(!context.plain && { writableLayer: `${container.dir}/upper` }),
      };
    },

    async close() {
      await stock.close();
      await keeper.close();
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
