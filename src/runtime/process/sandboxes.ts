import { randomBytes } from 'node:crypto';
import { errorText } from '../../util/log.ts';
import { RuntimeError, type LabelFilter, type PodSandbox, type PodSandboxConfig, type PodSandboxStatus } from '../runtime.ts';
import { isCgroupPath } from './cgroup-layout.ts';
import type { RuntimeContext } from './context.ts';
import { isSandboxRecord, readJson, writeAtomically, type SandboxRecord } from './records.ts';
import { startPause, stopPause } from './pause.ts';
import { resolvConf, sysctlFiles } from './sandbox-files.ts';

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
}

const PINS = ['net', 'uts', 'ipc'] as const;

/** Loads what the disk knows; sandboxes of an earlier boot count as stopped. */
export async function openSandboxes(context: RuntimeContext): Promise<Sandboxes> {
  const { host, log } = context;
  const { files } = host;
  const base = `${context.rootDir}/sandboxes`;
  const records = new Map<string, SandboxRecord>();
  const directory = (id: string): string => `${base}/${id}`;

  await files.mkdir(base, { recursive: true, mode: 0o711 });
  for (const id of await files.readdir(base)) {
    const record = await readJson(files, `${directory(id)}/sandbox.json`, isSandboxRecord);
    if (record?.id === id) {
      const gone = record.bootId !== context.bootId;
      records.set(id, gone ? { ...record, stopped: true } : record);
      if (record.address && !record.stopped && !gone) context.network.addresses.keep(record.address);
    } else {
      log.warn('A sandbox without a readable record is cleared away', { id });
      await takeDown(id);
      await files.rm(directory(id), { recursive: true, force: true });
    }
  }
  await publishPorts();

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

  async function make(record: SandboxRecord): Promise<void> {
    const { id, config } = record;
    const dir = directory(id);
    const { namespaces } = config.security;
    const ownNetwork = !context.plain && namespaces.network === 'pod';
    const ownIpc = !context.plain && namespaces.ipc === 'pod';
    const sysctls = sysctlFiles(config.sysctls, { network: ownNetwork, ipc: ownIpc });
    const flags = [...(ownNetwork ? [`--net=${dir}/net`, `--uts=${dir}/uts`] : []), ...(ownIpc ? [`--ipc=${dir}/ipc`] : [])];
    const hostname = ownNetwork ? config.hostname : '';
    if (hostname.length > 64) throw new RuntimeError('invalidArgument', `host name ${JSON.stringify(hostname)} is longer than 64 bytes`);
    await Promise.all([
      files.mkdir(`${dir}/shm`),
      ...PINS.map((pin) => files.writeFile(`${dir}/${pin}`, '')),
      files.writeFile(`${dir}/inside.batch`, context.network.insideBatch(id, record.address)),
      files.writeFile(`${dir}/host.batch`, record.address ? context.network.hostBatch(id) : ''),
      files.writeFile(`${dir}/hostname`, `${config.hostname || (await readHostFile('/etc/hostname')).trim()}\n`),
      files.writeFile(`${dir}/resolv.conf`, config.dns ? resolvConf(config.dns) : await readHostFile('/etc/resolv.conf')),
    ]);
    // Read by the containers' users, whatever this program's umask is.
    await Promise.all(['hostname', 'resolv.conf'].map((name) => files.chmod(`${dir}/${name}`, 0o644)));
    if (context.plain) return;
    const args = [
      `${context.tools.scripts}/sandbox-up.sh`,
      dir,
      ownIpc ? 'shm' : '',
      flags.join(' '),
      ownNetwork ? 'network' : '',
      hostname,
      String(sysctls.length),
      ...sysctls.flat(),
    ];
    await runScript(dir, args);
    if (namespaces.pid === 'pod') await startPause(context, dir);
  }

  async function runScript(dir: string, args: readonly string[]): Promise<void> {
    const said = `${dir}/said`;
    const code = await context.launcher.run(said, ['sh', ...args]);
    if (code !== 0) throw new Error((await readHostFile(said)).trim() || `exit status ${code}`);
  }

  async function readHostFile(path: string): Promise<string> {
    return files.readFile(path, 'utf8').catch(() => '');
  }

  return {
    directory,
    get,
    find: (id) => records.get(id),

    async run(config, handler) {
      if (handler)
        throw new RuntimeError('unknown', `failed to get sandbox runtime: no runtime for ${JSON.stringify(handler)} is configured`);
      const name = sandboxName(config);
      const holder = [...records.values()].find((record) => sandboxName(record.config) === name);
      if (holder)
        throw new RuntimeError(
          'unknown',
          `failed to reserve sandbox name ${JSON.stringify(name)}: name ${JSON.stringify(name)} is reserved for ${JSON.stringify(holder.id)}`,
        );
      const onBridge = !context.plain && config.security.namespaces.network === 'pod';
      if (onBridge && context.network.problem !== null)
        throw new RuntimeError('unavailable', `failed to setup network for sandbox: ${context.network.problem}`);
      const parent = config.cgroupParent || `${context.cgroupRoot}/${config.metadata.uid}`;
      if (!isCgroupPath(parent)) throw new RuntimeError('invalidArgument', `${JSON.stringify(parent)} is not a cgroup path`);
      const id = randomBytes(32).toString('hex');
      const record: SandboxRecord = {
        id,
        config: { ...config, cgroupParent: parent },
        createdAt: host.clock.now(),
        bootId: context.bootId,
        address: onBridge ? context.network.addresses.take() : '',
        stopped: false,
        madeCgroups: [],
      };
      await files.mkdir(directory(id), { mode: 0o711 });
      try {
        await save(record);
        const made = (await context.cgroups?.create(parent)) ?? [];
        if (made.includes(parent)) await save({ ...record, madeCgroups: [parent] });
        await make(record);
        if (config.portMappings.some((port) => port.hostPort > 0)) await publishPorts();
      } catch (error) {
        records.delete(id);
        await takeDown(id);
        if (record.address) context.network.addresses.give(record.address);
        await files.rm(directory(id), { recursive: true, force: true });
        if (error instanceof RuntimeError) throw error;
        throw new RuntimeError('unknown', `failed to create sandbox "${id}": ${errorText(error)}`, { cause: error });
      }
      context.emit('sandboxChanged', id, config.metadata.uid);
      return id;
    },

    async stop(id) {
      const record = records.get(id);
      if (!record || record.stopped) return;
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
        ips: record.address && !record.stopped ? [record.address] : [],
        network: context.plain ? 'node' : record.config.security.namespaces.network,
      };
    },

    list: (filter) => [...records.values()].map(toSandbox).filter((sandbox) => hasLabels(sandbox.labels, filter.labels)),
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
