/**
 * Devices of the node: their plugins register here, say what they have, and are asked when a pod is admitted and when a container
 * starts (kubernetes `pkg/kubelet/cm/devicemanager/manager.go`). What was given away survives a restart of the kubelet.
 */
import { join } from 'node:path';
import type { ContainerStatus } from '../../api/types.ts';
import { serveGrpc, type GrpcServer } from '../../net/grpc/server.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { AnyContainer, NodePod } from '../pods/pod.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { createAllocator } from './allocator.ts';
import { CHECKPOINT_FILE, type CheckpointData } from './checkpoint.ts';
import { createHoldings, idsOf, NO_NUMA_NODE, type Holding } from './holdings.ts';
import { createInventory, nodesOf, type DeviceAmounts } from './inventory.ts';
import { createRegistrar } from './registrar.ts';
import { KUBELET_SOCKET } from './registration.ts';
import type { DeviceSettings } from './settings.ts';
import { openCheckpoint } from './store.ts';

/** Devices of one container: what a status shows and what node agents ask for. */
export interface ContainerDevices {
  readonly resource: string;
  readonly ids: readonly { readonly id: string; readonly healthy: boolean; readonly numaNodes: readonly string[] }[];
}

export interface DeviceManager {
  /** Whether a resource is one of devices, so that this admits what asks for it. */
  manages(resource: string): boolean;
  /** Whether a pod asks for devices. */
  wants(pod: NodePod): boolean;
  /** Gets a pod its devices; why it cannot have them, or undefined. */
  admit(pod: NodePod): Promise<string | undefined>;
  /** What a container that is about to start gets for its devices; rejects when its plugin does not let it. */
  prepare(pod: NodePod, container: AnyContainer): Promise<DeviceSettings>;
  /** The pod is gone: others may have its devices. */
  release(uid: string): void;
  /** Of a container, by resource. */
  ofContainer(uid: string, container: string): readonly ContainerDevices[];
  /** Every healthy device, by resource. */
  allocatable(): readonly ContainerDevices[];
  /** For the node's status. */
  amounts(): DeviceAmounts;
  /** No kubelet was here before: the machine may be another, and what its Node says of devices is void. */
  isFresh(): boolean;
  /** Lets plugins register from now on. */
  serve(node: NodeOfDevices): Promise<void>;
  /** Why no plugin can register; undefined when they can. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/** What the kubelet knows and wants to know. */
export interface NodeOfDevices {
  /** Uids of pods that are not over. */
  readonly active: () => ReadonlySet<string>;
  /** Whether every source told its pods. */
  readonly synced: () => boolean;
  /** Amounts changed, or the health of devices that these pods have. */
  readonly changed: (uids: readonly string[]) => void;
}

export interface DeviceOptions {
  readonly host: Host;
  /** `/var/lib/kubelet`. */
  readonly rootDir: string;
  readonly log: Logger;
  readonly metrics: KubeletMetrics;
  /** Uids of pods that had a running container when the kubelet started; asked once, when there are devices of an earlier life. */
  readonly running: () => Promise<ReadonlySet<string>>;
}

const DIRECTORY = 'device-plugins';
/** Changes that come together are told together. */
const SETTLE_MS = 200;

/** Knows what an earlier kubelet gave away; plugins can register once `serve` was called. */
export async function openDevices({ host, rootDir, log, metrics, running }: DeviceOptions): Promise<DeviceManager> {
  const { clock, files } = host;
  const directory = join(rootDir, DIRECTORY);
  const closing = new AbortController();
  const holdings = createHoldings();
  const store = openCheckpoint(host, directory, log, checkpoint);
  const inventory = createInventory(clock, () => saveLater());
  const touched = new Set<string>();
  let telling = false;
  let node: NodeOfDevices | undefined;
  let server: GrpcServer | undefined;
  let problem: string | undefined;
  const messages = (): Promise<typeof import('./plugin.ts')> => import('./plugin.ts');

  async function checkpoint(): Promise<CheckpointData> {
    const known = [...holdings.all()];
    const { encodeAnswer } = known.length === 0 ? { encodeAnswer: undefined } : await messages();
    return {
      PodDeviceEntries: known.flatMap(([{ uid, container }, { resource, ids, answer }]) =>
        answer === undefined || encodeAnswer === undefined
          ? []
          : [
              {
                PodUID: uid,
                ContainerName: container,
                ResourceName: resource,
                DeviceIDs: ids,
                AllocResp: Buffer.from(encodeAnswer(answer)).toString('base64'),
              },
            ],
      ),
      RegisteredDevices: Object.fromEntries(
        [...inventory.entries()].flatMap(([name, { healthy }]) => (healthy === undefined ? [] : [[name, [...healthy]]])),
      ),
    };
  }

  const saveLater = (): void => {
    store.save().catch((error: unknown) => log.error('Writing checkpoint encountered', { err: errorText(error) }));
  };

  async function restore(): Promise<ReadonlySet<string>> {
    const data = await store.read();
    for (const name of Object.keys(data?.RegisteredDevices ?? {})) inventory.expect(name);
    const entries = data?.PodDeviceEntries ?? [];
    if (entries.length === 0) return new Set();
    const { decodeAnswer } = await messages();
    for (const { PodUID, ContainerName, ResourceName, DeviceIDs, AllocResp } of entries)
      try {
        const ids = Object.fromEntries(Object.entries(DeviceIDs ?? {}).map(([numa, list]) => [numa, list ?? []]));
        const answer = decodeAnswer(Buffer.from(AllocResp ?? '', 'base64'));
        holdings.set({ uid: PodUID, container: ContainerName }, { resource: ResourceName, ids, answer });
      } catch (error) {
        log.error("Can't unmarshal allocResp", { podUID: PodUID, container: ContainerName, resource: ResourceName, err: errorText(error) });
      }
    return running().catch(() => new Set<string>());
  }

  /** Tells of changes, a little later and once for all that came. */
  function tell(ids: readonly string[]): void {
    const given = new Set(ids);
    for (const [{ uid }, holding] of holdings.all()) if ([...idsOf(holding)].some((id) => given.has(id))) touched.add(uid);
    if (telling) return;
    telling = true;
    clock.after(SETTLE_MS, () => {
      telling = false;
      if (closing.signal.aborted) return;
      const uids = [...touched];
      touched.clear();
      node?.changed(uids);
    });
  }

  function devicesOf(name: string, ids: readonly string[], numa: (id: string) => readonly string[]): ContainerDevices {
    const known = inventory.get(name)?.devices;
    return {
      resource: name,
      ids: ids.map((id) => ({ id, healthy: (known?.get(id)?.health ?? 'Healthy') === 'Healthy', numaNodes: numa(id) })),
    };
  }

  const made = await files.mkdir(directory, { recursive: true, mode: 0o750 });
  const allocator = createAllocator({
    inventory,
    holdings,
    clock,
    metrics,
    save: () => store.save(),
    active: () => (node?.synced() === true ? node.active() : undefined),
    ranBefore: await restore(),
  });
  const register = createRegistrar({
    directory,
    inventory,
    clock,
    log,
    metrics,
    connect: async () => (await messages()).connectPlugin,
    changed(ids) {
      tell(ids);
      saveLater();
    },
    closing: closing.signal,
  });

  return {
    ...allocator,
    release(uid) {
      if (holdings.forget(uid)) saveLater();
    },
    ofContainer: (uid, container) =>
      holdings
        .ofContainer({ uid, container })
        .map((holding) => devicesOf(holding.resource, [...idsOf(holding)], (id) => numaNodesOf(holding, id))),
    allocatable: () =>
      [...inventory.entries()].flatMap(([name, { healthy, devices }]) =>
        healthy === undefined ? [] : [devicesOf(name, [...healthy], (id) => nodesOf(devices.get(id)))],
      ),
    amounts: () => inventory.amounts(),
    isFresh: () => made !== undefined,
    async serve(given) {
      node = given;
      const socket = join(directory, KUBELET_SOCKET);
      try {
        await removeSockets(host, directory, log);
        server = await serveGrpc(socket, {
          'v1beta1.Registration': {
            Register: async (bytes, signal) => (await messages()).registerMethod(register)(bytes, signal),
          },
        });
      } catch (error) {
        problem = `device registration error: device plugin registration gRPC server failed and no device plugins can register: ${errorText(error)}`;
        log.error('Failed to listen to socket while starting device plugin registry', { socket, err: errorText(error) });
      }
    },
    problem: () => problem,
    async close() {
      closing.abort();
      await server?.close();
      for (const [, { plugin }] of inventory.entries()) plugin?.close();
      await store.close();
    },
  };
}

const numaNodesOf = ({ ids }: Holding, id: string): string[] =>
  Object.keys(ids).filter((numa) => numa !== NO_NUMA_NODE && ids[numa]?.includes(id) === true);

/** `allocatedResourcesStatus` of a container's status. */
export const resourceHealth = (devices: readonly ContainerDevices[]): NonNullable<ContainerStatus['allocatedResourcesStatus']> =>
  devices.map(({ resource, ids }) => ({
    name: resource,
    resources: ids.map(({ id, healthy }) => ({ resourceID: id, health: healthy ? 'Healthy' : 'Unhealthy' })),
  }));

/** Sockets of plugins that served an earlier kubelet: they see them go, and register again. */
async function removeSockets({ files }: Host, directory: string, log: Logger): Promise<void> {
  for (const name of await files.readdir(directory)) {
    if (name === CHECKPOINT_FILE) continue;
    const path = join(directory, name);
    const found = await files.stat(path).catch((error: unknown) => log.error('Failed to stat file', { path, err: errorText(error) }));
    if (found?.isSocket() === true) await files.rm(path, { force: true });
  }
}
