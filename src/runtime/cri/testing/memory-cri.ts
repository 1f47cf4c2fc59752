/** A whole CRI runtime in memory, of whose calls a test may make any hang: what a runtime does when its disk or its shim is stuck. */
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import {
  ContainerState,
  PodSandboxState,
  type ContainerConfig,
  type ContainerMetadata,
  type ImageService,
  type LinuxContainerResources,
  type PodSandboxConfig,
  type RuntimeService,
} from '../proto/cri_pb.ts';
import type { FakeServices } from './fake-server.ts';

/** CRI's names of the calls that the runtime has. */
export type CriCall = Exclude<keyof (typeof RuntimeService)['method'] | keyof (typeof ImageService)['method'], 'getContainerEvents'>;

export interface MemoryCri {
  readonly services: FakeServices;
  /** How often each call was begun. */
  readonly calls: ReadonlyMap<CriCall, number>;
  /** From now on these calls, and no others, get no answer until their caller gives up. */
  hang(...calls: readonly CriCall[]): void;
  /** Names of the pods whose sandboxes are ready. */
  readyPods(): string[];
  /** Names of the containers that run. */
  running(): string[];
}

interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAt: bigint;
  state: PodSandboxState;
}

interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly config: ContainerConfig;
  readonly createdAt: bigint;
  state: ContainerState;
  startedAt: bigint;
  finishedAt: bigint;
  exitCode: number;
  resources: LinuxContainerResources | undefined;
}

const IMAGE = `sha256:${'1'.repeat(64)}`;
const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const missing = (what: string): ConnectError => new ConnectError(`${what} not found`, Code.NotFound);

/** `present`: images that need no pull. */
export function createMemoryCri(present: readonly string[] = []): MemoryCri {
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const images = new Set(present);
  const calls = new Map<CriCall, number>();
  let hung: ReadonlySet<CriCall> = new Set();
  let serial = 0;
  const newId = (): string => (++serial).toString(16).padStart(64, '0');

  const answering =
    <I, O>(name: CriCall, answer: (request: I) => O) =>
    async (request: I, context: HandlerContext): Promise<O> => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      if (hung.has(name)) await new Promise((_, given) => context.signal.addEventListener('abort', () => given(context.signal.reason)));
      return answer(request);
    };
  const container = (id: string): Container => {
    const found = containers.get(id);
    if (found === undefined) throw missing(`container "${id}"`);
    return found;
  };
  const sandbox = (id: string): Sandbox => {
    const found = sandboxes.get(id);
    if (found === undefined) throw missing(`sandbox "${id}"`);
    return found;
  };
  const end = (c: Container, exitCode: number): void => {
    if (c.state === ContainerState.CONTAINER_RUNNING)
      Object.assign(c, { state: ContainerState.CONTAINER_EXITED, exitCode, finishedAt: nowNs() });
  };
  const matches = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> = {}): boolean =>
    Object.entries(wanted).every(([key, value]) => labels[key] === value);
  const facts = ({ id, config, createdAt, state }: Container) => ({
    id,
    createdAt,
    state,
    labels: config.labels,
    annotations: config.annotations,
    imageRef: IMAGE,
    ...(config.image && { image: { image: config.image.image } }),
    metadata: metadataOf(config.metadata),
  });
  const sandboxFacts = ({ id, config, createdAt, state }: Sandbox) => ({
    id,
    createdAt,
    state,
    labels: config.labels,
    annotations: config.annotations,
    ...(config.metadata && {
      metadata: {
        name: config.metadata.name,
        uid: config.metadata.uid,
        namespace: config.metadata.namespace,
        attempt: config.metadata.attempt,
      },
    }),
  });
  const image = (name: string) => ({ id: IMAGE, repoTags: [name], size: 1000n });
  const config = <T>(given: T | undefined): T => {
    if (given === undefined) throw new ConnectError('no configuration', Code.InvalidArgument);
    return given;
  };

  const services: FakeServices = {
    runtime: {
      version: answering('version', () => ({
        version: '0.1.0',
        runtimeName: 'containerd',
        runtimeVersion: 'v1.6.20',
        runtimeApiVersion: 'v1',
      })),
      status: answering('status', () => ({
        status: {
          conditions: [
            { type: 'RuntimeReady', status: true },
            { type: 'NetworkReady', status: true },
          ],
        },
      })),
      runtimeConfig: answering('runtimeConfig', () => {
        throw new ConnectError('not implemented', Code.Unimplemented);
      }),
      runPodSandbox: answering('runPodSandbox', (request) => {
        const id = newId();
        sandboxes.set(id, { id, config: config(request.config), createdAt: nowNs(), state: PodSandboxState.SANDBOX_READY });
        return { podSandboxId: id };
      }),
      stopPodSandbox: answering('stopPodSandbox', ({ podSandboxId }) => {
        for (const c of containers.values()) if (c.podSandboxId === podSandboxId) end(c, 137);
        sandbox(podSandboxId).state = PodSandboxState.SANDBOX_NOTREADY;
        return {};
      }),
      removePodSandbox: answering('removePodSandbox', ({ podSandboxId }) => {
        for (const c of containers.values()) if (c.podSandboxId === podSandboxId) containers.delete(c.id);
        sandboxes.delete(podSandboxId);
        return {};
      }),
      podSandboxStatus: answering('podSandboxStatus', ({ podSandboxId }) => ({
        status: { ...sandboxFacts(sandbox(podSandboxId)), network: { ip: '10.1.0.7' } },
      })),
      listPodSandbox: answering('listPodSandbox', ({ filter }) => ({
        items: [...sandboxes.values()].filter((s) => matches(s.config.labels, filter?.labelSelector)).map(sandboxFacts),
      })),
      createContainer: answering('createContainer', (request) => {
        const id = newId();
        const made = config(request.config);
        const { podSandboxId } = request;
        const times = { createdAt: nowNs(), startedAt: 0n, finishedAt: 0n };
        const state = ContainerState.CONTAINER_CREATED;
        containers.set(id, { id, podSandboxId, config: made, state, exitCode: 0, resources: made.linux?.resources, ...times });
        return { containerId: id };
      }),
      startContainer: answering('startContainer', ({ containerId }) => {
        Object.assign(container(containerId), { state: ContainerState.CONTAINER_RUNNING, startedAt: nowNs() });
        return {};
      }),
      stopContainer: answering('stopContainer', ({ containerId }) => {
        end(container(containerId), 137);
        return {};
      }),
      removeContainer: answering('removeContainer', ({ containerId }) => {
        containers.delete(containerId);
        return {};
      }),
      listContainers: answering('listContainers', ({ filter }) => ({
        containers: [...containers.values()]
          .filter((c) => matches(c.config.labels, filter?.labelSelector))
          .filter((c) => (filter?.podSandboxId ?? '') === '' || filter?.podSandboxId === c.podSandboxId)
          .map((c) => Object.assign(facts(c), { podSandboxId: c.podSandboxId })),
      })),
      containerStatus: answering('containerStatus', ({ containerId }) => {
        const c = container(containerId);
        const { startedAt, finishedAt, exitCode } = c;
        const logPath = `${sandboxes.get(c.podSandboxId)?.config.logDirectory ?? ''}/${c.config.logPath}`;
        const reason = c.state === ContainerState.CONTAINER_EXITED ? 'Error' : '';
        return { status: { ...facts(c), startedAt, finishedAt, exitCode, logPath, reason } };
      }),
      updateContainerResources: answering('updateContainerResources', ({ containerId, linux }) => {
        container(containerId).resources = linux;
        return {};
      }),
      reopenContainerLog: answering('reopenContainerLog', () => ({})),
      execSync: answering('execSync', () => ({ exitCode: 0 })),
      exec: answering('exec', () => ({ url: 'http://127.0.0.1:1/exec' })),
      attach: answering('attach', () => ({ url: 'http://127.0.0.1:1/attach' })),
      portForward: answering('portForward', () => ({ url: 'http://127.0.0.1:1/portforward' })),
      checkpointContainer: answering('checkpointContainer', () => ({})),
    },
    images: {
      listImages: answering('listImages', () => ({ images: [...images].map(image) })),
      imageStatus: answering('imageStatus', (request) => {
        const name = request.image?.image ?? '';
        const found = name === IMAGE ? [...images][0] : images.has(name) ? name : undefined;
        return found === undefined ? {} : { image: image(found) };
      }),
      pullImage: answering('pullImage', (request) => {
        images.add(request.image?.image ?? '');
        return { imageRef: IMAGE };
      }),
      removeImage: answering('removeImage', (request) => {
        images.delete(request.image?.image ?? '');
        return {};
      }),
      imageFsInfo: answering('imageFsInfo', () => ({ imageFilesystems: [{ fsId: { mountpoint: '/' }, usedBytes: { value: 1n } }] })),
    },
  };

  return {
    services,
    calls,
    hang: (...names) => {
      hung = new Set(names);
    },
    readyPods: () =>
      [...sandboxes.values()].flatMap((s) => (s.state === PodSandboxState.SANDBOX_READY ? [s.config.metadata?.name ?? ''] : [])),
    running: () =>
      [...containers.values()].flatMap((c) => (c.state === ContainerState.CONTAINER_RUNNING ? [c.config.metadata?.name ?? ''] : [])),
  };
}

const metadataOf = (given: ContainerMetadata | undefined): { name: string; attempt: number } => ({
  name: given?.name ?? '',
  attempt: given?.attempt ?? 0,
});
