/** Keeps the EndpointSlices of every Service that has a selector (controller-manager `endpointslice`, `k8s.io/endpointslice/reconciler.go`). */
import { resources } from '../../api/resources.ts';
import type { ObjectOf, Pod, Service, Stored } from '../../api/types.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceEnding, isOvertaken } from '../overtaken.ts';
import { ownWrites, type OwnWrites } from '../own-writes.ts';
import { canonical } from './endpoints.ts';
import { familiesOf, hasSelector, isHeadless, membersOf, targetRefOf, type Family, type Member } from './members.ts';
import { TRIGGER_TIME, triggerTimes } from './trigger-time.ts';
import { watchServices } from './watch-services.ts';

type EndpointSlice = ObjectOf<'discovery/v1.EndpointSlice'>;
type Endpoint = ObjectOf<'discovery/v1.Endpoint'>;

const slices = resources['endpointslices.discovery.k8s.io'];
const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const ZONE = 'topology.kubernetes.io/zone';
/** Endpoints in one slice (`--max-endpoints-per-slice`). */
const MAX_ENDPOINTS = 100;

export function startEndpointSliceController(context: ControllerContext): Controller {
  const { client, reader = client } = context;
  const times = triggerTimes();
  const ask = (slice: Stored<EndpointSlice>): void => {
    const name = slice.metadata.labels?.[SERVICE_NAME];
    writes.saw(slice);
    if (name !== undefined) watcher.add(`${slice.metadata.namespace ?? ''}/${name}`);
  };
  const present = reader.inform(
    slices,
    { labelSelector: `${MANAGED_BY}=${MANAGER}` },
    { added: (slice) => writes.saw(slice), modified: ask, deleted: ask },
  );
  const writes: OwnWrites<Stored<EndpointSlice>> = ownWrites(() => present.items);
  const nodes = reader.inform(resources.nodes, {}, {});
  const watcher = watchServices(context, { what: 'EndpointSlices', synced: Promise.all([present.synced, nodes.synced]), sync });

  async function sync(key: string, service: Stored<Service> | undefined, pods: Iterable<Stored<Pod>>): Promise<void> {
    const known = writes.all().filter(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.labels?.[SERVICE_NAME] ?? ''}` === key);
    if (service === undefined || service.spec.type === 'ExternalName' || !hasSelector(service)) {
      times.forget(key);
      // Slices of a Service that is gone are the garbage collector's.
      if (service !== undefined) for (const slice of known) await remove(slice);
      return;
    }
    const all = [...pods];
    const zoneOf = (node: string): string | undefined => nodes.items.get(node)?.metadata.labels?.[ZONE];
    const byFamily = familiesOf(service).map((family) => ({ family, members: membersOf(service, all, family) }));
    const trigger = times.next(
      key,
      service,
      byFamily.flatMap(({ members }) => members.map(({ pod }) => pod)),
    );
    const wanted = byFamily.flatMap(({ family, members }) => slicesOf(service, family, members, { zoneOf, trigger }));
    await replace(known, wanted);
  }

  /** Slices for the same ports are written over; what is left over goes. */
  async function replace(known: readonly Stored<EndpointSlice>[], wanted: readonly EndpointSlice[]): Promise<void> {
    const spare = known.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const missing: EndpointSlice[] = [];
    for (const slice of wanted) {
      const at = spare.findIndex(
        (one) => one.addressType === slice.addressType && canonical(one.ports ?? []) === canonical(slice.ports ?? []),
      );
      const [match] = at < 0 ? [] : spare.splice(at, 1);
      if (match === undefined) missing.push(slice);
      else if (!same(match, slice)) {
        const { name, namespace = '', resourceVersion, generateName = '' } = match.metadata;
        const metadata = { ...slice.metadata, name, namespace, resourceVersion, ...(generateName !== '' && { generateName }) };
        await write(metadata, () => client.update(slices, { ...slice, metadata }));
      }
    }
    for (const slice of missing) await write({}, () => client.create(slices, slice));
    for (const slice of spare) await remove(slice);
  }

  async function write(
    metadata: { readonly namespace?: string; readonly name?: string },
    send: () => Promise<Stored<EndpointSlice>>,
  ): Promise<void> {
    try {
      writes.wrote(await send());
    } catch (error) {
      writes.forget({ metadata });
      if (!isNamespaceEnding(error)) throw error;
    }
  }

  async function remove({ metadata }: Stored<EndpointSlice>): Promise<void> {
    writes.forget({ metadata });
    try {
      await client.delete(slices, metadata.name, { namespace: metadata.namespace ?? '' });
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }

  return {
    ready: watcher.ready,
    stop: () => {
      watcher.stop();
      present.stop();
      nodes.stop();
    },
  };
}

interface SliceDetails {
  readonly zoneOf: (node: string) => string | undefined;
  readonly trigger?: string | undefined;
}

/** The slices that a Service should have in one address family: one per hundred endpoints with the same ports, and an empty one for none. */
export function slicesOf(service: Stored<Service>, family: Family, members: readonly Member[], details: SliceDetails): EndpointSlice[] {
  const byPorts = new Map<string, Member[]>();
  for (const member of members) {
    const key = canonical(member.ports);
    byPorts.set(key, [...(byPorts.get(key) ?? []), member]);
  }
  const made = [...byPorts.values()].flatMap((group) =>
    chunks(group, MAX_ENDPOINTS).map((chunk) => sliceOf(service, family, chunk, details)),
  );
  return made.length > 0 ? made : [sliceOf(service, family, [], details)];
}

/** One slice with these members, which have the same ports. */
function sliceOf(service: Stored<Service>, addressType: Family, members: readonly Member[], details: SliceDetails): EndpointSlice {
  const { trigger } = details;
  const { name, namespace = '', uid, labels = {} } = service.metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [MANAGED_BY]: MANAGER, [SERVICE_NAME]: name, ...(isHeadless(service) && { [HEADLESS]: '' }) },
      ...(trigger !== undefined && { annotations: { [TRIGGER_TIME]: trigger } }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType,
    endpoints: members.map((member) => endpointOf(service, member, details)),
    ports: [...(members[0]?.ports ?? [])],
  };
}

function endpointOf(service: Stored<Service>, { ip, pod, serving, terminating, hostname }: Member, { zoneOf }: SliceDetails): Endpoint {
  const { nodeName = '' } = pod.spec;
  const zone = zoneOf(nodeName);
  return {
    addresses: [ip],
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname !== undefined && { hostname }),
    targetRef: targetRefOf(pod),
    ...(nodeName !== '' && { nodeName }),
    ...(zone !== undefined && { zone }),
  };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** A trigger time of its own is no change. */
function same(known: EndpointSlice, wanted: EndpointSlice): boolean {
  const text = ({ metadata, endpoints, ports }: EndpointSlice): string =>
    canonical([metadata.labels ?? {}, { ...metadata.annotations, [TRIGGER_TIME]: '' }, endpoints ?? [], ports ?? []]);
  return text(known) === text(wanted);
}
