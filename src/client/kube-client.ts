/** A typed client of any Kubernetes API server: get, list, watch, write, and informers on top. */
import type { DeleteOptions, KubeObject } from '../api/types.ts';
import type { ObjectOfResource, ResourceDefinition, StoredListOf, StoredOf } from '../api/resources.ts';

export interface Scope {
  /** Required for namespaced resources, except to list or watch all namespaces. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions extends Scope {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface WatchOptions extends Scope {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
}

export interface WriteOptions extends Scope {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: { readonly metadata: { readonly resourceVersion: string } } };

/** What an informer tells its listener. `before` is the object as last seen. */
export interface InformerHandlers<T> {
  readonly added?: (object: T) => void;
  readonly modified?: (object: T, before: T) => void;
  readonly deleted?: (object: T) => void;
  /** A list or watch failed; the informer goes on by itself after a back-off. */
  readonly failed?: (error: unknown) => void;
}

/** A local copy of a collection, kept current by list and watch. Keys are `namespace/name`, or `name`. */
export interface Informer<T> {
  readonly items: ReadonlyMap<string, T>;
  /** Resolves when the first list is in `items`. */
  readonly synced: Promise<void>;
  stop(): void;
}

/** Every call rejects with a StatusError for an answer that is a failure, and with the socket's error when there is none. */
export interface KubeClient {
  get<R extends ResourceDefinition>(resource: R, name: string, options?: Scope & { readonly subresource?: string }): Promise<StoredOf<R>>;
  list<R extends ResourceDefinition>(resource: R, options?: ListOptions): Promise<StoredListOf<R>>;
  watch<R extends ResourceDefinition>(resource: R, options?: WatchOptions): AsyncIterable<WatchEvent<StoredOf<R>>>;
  inform<R extends ResourceDefinition>(
    resource: R,
    options: Omit<WatchOptions, 'resourceVersion'>,
    handlers: InformerHandlers<StoredOf<R>>,
  ): Informer<StoredOf<R>>;
  create<R extends ResourceDefinition>(resource: R, object: ObjectOfResource<R>, options?: WriteOptions): Promise<StoredOf<R>>;
  /** Creates a subresource object, such as a TokenRequest or a Binding, and answers with what the server sent. */
  createSubresource<T>(
    resource: ResourceDefinition,
    name: string,
    subresource: string,
    object: unknown,
    options?: WriteOptions,
  ): Promise<T>;
  update<R extends ResourceDefinition>(resource: R, object: ObjectOfResource<R>, options?: WriteOptions): Promise<StoredOf<R>>;
  patch<R extends ResourceDefinition>(
    resource: R,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly force?: boolean },
  ): Promise<StoredOf<R>>;
  /** The object as it is left, or the Status that the server sent. */
  delete(resource: ResourceDefinition, name: string, options?: Scope & { readonly delete?: DeleteOptions }): Promise<KubeObject>;
  /** A request by path; the body is sent as JSON. Rejects with a StatusError unless the answer is 2xx. */
  request<T>(
    method: string,
    path: string,
    body?: unknown,
    options?: { readonly signal?: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<T>;
  close(): void;
}
