/** An API server in memory behind the KubeClient interface: what the kubelet's tests need, and no more. */
import { applyDefaults } from '../../api/defaults/defaults.ts';
import { applyStrategicMergePatch } from '../../api/patch/strategic-merge.ts';
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { alreadyExists, conflict, notFound } from '../../api/status.ts';
import type { KubeObject, Pod, Stored } from '../../api/types.ts';
import type { InformerHandlers, KubeClient } from '../../client/kube-client.ts';

type Item = KubeObject & { metadata: { name: string; namespace?: string; uid: string; resourceVersion: string } };

export interface FakeApi {
  readonly client: KubeClient;
  /** Every version of every pod, as a watcher sees them. */
  readonly history: Stored<Pod>[];
  objects(resource: ResourceDefinition): KubeObject[];
  /** Creates a pod that is bound to the node already. */
  createPod(pod: Pod): Stored<Pod>;
  put(resource: ResourceDefinition, object: unknown): void;
  /** As an update of the pod by a user. */
  replacePod(pod: Stored<Pod>): void;
  pod(name: string): Stored<Pod> | undefined;
  /** As `kubectl delete pod`. */
  deletePod(name: string, graceSeconds?: number): void;
  /** The next calls of a method reject with this. */
  failNext(method: 'patch' | 'create' | 'get', error: Error): void;
}

export function createFakeApi(nodeName: string): FakeApi {
  const tables = new Map<string, Map<string, Item>>();
  const watchers = new Set<{
    readonly resource: string;
    readonly tell: (type: 'added' | 'modified' | 'deleted', item: Item, before?: Item) => void;
  }>();
  const history: Stored<Pod>[] = [];
  const failures = new Map<string, Error>();
  let version = 0;

  const table = (resource: ResourceDefinition): Map<string, Item> => {
    const found = tables.get(resource.resource) ?? new Map<string, Item>();
    tables.set(resource.resource, found);
    return found;
  };
  const key = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;
  function tell(resource: ResourceDefinition, type: 'added' | 'modified' | 'deleted', item: Item, before?: Item): void {
    if (resource.resource === 'pods' && type !== 'deleted') history.push(item as unknown as Stored<Pod>);
    for (const watcher of watchers) if (watcher.resource === resource.resource) setImmediate(() => watcher.tell(type, item, before));
  }
  function add(resource: ResourceDefinition, object: unknown, namespace: string | undefined): Item {
    const given = structuredClone(object) as KubeObject;
    const of = resource.namespaced ? (given.metadata.namespace ?? namespace ?? 'default') : undefined;
    const name = given.metadata.name ?? '';
    if (table(resource).has(key(of, name))) throw alreadyExists(resource, name);
    const item: Item = {
      status: {},
      ...given,
      metadata: {
        ...given.metadata,
        name,
        ...(of !== undefined && { namespace: of }),
        uid: given.metadata.uid ?? `uid-${++version}`,
        resourceVersion: String(++version),
        creationTimestamp: new Date().toISOString(),
      },
    };
    table(resource).set(key(of, name), item);
    tell(resource, 'added', item);
    return item;
  }
  function change(resource: ResourceDefinition, item: Item, next: Item): Item {
    const stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(++version) } };
    table(resource).set(key(item.metadata.namespace, item.metadata.name), stored);
    tell(resource, 'modified', stored, item);
    return stored;
  }
  function find(resource: ResourceDefinition, namespace: string | undefined, name: string): Item {
    const item = table(resource).get(key(resource.namespaced ? namespace : undefined, name));
    if (item === undefined) throw notFound(resource, name);
    return item;
  }
  function drop(resource: ResourceDefinition, item: Item): void {
    table(resource).delete(key(item.metadata.namespace, item.metadata.name));
    tell(resource, 'deleted', item);
  }
  const check = (method: string): void => {
    const error = failures.get(method);
    failures.delete(method);
    if (error) throw error;
  };

  const client = {
    async get(resource: ResourceDefinition, name: string, options: { namespace?: string } = {}) {
      check('get');
      return find(resource, options.namespace, name);
    },
    async list(resource: ResourceDefinition) {
      return { metadata: { resourceVersion: String(version) }, items: [...table(resource).values()] };
    },
    inform(resource: ResourceDefinition, _options: unknown, handlers: InformerHandlers<Item>) {
      const items = new Map<string, Item>();
      const watcher = {
        resource: resource.resource,
        tell: (type: 'added' | 'modified' | 'deleted', item: Item, before?: Item): void => {
          items.set(key(item.metadata.namespace, item.metadata.name), item);
          if (type === 'added') handlers.added?.(item);
          else if (type === 'modified') handlers.modified?.(item, before ?? item);
          else handlers.deleted?.(item);
        },
      };
      watchers.add(watcher);
      const synced = new Promise<void>((resolve) =>
        setImmediate(() => {
          for (const item of table(resource).values()) watcher.tell('added', item);
          resolve();
        }),
      );
      return { items, synced, stop: () => void watchers.delete(watcher) };
    },
    async create(resource: ResourceDefinition, object: unknown, options: { namespace?: string } = {}) {
      check('create');
      return add(resource, object, options.namespace);
    },
    async createSubresource() {
      return { status: { token: 'a.b.c', expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() } };
    },
    async update(resource: ResourceDefinition, object: Item) {
      return change(resource, find(resource, object.metadata.namespace, object.metadata.name), object);
    },
    async patch(resource: ResourceDefinition, name: string, _type: string, patch: unknown, options: { namespace?: string } = {}) {
      check('patch');
      const item = find(resource, options.namespace, name);
      const uid = (patch as { metadata?: { uid?: string } }).metadata?.uid;
      if (uid !== undefined && uid !== item.metadata.uid) throw conflict(resource, name, 'Precondition failed: UID in precondition');
      return change(resource, item, applyStrategicMergePatch(resource.type, structuredClone(item), patch) as unknown as Item);
    },
    async delete(resource: ResourceDefinition, name: string, options: { namespace?: string } = {}) {
      const item = find(resource, options.namespace, name);
      drop(resource, item);
      return item;
    },
    close: () => undefined,
  };

  return {
    client: client as unknown as KubeClient,
    history,
    objects: (resource) => [...table(resource).values()],
    createPod(pod) {
      const full = structuredClone(pod);
      applyDefaults('core/v1.Pod', full);
      const spec = { ...full.spec, containers: full.spec?.containers ?? [], nodeName };
      const status = {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      };
      return add(
        resources.pods,
        { ...full, metadata: { generation: 1, ...full.metadata }, spec, status },
        'default',
      ) as unknown as Stored<Pod>;
    },
    put: (resource, object) => void add(resource, object, undefined),
    replacePod: (pod) => void change(resources.pods, find(resources.pods, 'default', pod.metadata.name), structuredClone(pod)),
    pod: (name) => table(resources.pods).get(key('default', name)) as unknown as Stored<Pod> | undefined,
    deletePod(name, graceSeconds) {
      const item = find(resources.pods, 'default', name);
      const pod = item as unknown as Stored<Pod>;
      const grace = graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
      if (grace === 0) drop(resources.pods, item);
      else
        change(resources.pods, item, {
          ...item,
          metadata: { ...item.metadata, deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: grace },
        });
    },
    failNext: (method, error) => void failures.set(method, error),
  };
}
