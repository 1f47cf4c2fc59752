/** Keeps the Endpoints of every Service that has a selector (controller-manager `endpoint/endpoints_controller.go`). */
import { resources } from '../../api/resources.ts';
import type { Endpoints, ObjectOf, Pod, Service, Stored } from '../../api/types.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceEnding, isOvertaken } from '../overtaken.ts';
import { ownWrites, type OwnWrites } from '../own-writes.ts';
import { splitKey } from '../queue.ts';
import { familiesOf, hasSelector, isHeadless, membersOf, targetRefOf, type Member } from './members.ts';
import { TRIGGER_TIME, triggerTimes } from './trigger-time.ts';
import { keyOf, watchServices } from './watch-services.ts';

type Subset = ObjectOf<'core/v1.EndpointSubset'>;
type Address = ObjectOf<'core/v1.EndpointAddress'>;

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
/** Addresses that one Endpoints object may hold; EndpointSlices hold the rest. */
const MAX_ADDRESSES = 1000;

export function startEndpointsController(context: ControllerContext): Controller {
  const { client, reader = client } = context;
  const times = triggerTimes();
  const present = reader.inform(
    resources.endpoints,
    {},
    {
      added: (endpoints) => writes.saw(endpoints),
      modified: (endpoints) => writes.saw(endpoints),
      deleted: (endpoints) => {
        writes.saw(endpoints);
        watcher.add(keyOf(endpoints));
      },
    },
  );
  const writes: OwnWrites<Stored<Endpoints>> = ownWrites(() => present.items);
  const watcher = watchServices(context, { what: 'Endpoints', synced: present.synced, sync });

  async function sync(key: string, service: Stored<Service> | undefined, pods: Iterable<Stored<Pod>>): Promise<void> {
    const known = writes.get(key);
    if (service === undefined) {
      times.forget(key);
      // What a user wrote by hand goes with the Service too, as in the original.
      if (known !== undefined && key !== 'default/kubernetes') await remove(key, known.metadata.uid);
      return;
    }
    if (!hasSelector(service)) return;
    const members = familiesOf(service)
      .slice(0, 1)
      .flatMap((family) => membersOf(service, pods, family));
    const trigger = times.next(
      key,
      service,
      members.map(({ pod }) => pod),
    );
    await write(known, endpointsOf(service, members, trigger));
  }

  async function write(known: Stored<Endpoints> | undefined, wanted: Endpoints): Promise<void> {
    if (known !== undefined && same(known, wanted)) return;
    try {
      if (known === undefined) writes.wrote(await client.create(resources.endpoints, wanted));
      else {
        const { resourceVersion } = known.metadata;
        writes.wrote(await client.update(resources.endpoints, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } }));
      }
    } catch (error) {
      writes.forget(wanted);
      if (!isNamespaceEnding(error)) throw error;
    }
  }

  async function remove(key: string, uid: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    writes.forget({ metadata: { namespace, name } });
    try {
      await client.delete(resources.endpoints, name, { namespace, delete: { preconditions: { uid } } });
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }

  return {
    ready: watcher.ready,
    stop: () => {
      watcher.stop();
      present.stop();
    },
  };
}

/** The Endpoints that a Service should have. */
export function endpointsOf(service: Stored<Service>, members: readonly Member[], trigger?: string): Endpoints {
  const { name, namespace = '', labels = {} } = service.metadata;
  const all = service.spec.publishNotReadyAddresses === true ? members : members.filter(({ terminating }) => !terminating);
  const kept = all.slice(0, MAX_ADDRESSES);
  const subsets = subsetsOf(service, kept);
  const annotations = {
    ...(trigger !== undefined && { [TRIGGER_TIME]: trigger }),
    ...(kept.length < all.length && { [OVER_CAPACITY]: 'truncated' }),
  };
  return {
    metadata: {
      name,
      namespace,
      labels: { ...labels, [MANAGED_BY]: 'endpoint-controller', ...(isHeadless(service) && { [HEADLESS]: '' }) },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

/** Addresses with the same ports share a subset. */
function subsetsOf(service: Stored<Service>, members: readonly Member[]): Subset[] {
  const subsets = new Map<string, Subset>();
  for (const member of members) {
    // A headless Service needs no ports; for any other an address without one leads nowhere.
    if (member.ports.length === 0 && !(isHeadless(service) && (service.spec.ports ?? []).length === 0)) continue;
    const ports = member.ports.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? (ports.length > 0 ? { ports: ports.map(unnamed) } : {});
    subsets.set(key, subset);
    const ready = service.spec.publishNotReadyAddresses === true || member.serving;
    const list = ready ? 'addresses' : 'notReadyAddresses';
    subset[list] = [...(subset[list] ?? []), addressOf(member)].toSorted((a, b) => (a.ip < b.ip ? -1 : 1));
  }
  return [...subsets].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, subset]) => subset);
}

function unnamed({ name, ...port }: Member['ports'][number]): ObjectOf<'core/v1.EndpointPort'> {
  return name === '' ? port : { name, ...port };
}

function addressOf({ ip, pod, hostname }: Member): Address {
  const { nodeName = '' } = pod.spec;
  return { ip, ...(hostname !== undefined && { hostname }), ...(nodeName !== '' && { nodeName }), targetRef: targetRefOf(pod) };
}

/** A trigger time of its own is no change. */
function same(known: Stored<Endpoints>, wanted: Endpoints): boolean {
  const text = ({ metadata: { labels = {}, annotations = {} }, subsets = [] }: Endpoints): string =>
    canonical([labels, { ...annotations, [TRIGGER_TIME]: '' }, subsets]);
  return text(known) === text(wanted);
}

/** JSON whose objects have their keys in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
