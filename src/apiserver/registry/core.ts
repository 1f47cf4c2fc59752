/** The parts that every operation on stored objects works with. */
import type { ResourceDefinition } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Clock } from '../../util/clock.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../endpoint.ts';
import { keyOf, makeEntry, type Entry } from '../store/entry.ts';
import type { Store, Transaction } from '../store/store.ts';
import { allocateService } from './service-addresses.ts';
import type { ServiceNetwork } from './service-network.ts';
import type { View } from './views.ts';
import type { Target } from './write.ts';

export interface Core {
  readonly store: Store;
  readonly clock: Clock;
  readonly admission: readonly AdmissionPlugin[];
  readonly objects: ObjectReader;
  readonly views: ReadonlyMap<ResourceDefinition, View>;
  readonly services: ServiceNetwork;
}

/** The view of a resource. Every definition of the table has one. */
export function viewOf(core: Pick<Core, 'views'>, definition: ResourceDefinition): View {
  const view = core.views.get(definition);
  if (!view) throw new Error(`no view of ${definition.resource}`);
  return view;
}

/** The key under which a target is stored. */
export function targetKey(view: View, target: Pick<Target, 'namespace' | 'name'>): string {
  return keyOf(view.bucket, view.definition.namespaced ? target.namespace : '', target.name);
}

/** Asks every plug-in, in order. They may change the object; the first that throws refuses. */
export async function admit(core: Core, request: AdmissionRequest): Promise<void> {
  for (const plugin of core.admission) await plugin(request, core.objects);
}

/** Gives an object, in place, what only one object may have: a Service its addresses. Throws 422. */
export function allocate(core: Core, view: View, object: KubeObject, transaction: Pick<Transaction, 'range'>): void {
  if (view.bucket === 'services') allocateService(object, transaction, core.services);
}

/** An entry that was not stored: the answer to a dry run. A new object has no resourceVersion then. */
export function unstored(key: string, object: KubeObject): Entry {
  const { resourceVersion, ...metadata } = object.metadata;
  const entry = makeEntry(key, Number(resourceVersion ?? 0), { ...object, metadata });
  if (resourceVersion !== undefined) return entry;
  const { resourceVersion: _none, ...without } = entry.object.metadata;
  const { kind: _kind, apiVersion: _apiVersion, ...body } = { ...entry.object, metadata: without };
  return { ...entry, object: { ...entry.object, metadata: without } as Entry['object'], json: JSON.stringify(body) };
}
