import { randomBytes } from 'node:crypto';
import { errorText } from '../../util/log.ts';
import { RuntimeError, type LabelFilter, type PodSandbox, type PodSandboxConfig, type PodSandboxStatus } from '../runtime.ts';
import type { Cni } from './cni/cni.ts';
import { isCgroupPath } from './cgroup-layout.ts';
import type { RuntimeContext } from './context.ts';
import { isSandboxRecord, readJson, writeAtomically, type SandboxRecord } from './records.ts';
import { startPause, stopPause } from './pause.ts';
import { resolvConf, sysctlFiles } from './sandbox-files.ts';
import { openStock } from './stock.ts';
import { readKernelFile } from './kernel-files.ts';

/** The sandboxes of this runtime. */
export interface Sandboxes {
  run(config: PodSandboxConfig, handler: string): Promise<string>;
  /** Takes down network and namespaces; the containers must have ended. */
  stop(id: string): Promise<void>;
  /** Forgets a stopped sandbox whose containers are gone. */
  remove(id: string): Promise<void>;
  /** Throws `notFound`. */
  get(id: string): SandboxRecord;
  find(id: string): SandboxRecord | undefined;
  status(id: string): PodSandboxStatus;
  list(filter: LabelFilter): PodSandbox[];
  directory(id: string): string;
  /** Lets go of what was made ahead; sandboxes stay. */
  close(): Promise<void>;
}

const PINS = ['net', 'uts', 'ipc'] as const;

/** Sandboxes that lie ready for the next pods. */
const STOCK_SIZE = 4;

/** Which namespaces a sandbox has for itself. */
interface Own {
  readonly network: boolean;
  readonly ipc: boolean;
}

/** A sandbox without a pod. */
interface Blank {
  readonly id: string;
  /** Empty on the host's network. */
  readonly address: string;
}

/** Loads what the disk knows; sandboxes of an earlier boot count as stopped. */
export async function openSandboxes(context: RuntimeContext): Promise<Sandboxes> {
  const { host, log } = context;
  const { files } = host;
  const base = `${context.rootDir}/sandboxes`;
  const records = new Map<string, SandboxRecord>();
  /** Names of sandboxes that are being made. */
  const reserved = new Set<string>();
  const directory = (id: string): string => `${base}/${id}`;

  await files.mkdir(base, { recursive: true, mode: 0o711 });
  for (const id of await files.readdir(base)) {
    const record = await readJson(files, `${directory(id)}/sandbox.json`, isSandboxRecord);
    if (record?.id === id) {
      const gone = record.bootId !== context.bootId;
      records.set(id, gone ? { ...record, stopped: true } : record);
      if (record.address && !record.stopped && !gone) context.network.addresses.keep(record.address);
    } else {
      if (await exists(`${directory(id)}/sandbox.json`)) log.warn('A sandbox without a readable record is cleared away', { id });
      await takeDown(id);
      await files.rm(directory(id), { recursive: true, force: true });
    }
  }
  const live = [...records.values()].filter((record) => !record.stopped).map((record) => record.id);
  await context.network.past?.collect(new Set(live));
  await publishPorts();

  async function exists(path: string): Promise<boolean> {
    return files.access(path).then(
      () => true,
      () => false,
    );
  }

  async function save(record: SandboxRecord): Promise<void> {
    records.set(record.id, record);
    await writeAtomically(files, `${directory(record.id)}/sandbox.json`, JSON.stringify(record));
  }

  async function publishPorts(): Promise<void> {
    const open = [...records.values()].filter(
      (record) => !record.stopped && record.address && record.config.portMappings.some((port) => port.hostPort > 0),
    );
    await context.network.publish(open.map((record) => ({ address: record.address, ports: record.config.portMappings })));
  }

  async function takeDown(id: string): Promise<void> {
    if (context.plain) return;
    const dir = directory(id);
    await stopPause(context, dir);
    const pins = [`${dir}/shm`, ...PINS.map((pin) => `${dir}/${pin}`)];
    const said = `${dir}/said`;
    const script = `${context.tools.scripts}/sandbox-down.sh`;
    const code = await context.launcher.run(said, ['sh', script, context.network.interfaceOf(id), ...pins]);
    if (code !== 0) log.v(4, 'Some of a sandbox was gone already', { id, error: (await readHostFile(said)).trim() });
  }

  function get(id: string): SandboxRecord {
    const record = records.get(id);
    if (!record) throw new RuntimeError('notFound', `an error occurred when try to find sandbox: not found`);
    return record;
  }

  /** Makes the namespaces of a sandbox that nobody has asked for yet; the words and files of its pod come when it is taken. */
  async function makeBlank(own: Own): Promise<Blank> {
    const id = randomBytes(32).toString('hex');
    const dir = directory(id);
    const address = own.network && !context.network.cni ? context.network.addresses.take() : '';
    try {
      await files.mkdir(dir, { mode: 0o711 });
      if (!context.plain) {
        await files.mkdir(`${dir}/shm`);
        const flags = [...(own.network ? [`--net=${dir}/net`, `--uts=${dir}/uts`] : []), ...(own.ipc ? [`--ipc=${dir}/ipc`] : [])];
        const inside = own.network ? context.network.insideBatch(id, address) : '';
        const outside = address ? context.network.hostBatch(id) : '';
        await runScript(dir, ['sandbox-up.sh', dir, own.ipc ? 'shm' : '', flags.join(' '), inside, outside]);
      }
      return { id, address };
    } catch (error) {
      await discard({ id, address });
      throw error;
    }
  }

  async function discard({ id, address }: Blank): Promise<void> {
    await takeDown(id);
    if (address) context.network.addresses.give(address);
    await files.rm(directory(id), { recursive: true, force: true });
  }

  async function connect(cni: Cni, id: string, config: PodSandboxConfig): Promise<string[]> {
    try {
      return await cni.attach(id, `${directory(id)}/net`, config);
    } catch (error) {
      throw new RuntimeError('unknown', `failed to setup network for sandbox ${JSON.stringify(id)}: ${errorText(error)}`, { cause: error });
    }
  }

  /** What a pod's configuration asks of its sandbox's namespaces. */
  async function furnish({ id, config }: SandboxRecord, own: Own, sysctls: readonly (readonly [string, string])[]): Promise<void> {
    const dir = directory(id);
    const name = config.hostname || readKernelFile('/proc/sys/kernel/hostname').trim();
    await Promise.all([
      files.writeFile(`${dir}/hostname`, `${name}\n`),
      files.writeFile(`${dir}/resolv.conf`, config.dns ? resolvConf(config.dns) : await readHostFile('/etc/resolv.conf')),
    ]);
    if (context.plain) return;
    if (sysctls.length > 0) {
      const join = [...(own.network ? [`--net=${dir}/net`] : []), ...(own.ipc ? [`--ipc=${dir}/ipc`] : [])];
      await runScript(dir, ['sandbox-sysctls.sh', ...sysctls.flat()], ['nsenter', ...join]);
    }
    if (config.security.namespaces.pid === 'pod') await startPause(context, dir);
  }

  async function runScript(dir: string, [script = '', ...args]: readonly string[], before: readonly string[] = []): Promise<void> {
    const said = `${dir}/said`;
    const code = await context.launcher.run(said, [...before, 'sh', `${context.tools.scripts}/${script}`, ...args]);
    if (code !== 0) throw new Error((await readHostFile(said)).trim() || `exit status ${code}`);
  }

  async function readHostFile(path: string): Promise<string> {
    return files.readFile(path, 'utf8').catch(() => '');
  }

  const usual: Own = { network: true, ipc: true };
  const stock =
    context.plain || context.network.problem !== null
      ? null
      : openStock({
          clock: host.clock,
          size: STOCK_SIZE,
          make: () => makeBlank(usual),
          discard,
          failed: (error) => log.warn('A sandbox could not be made ahead', { error: errorText(error) }),
        });

  return {
    directory,
    get,
    find: (id) => records.get(id),

    async run(config, handler) {
      if (handler)
        throw new RuntimeError('unknown', `failed to get sandbox runtime: no runtime for ${JSON.stringify(handler)} is configured`);
      const name = sandboxName(config);
      const holder = [...records.values()].find((record) => sandboxName(record.config) === name);
      if (holder || reserved.has(name))
        throw new RuntimeError(
          'unknown',
          `failed to reserve sandbox name ${JSON.stringify(name)}: name ${JSON.stringify(name)} is reserved for ${JSON.stringify(holder?.id ?? '')}`,
        );
      const { cni } = context.network;
      const hasNetwork = !context.plain && config.security.namespaces.network === 'pod';
      const problem = cni ? await cni.problem() : context.network.problem;
      if (hasNetwork && problem !== null) throw new RuntimeError('unavailable', `failed to setup network for sandbox: ${problem}`);
      const parent = config.cgroupParent || `${context.cgroupRoot}/${config.metadata.uid}`;
      if (!isCgroupPath(parent)) throw new RuntimeError('invalidArgument', `${JSON.stringify(parent)} is not a cgroup path`);
      const own: Own = { network: hasNetwork, ipc: !context.plain && config.security.namespaces.ipc === 'pod' };
      const sysctls = sysctlFiles(config.sysctls, own);
      if (own.network && config.hostname.length > 64)
        throw new RuntimeError('invalidArgument', `host name ${JSON.stringify(config.hostname)} is longer than 64 bytes`);
      reserved.add(name);
      let blank: Blank | undefined;
      try {
        blank = await (stock && own.network && own.ipc ? stock.take() : makeBlank(own));
        const { id } = blank;
        const addresses = cni && own.network ? await connect(cni, id, config) : blank.address ? [blank.address] : [];
        const made = (await context.cgroups?.create(parent)) ?? [];
        const record: SandboxRecord = {
          id,
          config: { ...config, cgroupParent: parent },
          createdAt: host.clock.now(),
          bootId: context.bootId,
          address: addresses[0] ?? '',
          ...(cni && { addresses }),
          stopped: false,
          madeCgroups: made.includes(parent) ? [parent] : [],
        };
        await Promise.all([save(record), furnish(record, own, sysctls)]);
        if (config.portMappings.some((port) => port.hostPort > 0)) await publishPorts();
        context.emit('sandboxChanged', id, config.metadata.uid);
        return id;
      } catch (error) {
        if (blank) {
          records.delete(blank.id);
          await cni?.detach(blank.id).catch((failed: unknown) => log.warn('A network stays', { id: blank?.id, error: errorText(failed) }));
          await discard(blank);
        }
        if (error instanceof RuntimeError) throw error;
        throw new RuntimeError('unknown', `failed to create sandbox "${blank?.id ?? ''}": ${errorText(error)}`, { cause: error });
      } finally {
        reserved.delete(name);
      }
    },

    async stop(id) {
      const record = records.get(id);
      if (!record || record.stopped) return;
      await context.network.past?.detach(id).catch((error: unknown) => {
        throw new RuntimeError('unknown', `failed to destroy network for sandbox ${JSON.stringify(id)}: ${errorText(error)}`, {
          cause: error,
        });
      });
      await save({ ...record, stopped: true });
      await takeDown(id);
      if (record.address) context.network.addresses.give(record.address);
      if (record.config.portMappings.some((port) => port.hostPort > 0)) await publishPorts();
      context.emit('sandboxChanged', id, record.config.metadata.uid);
    },

    async remove(id) {
      const record = records.get(id);
      if (!record) return;
      for (const path of record.madeCgroups) await context.cgroups?.remove(path);
      await files.rm(directory(id), { recursive: true, force: true });
      records.delete(id);
      context.emit('sandboxChanged', id, record.config.metadata.uid);
    },

    status(id) {
      const record = get(id);
      return {
        ...toSandbox(record),
        ips: record.address && !record.stopped ? (record.addresses ?? [record.address]) : [],
        network: context.plain ? 'node' : record.config.security.namespaces.network,
      };
    },

    list: (filter) => [...records.values()].map(toSandbox).filter((sandbox) => hasLabels(sandbox.labels, filter.labels)),

    async close() {
      await stock?.close();
    },
  };
}

/** Whether every wanted label is there with its value. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}

function sandboxName(config: PodSandboxConfig): string {
  const { name, namespace, uid, attempt } = config.metadata;
  return `${name}_${namespace}_${uid}_${attempt}`;
}

function toSandbox(record: SandboxRecord): PodSandbox {
  const { config } = record;
  return {
    id: record.id,
    metadata: config.metadata,
    state: record.stopped ? 'notReady' : 'ready',
    createdAt: record.createdAt,
    labels: config.labels,
    annotations: config.annotations,
  };
}
