/**
 * What the node has granted to its pods: a pod runs with the resources that were allocated to it, whatever its spec asks
 * for since (kubernetes `pkg/kubelet/allocation`). The grants survive a restart of the kubelet in a file.
 */
import { join } from 'node:path';
import type { PodSpec } from '../../api/types.ts';
import { compareQuantities } from '../../api/quantity.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from './pod.ts';

type Resources = NonNullable<PodSpec['resources']>;

/** Resources of a pod's parts as they were granted. */
export interface Allocation {
  /** By container name, of init and app containers. */
  readonly containers: Readonly<Record<string, Resources>>;
  readonly pod?: Resources;
}

export interface Allocations {
  /** The pod with the resources that were granted; as it is when nothing was granted yet. */
  granted(pod: NodePod): NodePod;
  grant(pod: NodePod): void;
  forget(uid: string): void;
  /** Resolves when the file has everything. */
  flush(): Promise<void>;
}

export const ALLOCATIONS_FILE = 'allocated_pods.json';
/** Grants that come together are written together. */
const SETTLE_MS = 200;

const containersOf = (spec: PodSpec): NonNullable<PodSpec['containers']> => [...(spec.initContainers ?? []), ...spec.containers];

export function allocationOf({ spec }: NodePod): Allocation {
  return {
    containers: Object.fromEntries(containersOf(spec).map((c) => [c.name, c.resources ?? {}])),
    ...(spec.resources && { pod: spec.resources }),
  };
}

/** The pod with other resources; the same object when they are what it has. */
export function withAllocation(pod: NodePod, allocation: Allocation): NodePod {
  if (sameAllocation(allocationOf(pod), allocation)) return pod;
  const put = <T extends { readonly name: string; readonly resources?: Resources }>(container: T): T => {
    const resources = allocation.containers[container.name];
    return resources === undefined ? container : { ...container, resources };
  };
  const { resources: _asked, initContainers, ...spec } = pod.spec;
  return {
    ...pod,
    spec: {
      ...spec,
      ...(initContainers && { initContainers: initContainers.map(put) }),
      containers: spec.containers.map(put),
      ...(allocation.pod && { resources: allocation.pod }),
    },
  };
}

/** Whether two allocations grant the same to containers that both know. */
export function sameAllocation(a: Allocation, b: Allocation): boolean {
  for (const [name, resources] of Object.entries(a.containers)) {
    const other = b.containers[name];
    if (other !== undefined && !sameResources(resources, other)) return false;
  }
  return sameResources(a.pod ?? {}, b.pod ?? {});
}

function sameResources(a: Resources, b: Resources): boolean {
  return sameAmounts(a.requests ?? {}, b.requests ?? {}) && sameAmounts(a.limits ?? {}, b.limits ?? {});
}

function sameAmounts(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [x, y] = [a[name], b[name]];
    return x !== undefined && y !== undefined && (x === y || compareQuantities(x, y) === 0);
  });
}

/** Opens the grants of a kubelet's directory; a file that cannot be read counts as empty, and is told. */
export async function openAllocations(host: Host, rootDir: string, log: Logger): Promise<Allocations> {
  const path = join(rootDir, ALLOCATIONS_FILE);
  const grants = await read(host, path, log);
  let writing: Promise<void> | undefined;
  let again = false;

  async function write(): Promise<void> {
    await host.clock.sleep(SETTLE_MS);
    do {
      again = false;
      const fresh = `${path}.new`;
      await host.files.writeFile(fresh, JSON.stringify({ pods: Object.fromEntries(grants) }), { mode: 0o600 });
      await host.files.rename(fresh, path);
    } while (again);
  }
  function changed(): void {
    again = true;
    writing ??= write()
      .catch((error: unknown) => log.error('Allocations could not be written', { path, err: errorText(error) }))
      .finally(() => (writing = undefined));
  }

  return {
    granted(pod) {
      const grant = grants.get(pod.metadata.uid);
      return grant === undefined ? pod : withAllocation(pod, grant);
    },
    grant(pod) {
      grants.set(pod.metadata.uid, allocationOf(pod));
      changed();
    },
    forget(uid) {
      if (grants.delete(uid)) changed();
    },
    async flush() {
      await writing;
    },
  };
}

async function read({ files }: Host, path: string, log: Logger): Promise<Map<string, Allocation>> {
  let text: string;
  try {
    text = await files.readFile(path, 'utf8');
  } catch {
    return new Map();
  }
  try {
    const { pods } = JSON.parse(text) as { pods: Record<string, Allocation> };
    return new Map(Object.entries(pods).filter(([, grant]) => typeof grant.containers === 'object'));
  } catch (error) {
    log.error('Allocations could not be read: pods run with what their specs ask for', { path, err: errorText(error) });
    return new Map();
  }
}
