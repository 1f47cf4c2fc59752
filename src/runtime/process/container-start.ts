import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { isMounted } from '../../util/mountinfo.ts';
import { RuntimeError, type ContainerConfig, type Mount } from '../runtime.ts';
import { errorText } from '../../util/log.ts';
import { capabilityArguments, containerCapabilities, defaultCapabilities } from './capabilities.ts';
import { pathOf } from './command-line.ts';
import { fileTargets, mountsAfter, mountsBefore, type RootPlaces } from './container-mounts.ts';
import type { RuntimeContext } from './context.ts';
import { makeDeviceTargets } from './devices.ts';
import { mountTable } from './fstab.ts';
import { findPause } from './pause.ts';
import { awaitCommand, parseProcessStat, verdictOf, type ProcessIdentity, type ScriptVerdict } from './processes.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';
import { resolveBelow } from './rooted-path.ts';
import { TOOLS_IN_CONTAINER } from './scripts.ts';
import { helperEnvironment } from './tools.ts';
import { userArguments } from './users.ts';

export interface StartInput {
  readonly record: ContainerRecord;
  readonly sandbox: SandboxRecord;
  /** The container's directory and its sandbox's. */
  readonly dir: string;
  readonly sandboxDir: string;
  /** Resolves when it is on disk that the start is under way. */
  readonly begun: Promise<void>;
  /** No container of the sandbox has run before: its host name is not set yet. */
  readonly first: boolean;
  /** Pid of the container whose pid namespace is joined, for `target`. */
  readonly targetPid: number | null;
}

export interface StartOutcome {
  readonly verdict: ScriptVerdict;
  /** Null when it did not come so far. */
  readonly process: ProcessIdentity | null;
}

/**
 * Starts a container: writes its mount tables, starts its waiter and listens until the script says that the command
 * is about to be executed, or why not. The waiter and the container do not depend on this program from then on.
 */
export async function startContainerProcess(context: RuntimeContext, input: StartInput): Promise<StartOutcome> {
  const { record, dir } = input;
  const { files } = context.host;
  if (sharesMounts(record)) await makePrivatePlace(context);
  const secret = randomBytes(16).toString('hex');
  const [mounts, places] = await Promise.all([
    settleMounts(context, record.config.mounts),
    rootPlaces(context, input),
    files.mkdir(`${dir}/inside/${secret}`),
  ]);
  const config: ContainerConfig = { ...record.config, mounts };
  const isFile = new Map(
    await Promise.all(mounts.map(async (mount) => [mount.hostPath, !(await files.stat(mount.hostPath)).isDirectory()] as const)),
  );
  const runtimeFiles = new Set([places.resolvConf, places.hostname]);
  const targets = fileTargets(config, places, (path) => runtimeFiles.has(path) || isFile.get(path) === true);
  await makeDeviceTargets(files, `${dir}/dev`, record.config);
  await makeNestedTargets(context, config.mounts, isFile);
  await Promise.all([
    files.writeFile(`${dir}/mounts.before`, mountTable(mountsBefore(config, places))),
    files.writeFile(`${dir}/mounts.after`, mountTable(mountsAfter(config, places, `/.nodelet/${secret}`))),
    input.begun,
  ]);
  const mode = record.config.tty ? 'tty' : record.config.stdin ? 'stdin' : 'plain';
  const started = await context.launcher.detach(`${dir}/said`, [
    'sh',
    `${context.tools.scripts}/waiter.sh`,
    dir,
    mode,
    places.joinable[0] ?? '',
    ...(await namespaceCommand(context, input)),
    'sh',
    `${context.tools.scripts}/setup.sh`,
    dir,
    secret,
    record.config.resources.oomScoreAdj === undefined ? '' : String(Math.trunc(record.config.resources.oomScoreAdj)),
    record.config.security.readonlyRootfs ? 'readonly' : '',
    record.workdir,
    pathOf(record.env),
    record.argv[0] ?? '',
    identityArguments(context, record).join(' '),
    sharesMounts(record) ? 'shared' : '',
    input.first && record.config.security.namespaces.network === 'pod' ? input.sandbox.config.hostname : '',
    String(targets.length),
    ...targets,
    record.cgroup,
    String(places.joinable.length),
    ...places.joinable.map((file) => file.slice(0, -`${record.cgroup}/cgroup.procs`.length)),
    ...record.env,
    ...record.argv,
  ]);
  const process = parseProcessStat(started);
  return process ? { verdict: { mark: 'ok', text: '' }, process } : { verdict: await whyNot(context, dir), process: null };
}

/** What the script said on descriptor 3; when that is nothing, what its forerunners said as the container. */
async function whyNot({ host: { files } }: RuntimeContext, dir: string): Promise<ScriptVerdict> {
  const read = (name: string): Promise<string> => files.readFile(`${dir}/${name}`, 'utf8').catch(() => '');
  const verdict = verdictOf(await read('said'));
  if (verdict.mark !== 'none' || verdict.text) return verdict;
  return { ...verdict, text: (await read('io/stderr')).slice(0, 1024).trim() };
}

/** Resolves when a container's first process has become its command, so that it can hear signals. */
export function awaitContainerCommand({ host, tools }: RuntimeContext, process: ProcessIdentity): Promise<void> {
  return awaitCommand(host, process, [`sh\0${tools.scripts}/setup.sh\0`, `${TOOLS_IN_CONTAINER}/ld.so\0`]);
}

/** Arguments of `setpriv` that make a process the container's user with its capabilities. */
export function identityArguments(context: Pick<RuntimeContext, 'cgroups'>, record: ContainerRecord): string[] {
  const security = record.config.security;
  // Where nothing restricts devices (no v1 devices controller), a node made by mknod would open the machine's disks.
  const restricted = context.cgroups?.layout.controllers.has('devices') === true;
  const defaults = restricted ? defaultCapabilities : defaultCapabilities.filter((name) => name !== 'MKNOD');
  const capabilities = containerCapabilities(
    { privileged: security.privileged, add: security.addCapabilities, drop: security.dropCapabilities },
    defaults,
  );
  return [...userArguments(record.user), ...capabilityArguments(capabilities), ...(security.noNewPrivs ? ['--no-new-privs'] : [])];
}

function sharesMounts(record: ContainerRecord): boolean {
  return record.config.mounts.some((mount) => mount.propagation === 'bidirectional');
}

/**
 * Makes the directory of all containers a private mount, so that the root of one that shares mounts with the host is not
 * itself shared with it. Once made it stays: containers may live below it.
 */
async function makePrivatePlace(context: RuntimeContext): Promise<void> {
  const place = `${context.rootDir}/containers`;
  if (await isMounted(context.host, place)) return;
  for (const args of [
    ['--bind', place, place],
    ['--make-private', place],
  ]) {
    const outcome = await context.host.processes.run('mount', ['-n', ...args], { env: { ...helperEnvironment } });
    if (outcome.code !== 0) throw new RuntimeError('unknown', `mount ${args.join(' ')} failed: ${outcome.stderr.toString().trim()}`);
  }
}

/** Follows links of the host to a mount's source, and makes a directory where there is none, as containerd does. */
async function settleMounts(context: RuntimeContext, mounts: readonly Mount[]): Promise<Mount[]> {
  const { files } = context.host;
  return Promise.all(
    mounts.map(async (mount) => {
      if (mount.image) return { ...mount, hostPath: await imageDirectory(context, mount.image) };
      try {
        return { ...mount, hostPath: await files.realpath(mount.hostPath) };
      } catch {
        await files.mkdir(mount.hostPath, { recursive: true, mode: 0o755 }).catch((error: unknown) => {
          throw new RuntimeError('unknown', `failed to mkdir ${JSON.stringify(mount.hostPath)}: ${errorText(error)}`);
        });
        return { ...mount, hostPath: await files.realpath(mount.hostPath) };
      }
    }),
  );
}

/** Where the files of an image are that is mounted as a volume. */
async function imageDirectory(context: RuntimeContext, { image, subPath }: NonNullable<Mount['image']>): Promise<string> {
  const found = await context.images.find(image);
  if (!found) throw new RuntimeError('notFound', `failed to mount image ${JSON.stringify(image)}: not found`);
  if (found.root === '/') throw new RuntimeError('invalidArgument', `the root of this machine (${image}) cannot be mounted as a volume`);
  const path = await resolveBelow(context.host.files, found.root, subPath);
  const stat = await context.host.files.stat(path).catch(() => null);
  if (!stat)
    throw new RuntimeError('notFound', `image sub path ${JSON.stringify(subPath)} does not exist in image ${JSON.stringify(image)}`);
  if (!stat.isDirectory()) throw new RuntimeError('invalidArgument', `image sub path ${JSON.stringify(subPath)} is not a directory`);
  return path;
}

/** A file that is mounted inside another mount needs its target there, before the tables are worked through. */
async function makeNestedTargets(context: RuntimeContext, mounts: readonly Mount[], isFile: ReadonlyMap<string, boolean>): Promise<void> {
  const { files } = context.host;
  for (const inner of mounts) {
    if (isFile.get(inner.hostPath) !== true) continue;
    const outer = mounts
      .filter((mount) => mount !== inner && inner.containerPath.startsWith(`${mount.containerPath.replace(/\/$/, '')}/`))
      .toSorted((a, b) => b.containerPath.length - a.containerPath.length)[0];
    // An image is shared: nothing is put into it.
    if (!outer || outer.image || isFile.get(outer.hostPath) !== false) continue;
    const place = await resolveBelow(files, outer.hostPath, inner.containerPath.slice(outer.containerPath.length));
    await files.mkdir(place.slice(0, place.lastIndexOf('/')), { recursive: true, mode: 0o755 });
    await (await files.open(place, 'a', 0o644)).close();
  }
}

/** Trees that no program in a container reads for its limits; each mount costs a start half a millisecond. */
const UNSHOWN_CGROUPS = new Set(['systemd', 'freezer', 'devices', 'unified', 'perf_event', 'net_cls', 'net_prio', 'rdma', 'misc']);

async function rootPlaces(context: RuntimeContext, input: StartInput): Promise<RootPlaces & { readonly joinable: readonly string[] }> {
  const { record, dir, sandboxDir } = input;
  const joinable = (await context.cgroups?.joinFiles(record.cgroup)) ?? [];
  const layout = context.cgroups?.layout;
  const shown = joinable.map((file) => file.slice(0, -'/cgroup.procs'.length));
  const ownIpc = record.config.security.namespaces.ipc === 'pod';
  return {
    joinable,
    dir,
    lower: record.lower,
    tools: context.tools.inside,
    devices: context.tools.devices,
    shm: ownIpc ? `${sandboxDir}/shm` : null,
    resolvConf: `${sandboxDir}/resolv.conf`,
    hostname: `${sandboxDir}/hostname`,
    hidden: await context.hidden(),
    cgroups: shown
      .map((place) => [layout?.version === 2 ? '' : cgroupName(place, record.cgroup), place] as const)
      .filter(([name]) => !UNSHOWN_CGROUPS.has(name)),
    existing: kindOnHost,
  };
}

/** `/sys/fs/cgroup/memory/nodelet/x` with cgroup `/nodelet/x` is `memory`. */
function cgroupName(place: string, cgroup: string): string {
  const mount = place.slice(0, -cgroup.length);
  return mount.slice(mount.lastIndexOf('/') + 1);
}

function kindOnHost(path: string): 'file' | 'directory' | null {
  try {
    return lstatSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return null;
  }
}

/** The chain of programs that ends in the container's namespaces. */
async function namespaceCommand(context: RuntimeContext, input: StartInput): Promise<string[]> {
  const { sandboxDir, record } = input;
  const { namespaces } = record.config.security;
  const join: string[] = [];
  if (namespaces.network === 'pod') join.push(`--net=${sandboxDir}/net`, `--uts=${sandboxDir}/uts`);
  if (namespaces.ipc === 'pod') join.push(`--ipc=${sandboxDir}/ipc`);
  if (namespaces.pid === 'pod') {
    const pause = await findPause(context, sandboxDir);
    if (!pause) throw new RuntimeError('unknown', "the pod's pid namespace is gone");
    join.push(`--pid=/proc/${pause.pid}/ns/pid`);
  }
  if (namespaces.pid === 'target') {
    if (input.targetPid === null)
      throw new RuntimeError(
        'failedPrecondition',
        `failed to get target container ${JSON.stringify(namespaces.targetId ?? '')}: it is not running`,
      );
    join.push(`--pid=/proc/${input.targetPid}/ns/pid`);
  }
  const own = [
    'unshare',
    '--mount',
    '--propagation',
    sharesMounts(record) ? 'unchanged' : 'slave',
    ...(namespaces.pid === 'container' ? ['--pid'] : []),
  ];
  return [...(join.length > 0 ? ['nsenter', '--no-fork', ...join] : []), ...own, 'sh', `${context.tools.scripts}/fork.sh`];
}
