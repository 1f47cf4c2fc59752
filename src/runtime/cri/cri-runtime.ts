/** A container runtime behind CRI v1: containerd, CRI-O. */
import { availableParallelism } from 'node:os';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import {
  RuntimeError,
  type ContainerSummary,
  type LabelFilter,
  type PodSandbox,
  type Runtime,
  type RuntimeEvent,
  type RuntimeVersion,
} from '../runtime.ts';
import {
  conditionsOf,
  containerOf,
  containerStatusOf,
  filesystemOf,
  handlerOf,
  imageOf,
  sandboxImageOf,
  sandboxOf,
  sandboxStatusOf,
} from './answers.ts';
import { createBatch } from './batch.ts';
import { followEvents } from './events.ts';
import { openGrpc, type GrpcClient } from './grpc.ts';
import { createImageMemory } from './image-memory.ts';
import { createLedger, POD_UID_LABEL } from './ledger.ts';
import { CgroupDriver, ImageService, RuntimeService } from './proto/cri_pb.ts';
import { containerMessage, resourcesMessage, sandboxMessage } from './requests.ts';

export interface CriRuntimeOptions {
  /** `unix:///run/containerd/containerd.sock`, or a path. */
  readonly endpoint: string;
  /** When images are served elsewhere. */
  readonly imageEndpoint?: string;
  readonly host: Host;
  readonly log: Logger;
  /** How long most calls may take. Default two minutes. */
  readonly requestTimeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;
/** The first question must be answered within this time. */
const HELLO_MS = 10_000;
const API_VERSION = 'v1';
/** Measured on containerd, whose network plugins and runc wait for the kernel half of the time. */
const STARTS_PER_CORE = 2;
/** The kubelet's word of itself in the version call (kubernetes `cri-client`, kubeRuntimeAPIVersion). */
const KUBE_API_VERSION = '0.1.0';

/** The socket's path; throws `invalidArgument` for an endpoint that is no unix socket. */
export function socketPath(endpoint: string): string {
  const path = endpoint.startsWith('unix://') ? endpoint.slice('unix://'.length) : endpoint;
  if (!path.startsWith('/')) throw new RuntimeError('invalidArgument', `endpoint ${JSON.stringify(endpoint)} is not a unix socket`);
  return path;
}

/** Connects and agrees on the version. Rejects with `unavailable` when nobody serves the socket. */
export async function startCriRuntime(options: CriRuntimeOptions): Promise<Runtime> {
  const { clock } = options.host;
  const log = options.log.scope('cri');
  const socket = socketPath(options.endpoint);
  const imageSocket = socketPath(options.imageEndpoint || options.endpoint);
  const server = openGrpc(socket);
  const imageServer = imageSocket === socket ? server : openGrpc(imageSocket);
  const { method: rpc } = RuntimeService;
  const { method: imageRpc } = ImageService;
  const close = (): void => {
    server.close();
    imageServer.close();
  };
  const timeoutMs = options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS;
  const gone = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call;
    } catch (error) {
      if (!(error instanceof RuntimeError && error.code === 'notFound')) throw error;
    }
  };

  const within = { timeoutMs };
  let sandboxImage: string;
  try {
    const { runtimeApiVersion } = await askVersion(server, Math.min(HELLO_MS, timeoutMs));
    if (runtimeApiVersion !== API_VERSION)
      throw new RuntimeError('unimplemented', `the runtime speaks CRI ${JSON.stringify(runtimeApiVersion)}, this kubelet ${API_VERSION}`);
    // Only the label of a metric and a pin depend on it: without an answer there is neither.
    sandboxImage = await server.call(rpc.status, { verbose: true }, { timeoutMs: Math.min(HELLO_MS, timeoutMs) }).then(
      ({ info }) => sandboxImageOf(info),
      () => '',
    );
  } catch (error) {
    close();
    throw error;
  }

  const ledger = createLedger(clock);
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const closing = new AbortController();
  const emit = (event: RuntimeEvent): void => {
    for (const listener of listeners) listener(event);
  };

  const listSandboxes = async (filter: LabelFilter = {}): Promise<PodSandbox[]> => {
    const { items } = await server.call(rpc.listPodSandbox, { filter: { labelSelector: { ...filter.labels } } }, within);
    return items.map(sandboxOf);
  };
  type ContainerFilter = LabelFilter & { readonly sandboxId?: string };
  const listContainers = async (filter: ContainerFilter = {}): Promise<ContainerSummary[]> => {
    const wanted = { labelSelector: { ...filter.labels }, podSandboxId: filter.sandboxId ?? '' };
    const { containers } = await server.call(rpc.listContainers, { filter: wanted }, within);
    return containers.map(containerOf);
  };
  const sandboxLists = createBatch(listSandboxes, hasLabels);
  const containerLists = createBatch(
    listContainers,
    (item, filter: ContainerFilter) => hasLabels(item, filter) && (filter.sandboxId === undefined || filter.sandboxId === item.sandboxId),
  );

  const images = createImageMemory(clock, async (reference) => {
    const { image } = await imageServer.call(imageRpc.imageStatus, { image: { image: reference } }, within);
    return image ? imageOf(image, sandboxImage) : null;
  });
  /** Containers that are being started here: nobody need be told of that. */
  const starting = new Set<string>();

  const runtime: Runtime = {
    startsTogether: STARTS_PER_CORE * availableParallelism(),
    version: () => askVersion(server, timeoutMs),
    async status() {
      const { status, runtimeHandlers, features } = await server.call(rpc.status, {}, within);
      return {
        conditions: conditionsOf(status?.conditions ?? []),
        handlers: runtimeHandlers.map(handlerOf),
        ...(features && { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy } }),
        notices: [],
      };
    },
    async cgroupDriver() {
      try {
        const { linux } = await server.call(rpc.runtimeConfig, {}, within);
        return linux && (linux.cgroupDriver === CgroupDriver.SYSTEMD ? 'systemd' : 'cgroupfs');
      } catch (error) {
        if (error instanceof RuntimeError && error.code === 'unimplemented') return undefined;
        throw error;
      }
    },

    async runPodSandbox(config, runtimeHandler = '') {
      const request = { config: sandboxMessage(config), runtimeHandler };
      const { podSandboxId } = await server.call(rpc.runPodSandbox, request, { timeoutMs: 2 * timeoutMs });
      if (podSandboxId === '') throw new RuntimeError('unknown', `PodSandboxId is not set for sandbox "${config.metadata.name}"`);
      ledger.add(podSandboxId, { kind: 'sandbox', podUid: config.metadata.uid, sandboxId: podSandboxId });
      return podSandboxId;
    },
    async stopPodSandbox(id) {
      await gone(server.call(rpc.stopPodSandbox, { podSandboxId: id }, within));
      ledger.doubt(id);
    },
    async removePodSandbox(id) {
      await gone(server.call(rpc.removePodSandbox, { podSandboxId: id }, within));
      ledger.forget(id);
    },
    async podSandboxStatus(id) {
      const kept = ledger.sandboxStatus(id);
      if (kept) return kept;
      const mark = ledger.mark(id);
      const status = sandboxStatusOf((await server.call(rpc.podSandboxStatus, { podSandboxId: id }, within)).status, sandboxImage);
      ledger.noteSandbox(status);
      ledger.keepSandboxStatus(status, mark);
      return status;
    },
    async listPodSandboxes(filter = {}) {
      const list = await sandboxLists.get(filter);
      for (const sandbox of list) ledger.noteSandbox(sandbox);
      return list;
    },

    async createContainer(sandboxId, config, sandbox) {
      const request = { podSandboxId: sandboxId, config: containerMessage(config), sandboxConfig: sandboxMessage(sandbox) };
      const { containerId } = await server.call(rpc.createContainer, request, within);
      if (containerId === '') throw new RuntimeError('unknown', `ContainerId is not set for container "${config.metadata.name}"`);
      ledger.add(containerId, { kind: 'container', podUid: config.labels[POD_UID_LABEL] ?? '', sandboxId });
      return containerId;
    },
    async startContainer(id) {
      starting.add(id);
      try {
        await server.call(rpc.startContainer, { containerId: id }, within);
      } finally {
        ledger.doubt(id);
        starting.delete(id);
      }
    },
    async stopContainer(id, timeoutSeconds) {
      const seconds = Math.max(0, Math.trunc(timeoutSeconds));
      const request = { containerId: id, timeout: BigInt(seconds) };
      await gone(server.call(rpc.stopContainer, request, { timeoutMs: timeoutMs + seconds * 1000 }));
      ledger.doubt(id);
    },
    async removeContainer(id) {
      await gone(server.call(rpc.removeContainer, { containerId: id }, within));
      ledger.forget(id);
    },
    async listContainers(filter = {}) {
      const list = await containerLists.get(filter);
      for (const container of list) ledger.noteContainer(container);
      return list;
    },
    async containerStatus(id) {
      const kept = ledger.containerStatus(id);
      if (kept) return kept;
      const mark = ledger.mark(id);
      const { status } = await server.call(rpc.containerStatus, { containerId: id }, within);
      const known = ledger.get(id);
      const answer = containerStatusOf(status, { sandboxId: known?.sandboxId ?? '', pid: known?.pid });
      ledger.noteContainer(answer);
      ledger.keepContainerStatus(answer, mark);
      return answer;
    },
    async updateContainerResources(id, resources) {
      await server.call(rpc.updateContainerResources, { containerId: id, linux: resourcesMessage(resources) }, within);
      ledger.doubt(id);
    },
    async updatePodSandboxResources(id, resources, overhead) {
      const request = { podSandboxId: id, resources: resourcesMessage(resources), overhead: resourcesMessage(overhead) };
      await server.call(rpc.updatePodSandboxResources, request, within);
    },
    async reopenContainerLog(id) {
      await server.call(rpc.reopenContainerLog, { containerId: id }, within);
    },

    async execSync(id, command, timeoutSeconds) {
      const request = { containerId: id, cmd: [...command], timeout: BigInt(Math.max(0, Math.trunc(timeoutSeconds))) };
      const limit = timeoutSeconds > 0 ? { timeoutMs: timeoutMs + timeoutSeconds * 1000 } : {};
      const { stdout, stderr, exitCode } = await server.call(rpc.execSync, request, limit);
      return { stdout: bytes(stdout), stderr: bytes(stderr), exitCode };
    },
    async exec({ command, ...request }) {
      const { url } = await server.call(rpc.exec, { ...request, cmd: [...command] }, within);
      return { kind: 'url', url: usableUrl(url) };
    },
    async attach(request) {
      const { url } = await server.call(rpc.attach, { ...request }, within);
      return { kind: 'url', url: usableUrl(url) };
    },
    async portForward(sandboxId) {
      const { url } = await server.call(rpc.portForward, { podSandboxId: sandboxId }, within);
      return { kind: 'url', url: usableUrl(url) };
    },

    async checkpointContainer(id, location, timeoutSeconds) {
      // A shorter time than the calls' usual one has no effect, as in the original.
      const limit = timeoutSeconds * 1000 > timeoutMs ? { timeoutMs: timeoutSeconds * 1000 } : within;
      await server.call(rpc.checkpointContainer, { containerId: id, location, timeout: BigInt(timeoutSeconds) }, limit);
    },

    listImages: async () => (await imageServer.call(imageRpc.listImages, {}, within)).images.map((image) => imageOf(image, sandboxImage)),
    imageStatus: (reference) => images.get(reference),
    async pullImage(reference, auth, signal) {
      const request = { image: { image: reference, userSpecifiedImage: reference }, ...(auth && { auth: { ...auth } }) };
      const { imageRef } = await imageServer.call(imageRpc.pullImage, request, signal ? { signal } : {});
      images.clear();
      if (imageRef === '') throw new RuntimeError('unknown', `ImageRef of ${reference} is not set`);
      return imageRef;
    },
    async removeImage(reference) {
      images.clear();
      await gone(imageServer.call(imageRpc.removeImage, { image: { image: reference } }, within));
    },
    imageFsInfo: async () => (await imageServer.call(imageRpc.imageFsInfo, {}, within)).imageFilesystems.map(filesystemOf),

    onEvent(listener, signal) {
      if (signal.aborted) return;
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
    async close() {
      listeners.clear();
      closing.abort();
      close();
      await following;
    },
  };

  /** Lists everything and tells of what is not as it was. */
  async function relist(): Promise<void> {
    // What is made while the lists are under way is not in them.
    const gone = new Set(ledger.ids());
    const [sandboxes, containers] = await Promise.all([listSandboxes(), listContainers()]);
    for (const { id } of [...sandboxes, ...containers]) gone.delete(id);
    const at = clock.now();
    for (const sandbox of sandboxes)
      if (ledger.noteSandbox(sandbox)) emit({ type: 'sandboxChanged', id: sandbox.id, podUid: sandbox.metadata.uid, at });
    for (const container of containers)
      if (ledger.noteContainer(container))
        emit({
          type: container.state === 'exited' ? 'containerStopped' : 'containerStarted',
          id: container.id,
          podUid: container.labels[POD_UID_LABEL] ?? '',
          at,
        });
    for (const { id, podUid } of ledger.forgetAll(gone)) emit({ type: 'containerDeleted', id, podUid, at });
  }

  const following = followEvents({
    server,
    socket,
    ledger,
    clock,
    log,
    signal: closing.signal,
    emit,
    list: relist,
    isOurs: (id) => starting.has(id),
    stateOf: async (id) => {
      ledger.doubt(id);
      const known = ledger.get(id);
      if (known === undefined) return 'unknown';
      return (await (known.kind === 'sandbox' ? runtime.podSandboxStatus(id) : runtime.containerStatus(id))).state;
    },
  }).catch((error: unknown) => log.error('Runtime events are not followed any more', { err: errorText(error) }));

  return runtime;
}

async function askVersion(server: GrpcClient, timeoutMs: number): Promise<RuntimeVersion> {
  const answer = await server.call(RuntimeService.method.version, { version: KUBE_API_VERSION }, { timeoutMs });
  const { runtimeName, runtimeVersion, runtimeApiVersion } = answer;
  return { runtimeName, runtimeVersion, runtimeApiVersion };
}

function hasLabels({ labels }: { readonly labels: Readonly<Record<string, string>> }, filter: LabelFilter): boolean {
  return Object.entries(filter.labels ?? {}).every(([key, value]) => labels[key] === value);
}

const bytes = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

function usableUrl(url: string): string {
  if (!URL.canParse(url)) throw new RuntimeError('unknown', 'URL is not set');
  return url;
}
