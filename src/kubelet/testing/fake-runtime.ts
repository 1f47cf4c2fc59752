/** A runtime without processes: containers do what a script says, at once or when told. For tests of the kubelet alone. */
import {
  RuntimeError,
  type ContainerConfig,
  type ContainerRuntimeStatus,
  type Image,
  type PodSandboxConfig,
  type PodSandboxStatus,
  type Runtime,
  type RuntimeEvent,
  type RuntimeHandler,
} from '../../runtime/runtime.ts';

/** What a container does when it is started. */
export interface Behaviour {
  /** Exits by itself with this code. */
  readonly exit?: number;
  /** The start fails with this text and the container ends as StartError. */
  readonly startError?: string;
  /** What it exits with when it is stopped. Default 0. */
  readonly onStop?: number;
}

export interface FakeRuntime extends Runtime {
  readonly calls: string[];
  readonly containers: ReadonlyMap<string, ContainerRuntimeStatus & { readonly config: ContainerConfig }>;
  readonly sandboxes: ReadonlyMap<string, PodSandboxStatus & { readonly config: PodSandboxConfig }>;
  /** Ends a running container. */
  exit(id: string, code: number): void;
}

export interface FakeRuntimeOptions {
  readonly behave?: (config: ContainerConfig) => Behaviour;
  readonly images?: readonly string[];
  readonly pull?: (reference: string) => string;
  readonly handlers?: readonly RuntimeHandler[];
  readonly unenforced?: NonNullable<Runtime['unenforced']>;
  /** The time that starts and ends are stamped with. */
  readonly now?: () => number;
  /** What becomes of telling the runtime that a pod is resized; by default it cannot be told. */
  readonly resizeError?: RuntimeError;
  readonly exec?: (command: readonly string[]) => { code: number; stdout?: string; stderr?: string };
}

const POD_UID = 'io.kubernetes.pod.uid';

/** What belongs to a pod without a look at all the others: on a full node nothing else would be done. */
function byPod<T extends { labels: Readonly<Record<string, string>> }>(items: ReadonlyMap<string, T>, serial: () => number) {
  let builtAt = '';
  const index = new Map<string, T[]>();
  return (uid: string | undefined): Iterable<T> => {
    if (uid === undefined) return items.values();
    const now = `${serial()} ${items.size}`;
    if (now !== builtAt) {
      index.clear();
      for (const item of items.values()) {
        const of = item.labels[POD_UID] ?? '';
        index.set(of, [...(index.get(of) ?? []), item]);
      }
      builtAt = now;
    }
    return index.get(uid) ?? [];
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function createFakeRuntime(options: FakeRuntimeOptions = {}): FakeRuntime {
  const containers = new Map<string, Mutable<ContainerRuntimeStatus> & { config: ContainerConfig }>();
  const sandboxes = new Map<string, Mutable<PodSandboxStatus> & { config: PodSandboxConfig }>();
  const images = new Map((options.images ?? ['busybox:1.36']).map((name, i) => [name, fakeImage(name, i)]));
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const calls: string[] = [];
  const now = options.now ?? Date.now;
  let serial = 0;
  let clock = now();

  const tell = (type: RuntimeEvent['type'], id: string, podUid: string): void => {
    for (const listener of listeners) listener({ type, id, podUid, at: now() });
  };
  const container = (id: string) => {
    const found = containers.get(id);
    if (found === undefined) throw new RuntimeError('notFound', `container "${id}" not found`);
    return found;
  };
  const podUid = (labels: Readonly<Record<string, string>>): string => labels[POD_UID] ?? '';
  const sandboxesOf = byPod(sandboxes, () => serial);
  const containersOf = byPod(containers, () => serial);
  const matching = <T extends { labels: Readonly<Record<string, string>> }>(
    list: (uid: string | undefined) => Iterable<T>,
    labels: Readonly<Record<string, string>> = {},
  ): T[] => {
    const wanted = Object.entries(labels);
    return structuredClone([...list(labels[POD_UID])].filter((item) => wanted.every(([key, value]) => item.labels[key] === value)));
  };

  function end(id: string, code: number, reason = code === 0 ? 'Completed' : 'Error', message = ''): void {
    const c = container(id);
    if (c.state === 'exited') return;
    Object.assign(c, { state: 'exited', exitCode: code, reason, message, finishedAt: now() });
    tell('containerStopped', id, podUid(c.labels));
  }

  return {
    calls,
    containers,
    sandboxes,
    exit: (id, code) => end(id, code),
    ...(options.unenforced && { unenforced: options.unenforced }),
    version: async () => ({ runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' }),
    status: async () => ({
      conditions: [
        { type: 'RuntimeReady', status: true, reason: '', message: '' },
        { type: 'NetworkReady', status: true, reason: '', message: '' },
      ],
      handlers: options.handlers ?? [],
      notices: [],
    }),
    async runPodSandbox(config) {
      const id = `sandbox${++serial}`;
      calls.push(`runPodSandbox ${config.metadata.name} ${config.metadata.attempt}`);
      const { metadata, labels, annotations } = config;
      const network = config.security.namespaces.network;
      sandboxes.set(id, {
        id,
        metadata,
        state: 'ready',
        createdAt: ++clock,
        labels,
        annotations,
        ips: network === 'pod' ? [`10.1.0.${serial}`] : [],
        network,
        config,
      });
      tell('sandboxChanged', id, podUid(labels));
      return id;
    },
    async stopPodSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (sandbox === undefined) return;
      calls.push(`stopPodSandbox ${sandbox.metadata.name}`);
      for (const c of containers.values()) if (c.sandboxId === id && c.state === 'running') end(c.id, 137);
      sandbox.state = 'notReady';
    },
    async removePodSandbox(id) {
      for (const c of containers.values()) if (c.sandboxId === id) containers.delete(c.id);
      sandboxes.delete(id);
    },
    async podSandboxStatus(id) {
      const sandbox = sandboxes.get(id);
      if (sandbox === undefined) throw new RuntimeError('notFound', 'no such sandbox');
      return { ...sandbox };
    },
    listPodSandboxes: async (filter) => matching(sandboxesOf, filter?.labels),
    async createContainer(sandboxId, config) {
      const id = String(++serial).padStart(64, '0');
      calls.push(`createContainer ${config.metadata.name} ${config.metadata.attempt}`);
      containers.set(id, {
        id,
        sandboxId,
        metadata: config.metadata,
        image: `docker.io/library/${config.image.userSpecified}`,
        imageRef: config.image.image,
        state: 'created',
        createdAt: ++clock,
        labels: config.labels,
        annotations: config.annotations,
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
        mounts: config.mounts,
        logPath: `${sandboxes.get(sandboxId)?.config.logDirectory ?? ''}/${config.logPath}`,
        resources: config.resources,
        config,
      });
      return id;
    },
    async startContainer(id) {
      const c = container(id);
      const behaviour = options.behave?.(c.config) ?? {};
      calls.push(`startContainer ${c.metadata.name}`);
      if (behaviour.startError !== undefined) {
        end(id, 128, 'StartError', behaviour.startError);
        throw new RuntimeError('unknown', behaviour.startError);
      }
      Object.assign(c, { state: 'running', startedAt: now() });
      tell('containerStarted', id, podUid(c.labels));
      const { exit } = behaviour;
      if (exit !== undefined) setImmediate(() => end(id, exit));
    },
    async stopContainer(id, timeoutSeconds) {
      const c = container(id);
      calls.push(`stopContainer ${c.metadata.name} ${timeoutSeconds}`);
      end(id, options.behave?.(c.config).onStop ?? 0);
    },
    async removeContainer(id) {
      const c = container(id);
      calls.push(`removeContainer ${c.metadata.name}`);
      containers.delete(id);
    },
    listContainers: async (filter) => matching(containersOf, filter?.labels),
    containerStatus: async (id) => ({ ...container(id) }),
    async updateContainerResources(id, resources) {
      const c = container(id);
      const { cpuShares, cpuQuota, memoryLimitBytes } = resources;
      calls.push(
        ['updateContainerResources', c.metadata.name, cpuShares, cpuQuota, memoryLimitBytes].filter((x) => x !== undefined).join(' '),
      );
      c.resources = { ...c.resources, ...resources };
    },
    async updatePodSandboxResources(_id, { cpuShares, cpuQuota, memoryLimitBytes }) {
      calls.push(['updatePodSandboxResources', cpuShares, cpuQuota, memoryLimitBytes].join(' '));
      throw options.resizeError ?? new RuntimeError('unknown', 'not implemented');
    },
    reopenContainerLog: async () => undefined,
    async execSync(_id, command) {
      const { code, stdout = '', stderr = '' } = options.exec?.(command) ?? { code: 0 };
      return { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode: code };
    },
    exec: () => Promise.reject(new RuntimeError('unimplemented', 'no exec')),
    attach: () => Promise.reject(new RuntimeError('unimplemented', 'no attach')),
    portForward: () => Promise.reject(new RuntimeError('unimplemented', 'no port-forward')),
    listImages: async () => [...images.values()],
    imageStatus: async (reference) => images.get(reference) ?? [...images.values()].find((i) => i.id === reference) ?? null,
    async pullImage(reference) {
      calls.push(`pullImage ${reference}`);
      const name = options.pull?.(reference) ?? reference;
      const image = fakeImage(name, images.size);
      images.set(reference, image);
      return image.id;
    },
    removeImage: async () => undefined,
    imageFsInfo: async () => [],
    onEvent(listener, signal) {
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
    close: async () => undefined,
  };
}

const fakeImage = (name: string, serial: number): Image => ({
  id: `sha256:${String(serial).padStart(64, '0')}`,
  repoTags: [`docker.io/library/${name}`],
  repoDigests: [],
  sizeBytes: 1000,
  pinned: false,
});
