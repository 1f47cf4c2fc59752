/** Which container has which devices (kubernetes `pkg/kubelet/cm/devicemanager/pod_devices.go`). */
import type { ContainerAllocateResponse } from './proto/device_plugin_pb.ts';

/** Devices of one resource that a container has. */
export interface Holding {
  readonly resource: string;
  /** By NUMA node; `-1` for devices that belong to none. A device of several nodes is in each. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  /** What the plugin said to do for them; undefined while it is asked. */
  readonly answer: ContainerAllocateResponse | undefined;
}

/** The place of a container on the node. */
export interface Holder {
  readonly uid: string;
  readonly container: string;
}

export interface Holdings {
  get(holder: Holder, resource: string): Holding | undefined;
  ofContainer(holder: Holder): readonly Holding[];
  set(holder: Holder, holding: Holding): void;
  delete(holder: Holder, resource: string): void;
  /** Takes everything from a pod; whether it had something. */
  forget(uid: string): boolean;
  pods(): readonly string[];
  all(): Iterable<readonly [Holder, Holding]>;
  /** Devices of a resource that somebody has. */
  used(resource: string): Set<string>;
}

export const NO_NUMA_NODE = '-1';

/** Ids of a holding, each once. */
export const idsOf = (holding: Holding): Set<string> => new Set(Object.values(holding.ids).flat());

export function createHoldings(): Holdings {
  const pods = new Map<string, Map<string, Map<string, Holding>>>();

  function* all(): Generator<readonly [Holder, Holding]> {
    for (const [uid, containers] of pods)
      for (const [container, resources] of containers) for (const holding of resources.values()) yield [{ uid, container }, holding];
  }

  return {
    get: ({ uid, container }, resource) => pods.get(uid)?.get(container)?.get(resource),
    ofContainer: ({ uid, container }) => [...(pods.get(uid)?.get(container)?.values() ?? [])],
    set({ uid, container }, holding) {
      const containers = pods.get(uid) ?? new Map<string, Map<string, Holding>>();
      const resources = containers.get(container) ?? new Map<string, Holding>();
      pods.set(uid, containers.set(container, resources.set(holding.resource, holding)));
    },
    delete({ uid, container }, resource) {
      const containers = pods.get(uid);
      const resources = containers?.get(container);
      resources?.delete(resource);
      if (resources?.size === 0) containers?.delete(container);
      if (containers?.size === 0) pods.delete(uid);
    },
    forget: (uid) => pods.delete(uid),
    pods: () => [...pods.keys()],
    all,
    used(resource) {
      const used = new Set<string>();
      for (const [, holding] of all()) if (holding.resource === resource) for (const id of idsOf(holding)) used.add(id);
      return used;
    },
  };
}
