/** Which devices the node has, by resource, as their plugins tell (kubernetes `pkg/kubelet/cm/devicemanager/manager.go`). */
import type { Clock } from '../../util/clock.ts';
import type { Plugin } from './plugin.ts';
import type { Device } from './proto/device_plugin_pb.ts';

export interface DeviceResource {
  /** The plugin that serves it; undefined once it is gone. */
  plugin: Plugin | undefined;
  /** When its plugin went, in monotonic milliseconds. */
  goneAt: number | undefined;
  /** As the plugin listed them last, by id. */
  devices: ReadonlyMap<string, Device>;
  /** Undefined before the first list. */
  healthy: ReadonlySet<string> | undefined;
  unhealthy: ReadonlySet<string>;
}

/** What a node's status says of devices, by resource. */
export interface DeviceAmounts {
  /** All devices. */
  readonly capacity: Readonly<Record<string, string>>;
  /** The healthy ones. */
  readonly allocatable: Readonly<Record<string, string>>;
}

export interface Inventory {
  get(resource: string): DeviceResource | undefined;
  entries(): Iterable<readonly [string, DeviceResource]>;
  /** A resource of an earlier life: it has no devices until its plugin comes again. */
  expect(resource: string): void;
  connected(resource: string, plugin: Plugin): void;
  /** Takes the plugin's newest list; the ids that are new or whose health is another. */
  listed(resource: string, devices: readonly Device[]): string[];
  /** The plugin went: its devices are not healthy any more. */
  ended(resource: string): void;
  /** For the node's status. A resource whose plugin has been gone for five minutes is forgotten here and shown as 0 from then on. */
  amounts(): DeviceAmounts;
}

/** How long a plugin may be away before its resource is taken from the node (kubernetes `pkg/kubelet/cm/devicemanager/types.go`, endpointStopGracePeriod). */
export const PLUGIN_AWAY_MS = 300_000;
const HEALTHY = 'Healthy';

/** NUMA nodes that a device belongs to. */
export const nodesOf = (device: Device | undefined): string[] => (device?.topology?.nodes ?? []).map(({ ID }) => String(ID));

const isHealthy = (device: Device): boolean => device.health === HEALTHY;

/** `forgotten` is told of a resource that is taken from the node. */
export function createInventory(clock: Clock, forgotten: (resource: string) => void): Inventory {
  const resources = new Map<string, DeviceResource>();
  const removed = new Set<string>();

  function of(name: string): DeviceResource {
    const known = resources.get(name);
    if (known) return known;
    const fresh: DeviceResource = { plugin: undefined, goneAt: undefined, devices: new Map(), healthy: undefined, unhealthy: new Set() };
    resources.set(name, fresh);
    return fresh;
  }

  function forgetLongGone(): void {
    for (const [name, { goneAt }] of resources)
      if (goneAt !== undefined && clock.monotonic() - goneAt > PLUGIN_AWAY_MS) {
        resources.delete(name);
        removed.add(name);
        forgotten(name);
      }
  }

  return {
    get: (name) => resources.get(name),
    entries: () => resources.entries(),
    expect(name) {
      Object.assign(of(name), { healthy: new Set(), goneAt: clock.monotonic() });
    },
    connected(name, plugin) {
      Object.assign(of(name), { plugin, goneAt: undefined });
    },
    listed(name, list) {
      const resource = of(name);
      const before = resource.devices;
      resource.devices = new Map(list.map((device) => [device.ID, device]));
      resource.healthy = new Set(list.filter(isHealthy).map((device) => device.ID));
      resource.unhealthy = new Set(list.filter((device) => !isHealthy(device)).map((device) => device.ID));
      removed.delete(name);
      return list.filter((device) => before.get(device.ID)?.health !== device.health).map((device) => device.ID);
    },
    ended(name) {
      const resource = resources.get(name);
      if (resource === undefined) return;
      resource.unhealthy = new Set([...resource.unhealthy, ...(resource.healthy ?? [])]);
      if (resource.healthy) resource.healthy = new Set();
      resource.plugin = undefined;
      resource.goneAt = clock.monotonic();
    },
    amounts() {
      forgetLongGone();
      const capacity: Record<string, string> = Object.fromEntries([...removed].map((name) => [name, '0']));
      const allocatable = { ...capacity };
      for (const [name, { healthy, unhealthy }] of resources) {
        if (healthy === undefined) continue;
        capacity[name] = String(healthy.size + unhealthy.size);
        allocatable[name] = String(healthy.size);
      }
      return { capacity, allocatable };
    },
  };
}
