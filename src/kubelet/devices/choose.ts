/** Which devices a container gets (kubernetes `pkg/kubelet/cm/devicemanager/manager.go`, devicesToAllocate). */
import { rpcText } from '../../net/grpc/codes.ts';
import { idsOf, type Holder, type Holdings } from './holdings.ts';
import type { DeviceResource } from './inventory.ts';

export interface Choice {
  readonly holder: Holder;
  readonly name: string;
  readonly resource: DeviceResource | undefined;
  readonly holdings: Holdings;
  /** How many devices the container asks for. */
  readonly required: number;
  /** Devices of the pod's finished init containers. */
  readonly reusable: ReadonlySet<string>;
  /** The container ran before the kubelet did: it has what it needs. */
  readonly runsAlready: boolean;
  /** Notes who has them, in the moment in which they are free. */
  readonly take: (ids: readonly string[]) => void;
}

/**
 * Takes the devices that are to be asked for; none when the container has all that it needs. Rejects with the texts of the
 * original.
 */
export async function chooseDevices(choice: Choice): Promise<readonly string[]> {
  const { holder, name, resource, holdings, required, reusable, runsAlready } = choice;
  const take = (ids: readonly string[]): readonly string[] => {
    choice.take(ids);
    return ids;
  };
  const held = holdings.get(holder, name);
  const before = held && idsOf(held);
  if (before && before.size !== required)
    throw new Error(
      `pod ${JSON.stringify(holder.uid)} container ${JSON.stringify(holder.container)} changed request for resource ${JSON.stringify(name)} from ${before.size} to ${required}`,
    );
  if (runsAlready) return [];
  const healthy = resource?.healthy;
  if (healthy === undefined) throw new Error(`cannot allocate unregistered device ${name}`);
  if (healthy.size === 0) throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${name}`);
  if (before && [...before].some((id) => !healthy.has(id)))
    throw new Error(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${name}`);
  if (before !== undefined || required === 0) return [];

  const reused = [...reusable].slice(0, required);
  const needed = required - reused.length;
  if (needed === 0) return take(reused);
  const available = freeDevices(choice, healthy, needed);
  const asked = preferredDevices(choice, available, reused);
  const preferred = asked === undefined ? undefined : await asked;
  // Others may have taken some while the plugin was asked.
  const still = preferred === undefined ? available : freeDevices(choice, resource?.healthy ?? new Set(), needed);
  const first = [...new Set(preferred)].filter((id) => still.has(id));
  return take([...reused, ...new Set([...first, ...still])].slice(0, required));
}

/** Healthy devices that nobody has; rejects when they are too few. */
function freeDevices({ holdings, name, reusable }: Choice, healthy: ReadonlySet<string>, needed: number): Set<string> {
  const used = holdings.used(name);
  const free = new Set([...healthy].filter((id) => !used.has(id) && !reusable.has(id)));
  if (free.size < needed)
    throw new Error(`requested number of devices unavailable for ${name}. Requested: ${needed}, Available: ${free.size}`);
  return free;
}

/** What the plugin would take; undefined when it is not asked. */
function preferredDevices(
  { resource, required }: Choice,
  available: ReadonlySet<string>,
  reused: readonly string[],
): Promise<readonly string[]> | undefined {
  if (resource?.plugin?.options.getPreferredAllocationAvailable !== true) return undefined;
  return resource.plugin.prefer([...available, ...reused], reused, required).catch((error: unknown) => {
    throw new Error(`device plugin GetPreferredAllocation rpc failed with err: ${rpcText(error)}`, { cause: error });
  });
}
