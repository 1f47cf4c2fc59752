/**
 * Devices of the node: their plugins register here, say what they have, and are asked when a pod is admitted and when a container
 * starts (kubernetes `pkg/kubelet/cm/devicemanager/manager.go`).
 */
import { join } from 'node:path';
import { quantityValue } from '../../api/quantity.ts';
import type { ContainerStatus } from '../../api/types.ts';
import { rpcText } from '../../net/grpc/codes.ts';
import { serveGrpc, type GrpcServer } from '../../net/grpc/server.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { isSidecar, podContainers, type AnyContainer, type NodePod, type PodContainer } from '../pods/pod.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { CHECKPOINT_FILE, type CheckpointData } from './checkpoint.ts';
import { chooseDevices } from './choose.ts';
import { createHoldings, idsOf, NO_NUMA_NODE, type Holder, type Holding } from './holdings.ts';
import { createInventory, type DeviceAmounts, type DeviceResource } from './inventory.ts';
import type { Plugin } from './plugin.ts';
import type { Device } from './proto/device_plugin_pb.ts';
import { KUBELET_SOCKET, registrationProblem, socketOf, type RegistrationRequest } from './registration.ts';
import { deviceSettings, type DeviceSettings } from './settings.ts';
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
  /** Nothing is known from before: the machine may be another, and what its Node says of devices is void. */
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
/** Resources at once: names come from outside. */
const MAX_RESOURCES = 256;
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
  /** Pods that are being admitted: not yet known as active. */
  const admitting = new Set<string>();
  const touched = new Set<string>();
  let telling = false;
  let node: NodeOfDevices | undefined;
  let server: GrpcServer | undefined;
  let problem: string | undefined;
  let loaded: Promise<typeof import('./plugin.ts')> | undefined;
  const messages = (): Promise<typeof import('./plugin.ts')> => (loaded ??= import('./plugin.ts'));

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

  async function register(request: RegistrationRequest, signal: AbortSignal): Promise<void> {
    const name = request.resourceName;
    log.info('Got registration request from device plugin with resource', { resourceName: name });
    metrics.devicePluginRegistrations.increase([name]);
    const no = registrationProblem(request) ?? tooMany(name);
    if (no !== undefined) {
      log.error('Bad registration request from device plugin', { resourceName: name, err: no });
      throw new Error(no);
    }
    const { connectPlugin } = await messages();
    const plugin = await connectPlugin(socketOf(directory, request), clock, AbortSignal.any([signal, closing.signal]));
    if (closing.signal.aborted) {
      plugin.close();
      return;
    }
    const before = inventory.get(name)?.plugin;
    inventory.connected(name, plugin);
    before?.close();
    log.v(2, 'Device plugin connected', { resourceName: name });
    void follow(name, plugin);
  }

  const tooMany = (name: string): string | undefined =>
    inventory.get(name) === undefined && [...inventory.entries()].length >= MAX_RESOURCES
      ? `there are ${MAX_RESOURCES} resources of device plugins already`
      : undefined;

  /** Takes the plugin's lists until it goes. */
  async function follow(name: string, plugin: Plugin): Promise<void> {
    const current = (): boolean => inventory.get(name)?.plugin === plugin && !closing.signal.aborted;
    const why = await plugin
      .watch((devices) => {
        if (!current()) return;
        tell(inventory.listed(name, devices));
        saveLater();
      })
      .then(
        () => 'EOF',
        (error: unknown) => rpcText(error),
      );
    plugin.close();
    if (!current()) return;
    log.error('ListAndWatch ended unexpectedly for device plugin', { resource: name, err: why });
    inventory.ended(name);
    tell([]);
  }

  const manages = (resource: string): boolean =>
    inventory.get(resource)?.healthy !== undefined || [...holdings.all()].some(([, holding]) => holding.resource === resource);
  const wantedBy = (container: AnyContainer): [string, string][] =>
    Object.entries(container.resources?.limits ?? {}).filter(([name]) => manages(name));

  /** Frees what pods have that are over. */
  function freeStale(): void {
    if (node?.synced() !== true) return;
    const active = node.active();
    for (const uid of holdings.pods()) if (!active.has(uid) && !admitting.has(uid)) holdings.forget(uid);
  }

  async function allocate(holder: Holder, container: AnyContainer, reusable: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
    let changed = false;
    for (const [name, quantity] of wantedBy(container)) {
      const chosen = await chooseDevices({
        holder,
        name,
        resource: inventory.get(name),
        holdings,
        required: quantityValue(quantity),
        reusable: reusable.get(name) ?? new Set(),
        runsAlready: node?.synced() !== true && ranBefore.has(holder.uid),
        take: (ids) => holdings.set(holder, { resource: name, ids: byNumaNode(ids, inventory.get(name)), answer: undefined }),
      });
      if (chosen.length === 0) continue;
      const resource = inventory.get(name);
      const began = clock.monotonic();
      try {
        if (resource?.plugin === undefined) throw new Error(`endpoint ${name} has been stopped`);
        const answer = await resource.plugin.allocate(chosen).finally(() => {
          metrics.devicePluginAllocDuration.observe((clock.monotonic() - began) / 1000, [name]);
        });
        holdings.set(holder, { resource: name, ids: byNumaNode(chosen, resource), answer });
        changed = true;
      } catch (error) {
        holdings.delete(holder, name);
        throw error;
      }
    }
    if (changed) await store.save();
  }

  async function admit(pod: NodePod): Promise<string | undefined> {
    const { uid } = pod.metadata;
    admitting.add(uid);
    const had = new Set([...holdings.all()].map(([, holding]) => holding));
    try {
      freeStale();
      const reusable = new Map<string, Set<string>>();
      for (const target of containersWithDevices(pod)) {
        const holder = { uid, container: target.container.name };
        await allocate(holder, target.container, reusable);
        for (const holding of holdings.ofContainer(holder)) reuse(reusable, holding, target);
      }
      return undefined;
    } catch (error) {
      for (const [holder, holding] of holdings.all())
        if (holder.uid === uid && !had.has(holding)) holdings.delete(holder, holding.resource);
      saveLater();
      return `Allocate failed due to ${rpcText(error)}, which is unexpected`;
    } finally {
      admitting.delete(uid);
    }
  }

  function devicesOf(name: string, ids: readonly string[], numa: (id: string) => readonly string[]): ContainerDevices {
    const known = inventory.get(name)?.devices;
    return {
      resource: name,
      ids: ids.map((id) => ({ id, healthy: (known?.get(id)?.health ?? 'Healthy') === 'Healthy', numaNodes: numa(id) })),
    };
  }

  await files.mkdir(directory, { recursive: true, mode: 0o750 });
  const ranBefore = await restore();

  return {
    manages,
    wants: (pod) => containersWithDevices(pod).some(({ container }) => wantedBy(container).length > 0),
    admit,
    async prepare(pod, container) {
      const holder = { uid: pod.metadata.uid, container: container.name };
      let missing = false;
      for (const [name, quantity] of wantedBy(container)) {
        if (quantityValue(quantity) === 0) continue;
        await preStart(inventory.get(name), name, holdings.get(holder, name), holder);
        missing ||= holdings.get(holder, name) === undefined;
      }
      // Without what it was admitted with, as after the loss of the checkpoint, it is given devices anew.
      if (missing) await allocate(holder, container, new Map());
      return deviceSettings(holdings.ofContainer(holder).flatMap(({ answer }) => (answer === undefined ? [] : [answer])));
    },
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
    isFresh: () => !store.exists(),
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

/** The containers that can have devices, in the order in which they are given them. */
const containersWithDevices = (pod: NodePod): PodContainer[] => podContainers(pod.spec).filter(({ kind }) => kind !== 'ephemeral');

/** What an init container had that ended is for those that follow; what a sidecar or an app container has is its own. */
function reuse(reusable: Map<string, Set<string>>, holding: Holding, { kind, container }: PodContainer): void {
  const free = reusable.get(holding.resource) ?? new Set<string>();
  reusable.set(holding.resource, free);
  const passes = kind === 'init' && !isSidecar({ ...('restartPolicy' in container && { restartPolicy: container.restartPolicy }) });
  for (const id of idsOf(holding)) {
    if (passes) free.add(id);
    else free.delete(id);
  }
}

async function preStart(resource: DeviceResource | undefined, name: string, holding: Holding | undefined, holder: Holder): Promise<void> {
  if (resource === undefined) throw new Error(`endpoint not found in cache for a registered resource: ${name}`);
  if (resource.plugin?.options.preStartRequired !== true) return;
  if (holding === undefined)
    throw new Error(`no devices found allocated in local cache for pod ${holder.uid}, container ${holder.container}, resource ${name}`);
  try {
    await resource.plugin.preStart([...idsOf(holding)]);
  } catch (error) {
    throw new Error(`device plugin PreStartContainer rpc failed with err: ${rpcText(error)}`, { cause: error });
  }
}

function byNumaNode(ids: readonly string[], resource: DeviceResource | undefined): Record<string, string[]> {
  const sorted: Record<string, string[]> = {};
  for (const id of ids) {
    const nodes = nodesOf(resource?.devices.get(id));
    for (const numa of nodes.length === 0 ? [NO_NUMA_NODE] : nodes) (sorted[numa] ??= []).push(id);
  }
  return sorted;
}

const nodesOf = (device: Device | undefined): string[] => (device?.topology?.nodes ?? []).map(({ ID }) => String(ID));
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
