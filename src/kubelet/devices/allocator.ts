/** Gives pods their devices when they are admitted, and containers what their plugins say when they start (kubernetes `pkg/kubelet/cm/devicemanager/manager.go`). */
import { quantityValue } from '../../api/quantity.ts';
import { rpcText } from '../../net/grpc/codes.ts';
import type { Clock } from '../../util/clock.ts';
import { isSidecar, podContainers, type AnyContainer, type NodePod, type PodContainer } from '../pods/pod.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { chooseDevices } from './choose.ts';
import { idsOf, NO_NUMA_NODE, type Holder, type Holding, type Holdings } from './holdings.ts';
import { nodesOf, type DeviceResource, type Inventory } from './inventory.ts';
import { deviceSettings, type DeviceSettings } from './settings.ts';

export interface Allocator {
  manages(resource: string): boolean;
  wants(pod: NodePod): boolean;
  admit(pod: NodePod): Promise<string | undefined>;
  prepare(pod: NodePod, container: AnyContainer): Promise<DeviceSettings>;
}

export interface AllocatorOptions {
  readonly inventory: Inventory;
  readonly holdings: Holdings;
  readonly clock: Clock;
  readonly metrics: KubeletMetrics;
  /** Resolves when who has what is on disk. */
  readonly save: () => Promise<void>;
  /** Uids of pods that are not over; undefined while not every source told its pods. */
  readonly active: () => ReadonlySet<string> | undefined;
  /** Uids of pods that ran before this kubelet did. */
  readonly ranBefore: ReadonlySet<string>;
}

export function createAllocator({ inventory, holdings, clock, metrics, save, active, ranBefore }: AllocatorOptions): Allocator {
  /** Pods that are being admitted: not yet known as active. */
  const admitting = new Set<string>();

  const manages = (resource: string): boolean =>
    inventory.get(resource)?.healthy !== undefined || [...holdings.all()].some(([, holding]) => holding.resource === resource);
  const wantedBy = (container: AnyContainer): [string, string][] =>
    Object.entries(container.resources?.limits ?? {}).filter(([name]) => manages(name));

  /** Frees what pods have that are over. */
  function freeStale(): void {
    const now = active();
    if (now === undefined) return;
    for (const uid of holdings.pods()) if (!now.has(uid) && !admitting.has(uid)) holdings.forget(uid);
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
        runsAlready: ranBefore.has(holder.uid) && active() === undefined,
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
    if (changed) await save();
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
      await save().catch(() => undefined);
      return `Allocate failed due to ${rpcText(error)}, which is unexpected`;
    } finally {
      admitting.delete(uid);
    }
  }

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
