import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { RuntimeError, type AttachRequest, type Runtime, type RuntimeEvent } from '../runtime.ts';
import { openImageStore } from '../images/local-image-store.ts';
import type { RegistrySettings } from '../images/registry/hosts.ts';
import { runAttach } from './attach.ts';
import { openCgroups, type Cgroups } from './cgroups.ts';
import { parseCgroupLayout } from './cgroup-layout.ts';
import { stateWord } from './container-keeper.ts';
import { openContainers } from './containers.ts';
import type { RuntimeContext } from './context.ts';
import { runExec, runExecSync } from './exec.ts';
import { hiddenPaths } from './hidden-paths.ts';
import { openLauncher } from './launcher.ts';
import { openCni } from './cni/cni.ts';
import { hasCniFiles, openCniNetwork } from './cni/cni-network.ts';
import { noPodNetwork, openPodNetwork, type BridgeOptions, type PodNetwork } from './network.ts';
import { createPortForwarder } from './port-forward.ts';
import { openSandboxes } from './sandboxes.ts';
import { plainNotices } from './plain.ts';
import { prepareScripts, prepareTools } from './tools.ts';

export interface ProcessRuntimeOptions {
  /** State of sandboxes and containers; letters, digits and `._@+-/` alone. */
  readonly rootDir: string;
  readonly imagesDir: string;
  readonly host: Host;
  readonly log: Logger;
  /** Below it lie the cgroups of pods that name no parent. Default `/nodelet`. */
  readonly cgroupRoot?: string;
  /** The pods' network. Default bridge `nodelet-br0`, subnet 10.88.0.0/16. */
  readonly bridge?: string;
  readonly subnet?: string;
  /** Plugins make the pods' network instead where `confDir` has a configuration when the runtime starts. */
  readonly cni?: { readonly confDir: string; readonly binDirs: readonly string[] };
  /** Host directories that containers on the host's root do not see, beside the two above: keys, stores. */
  readonly hiddenPaths?: readonly string[];
  /** Mirrors of registries, and registries without certificates. */
  readonly registries?: RegistrySettings;
  /** Containers are plain process groups; by default so without Linux or root. */
  readonly plain?: boolean;
}

/** Version that this runtime tells. */
const VERSION = '0.1.0';

/**
 * Starts the embedded runtime: pods as process trees in their own namespaces, by util-linux and the kernel alone.
 * Without Linux or root containers are plain process groups, and the status says so. What ran before goes on and is
 * taken up. Rejects with one clear line when something is missing.
 */
export async function startProcessRuntime(options: ProcessRuntimeOptions): Promise<Runtime> {
  const { host, rootDir } = options;
  const log = options.log.scope('runtime');
  if (!/^\/[A-Za-z0-9._@+/-]*$/.test(rootDir) || !/^\/[A-Za-z0-9._@+/-]*$/.test(options.imagesDir)) {
    throw new RuntimeError(
      'invalidArgument',
      `${rootDir} and ${options.imagesDir}: the process runtime takes absolute paths of letters, digits and ._@+- alone`,
    );
  }
  await host.files.mkdir(rootDir, { recursive: true, mode: 0o711 });
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const images = await openImageStore(options.imagesDir, { host, log, ...(options.registries && { registries: options.registries }) });
  const plain = options.plain ?? !(process.platform === 'linux' && process.getuid?.() === 0);
  const layout = plain ? null : parseCgroupLayout(await host.files.readFile('/proc/self/mountinfo', 'utf8'));
  const cgroups = layout && openCgroups(host, layout, log);
  const bridge = { bridge: options.bridge ?? 'nodelet-br0', subnet: options.subnet ?? '10.88.0.0/16' };
  const network = plain ? noPodNetwork(bridge.subnet) : await podNetwork(options, bridge, log);
  const tools = await (plain ? prepareScripts : prepareTools)(host, join(rootDir, 'tools'));
  const launcher = openLauncher(tools.scripts);
  if (!plain) launcher.open();
  const context: RuntimeContext = {
    host,
    log,
    rootDir,
    images,
    tools,
    launcher,
    plain,
    cgroups,
    cgroupRoot: options.cgroupRoot ?? '/nodelet',
    network,
    bootId: await readBootId(host),
    hidden: hiddenPaths(host.files, [rootDir, options.imagesDir, ...(options.hiddenPaths ?? [])]),
    emit(type, id, podUid) {
      for (const listener of listeners) listener({ type, id, podUid, at: host.clock.now() });
    },
  };
  const sandboxes = await openSandboxes(context);
  const containers = await openContainers(context, sandboxes);
  const forwarder = createPortForwarder(context);

  return {
    unenforced: ['seccomp', 'appArmor', 'seLinux'],
    version: async () => ({ runtimeName: 'process', runtimeVersion: VERSION, runtimeApiVersion: 'v1' }),
    async status() {
      const problem = network.cni ? await network.cni.problem() : network.problem;
      return {
        conditions: [
          { type: 'RuntimeReady', status: true, reason: '', message: '' },
          {
            type: 'NetworkReady',
            status: problem === null,
            reason: problem === null ? '' : 'NetworkPluginNotReady',
            message: problem ?? '',
          },
        ],
        handlers: [],
        notices: plain ? plainNotices : [...notices(cgroups), ...network.notices],
      };
    },

    runPodSandbox: (config, handler) => sandboxes.run(config, handler ?? ''),
    async stopPodSandbox(id) {
      await Promise.all(containers.of(id).map((container) => containers.stop(container.record.id, 0)));
      await sandboxes.stop(id);
    },
    async removePodSandbox(id) {
      if (!sandboxes.find(id)) return;
      await Promise.all(containers.of(id).map((container) => containers.remove(container.record.id)));
      await sandboxes.stop(id);
      await sandboxes.remove(id);
    },
    podSandboxStatus: async (id) => sandboxes.status(id),
    listPodSandboxes: async (filter = {}) => sandboxes.list(filter),

    createContainer: (sandboxId, config) => containers.create(sandboxId, config),
    startContainer: (id) => containers.start(id),
    stopContainer: (id, timeoutSeconds) => containers.stop(id, timeoutSeconds),
    removeContainer: (id) => containers.remove(id),
    listContainers: async (filter = {}) => containers.list(filter),
    containerStatus: async (id) => containers.status(id),
    updateContainerResources: (id, resources) => containers.update(id, resources),
    reopenContainerLog: (id) => containers.reopenLog(id),

    execSync: (id, command, timeoutSeconds) => runExecSync(context, containers.get(id), command, timeoutSeconds),
    async exec(request) {
      checkStreams(request);
      const container = containers.get(request.containerId);
      if (container.state.phase !== 'running') throw new RuntimeError('unknown', `container is in ${stateWord(container)} state`);
      return { kind: 'local', run: (io) => runExec(context, container, request, io) };
    },
    async attach(request) {
      checkStreams(request);
      const container = containers.get(request.containerId);
      if (container.state.phase !== 'running') throw new RuntimeError('unknown', `container is in ${stateWord(container)} state`);
      return { kind: 'local', run: (io) => runAttach(context, container, io) };
    },
    async portForward(id) {
      const sandbox = sandboxes.get(id);
      if (sandbox.stopped) throw new RuntimeError('unknown', `sandbox container ${JSON.stringify(id)} is not running`);
      const directory = !plain && sandbox.config.security.namespaces.network === 'pod' ? sandboxes.directory(id) : null;
      return { kind: 'local', dial: (port) => forwarder.dial(id, directory, port) };
    },

    listImages: () => images.list(),
    imageStatus: async (reference) => (await images.find(reference))?.image ?? null,
    pullImage: (reference, auth, signal) => images.pull(reference, { ...(auth && { auth }), ...(signal && { signal }) }),
    async removeImage(reference) {
      const id = (await images.find(reference))?.image.id;
      if (id !== undefined && containers.mountsImage(id))
        throw new RuntimeError('failedPrecondition', `image ${JSON.stringify(reference)} is mounted as a volume`);
      await images.remove(reference);
    },
    imageFsInfo: async () => {
      const du = await host.processes.run('du', ['-s', '-B1', '--', options.imagesDir]);
      const inodes = await host.processes.run('du', ['-s', '--inodes', '--', options.imagesDir]);
      return [
        {
          mountpoint: options.imagesDir,
          usedBytes: Number.parseInt(du.stdout.toString(), 10) || 0,
          inodesUsed: Number.parseInt(inodes.stdout.toString(), 10) || 0,
        },
      ];
    },

    onEvent(listener, signal) {
      if (signal.aborted) return;
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
    async close() {
      listeners.clear();
      forwarder.close();
      await containers.close();
      await sandboxes.close();
      await launcher.close();
    },
  };
}

/** The plugins' network where one is configured, else the bridge. */
async function podNetwork({ host, rootDir, cni }: ProcessRuntimeOptions, bridge: BridgeOptions, log: Logger): Promise<PodNetwork> {
  if (cni === undefined) return openPodNetwork(host, bridge, log);
  const plugins = openCni({ ...cni, host, log, cacheDir: join(rootDir, 'cni') });
  if (!(await hasCniFiles(host, cni.confDir))) return { ...(await openPodNetwork(host, bridge, log)), past: plugins };
  log.info('CNI plugins make the network of pods', { configuration: cni.confDir });
  return openCniNetwork(plugins, { host, log, name: bridge.bridge });
}

function checkStreams(request: AttachRequest): void {
  if (request.tty && request.stderr) throw new RuntimeError('invalidArgument', 'tty and stderr cannot both be true');
  if (!request.stdin && !request.stdout && !request.stderr)
    throw new RuntimeError('invalidArgument', 'one of stdin, stdout, or stderr must be set');
}

/** Tells one boot from the next: Linux says it itself, elsewhere the time of the boot does. */
async function readBootId(host: Host): Promise<string> {
  const id = await host.files.readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  if (id) return id.trim();
  const booted = await host.processes.run('sysctl', ['-n', 'kern.boottime']).catch(() => null);
  return booted?.stdout.toString().trim() || 'unknown';
}

function notices(cgroups: Cgroups | null): string[] {
  return [
    'Seccomp and AppArmor profiles and SELinux options are not applied: containers run unfiltered by them.',
    ...(cgroups ? [] : ['No control groups are mounted: limits are not enforced.']),
    ...(cgroups?.layout.controllers.has('devices')
      ? []
      : ['Devices cannot be restricted here: containers do not get CAP_MKNOD unless they ask for it.']),
  ];
}
