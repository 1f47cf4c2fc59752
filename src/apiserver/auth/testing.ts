/** Stored objects in memory, for the tests of this folder. */
import type { ResourceDefinition, StoredOf } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Change, ObjectReader } from '../endpoint.ts';
import type { PolicyRegistry } from './bootstrap/reconcile.ts';

export interface MemoryRegistry extends PolicyRegistry {
  /** What was written, in order: `create clusterroles name`. */
  readonly writes: string[];
  /** Stores without noting it. */
  put(resource: ResourceDefinition, object: KubeObject): void;
  /** The same objects as the server's parts read them. */
  readonly reader: ObjectReader;
}

export function memoryRegistry(): MemoryRegistry {
  const tables = new Map<ResourceDefinition, Map<string, KubeObject>>();
  const listeners = new Map<ResourceDefinition, ((change: Change<KubeObject>) => void)[]>();
  const writes: string[] = [];
  const table = (resource: ResourceDefinition): Map<string, KubeObject> => {
    const known = tables.get(resource) ?? new Map<string, KubeObject>();
    tables.set(resource, known);
    return known;
  };
  const tell = (resource: ResourceDefinition, change: Change<KubeObject>): void =>
    listeners.get(resource)?.forEach((listen) => listen(change));
  const put = (resource: ResourceDefinition, object: KubeObject): void => {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
    const type = table(resource).has(key) ? 'MODIFIED' : 'ADDED';
    table(resource).set(key, object);
    tell(resource, { type, object });
  };
  const write = (verb: string, resource: ResourceDefinition, object: KubeObject): Promise<void> => {
    writes.push(`${verb} ${resource.resource} ${object.metadata.name ?? ''}`);
    put(resource, structuredClone(object));
    return Promise.resolve();
  };
  const get = (resource: ResourceDefinition, namespace: string, name: string): KubeObject | undefined =>
    table(resource).get(`${namespace}/${name}`);
  const list = (resource: ResourceDefinition, namespace?: string): KubeObject[] =>
    [...table(resource).entries()]
      .filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  return {
    writes,
    put,
    get,
    list,
    create: (resource, object) => write('create', resource, object),
    update: (resource, object) => write('update', resource, object),
    delete: (resource, namespace, name) => {
      writes.push(`delete ${resource.resource} ${name}`);
      const object = get(resource, namespace, name);
      table(resource).delete(`${namespace}/${name}`);
      if (object !== undefined) tell(resource, { type: 'DELETED', object });
      return Promise.resolve();
    },
    reader: {
      get: <R extends ResourceDefinition>(resource: R, namespace: string, name: string) =>
        get(resource, namespace, name) as StoredOf<R> | undefined,
      list: <R extends ResourceDefinition>(resource: R, namespace?: string) => list(resource, namespace) as unknown as StoredOf<R>[],
      subscribe: <R extends ResourceDefinition>(resource: R, listener: (change: Change<StoredOf<R>>) => void) => {
        const all = listeners.get(resource) ?? [];
        const listen = listener as unknown as (change: Change<KubeObject>) => void;
        listeners.set(resource, [...all, listen]);
        return () =>
          listeners.set(
            resource,
            (listeners.get(resource) ?? []).filter((other) => other !== listen),
          );
      },
    },
  };
}
