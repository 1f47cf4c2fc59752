import type { ResourceDefinition, StoredOf } from '../../api/resources.ts';
import type { Change, ObjectReader } from '../endpoint.ts';
import { keyOf } from '../store/entry.ts';
import type { Store } from '../store/store.ts';
import type { View } from './views.ts';

/** Reads of what is stored, for the parts inside the API server. */
export function createReader(store: Store, views: ReadonlyMap<ResourceDefinition, View>): ObjectReader {
  const viewOf = (definition: ResourceDefinition): View => {
    const view = views.get(definition);
    if (!view) throw new Error(`no view of ${definition.resource}`);
    return view;
  };
  return {
    get<R extends ResourceDefinition>(definition: R, namespace: string, name: string) {
      const view = viewOf(definition);
      const entry = store.get(keyOf(view.bucket, definition.namespaced ? namespace : '', name));
      return entry && (view.object(entry) as unknown as StoredOf<R>);
    },
    list<R extends ResourceDefinition>(definition: R, namespace?: string) {
      const view = viewOf(definition);
      const prefix = namespace === undefined || !definition.namespaced ? '' : `${namespace}/`;
      return store.list(view.bucket, prefix).map((entry) => view.object(entry) as unknown as StoredOf<R>);
    },
    subscribe<R extends ResourceDefinition>(definition: R, listener: (change: Change<StoredOf<R>>) => void) {
      const view = viewOf(definition);
      return store.subscribe(view.bucket, (events) => {
        for (const event of events) listener({ type: event.type, object: view.object(event.entry) as unknown as StoredOf<R> });
      });
    },
  };
}
