/** The words that the API server's parts share: a request that has passed authentication and authorization, and what answers it. */
import type { KubeObject } from '../api/types.ts';
import type { RequestInfo } from '../api/request-info.ts';
import type { ObjectOfResource, ResourceDefinition, StoredOf } from '../api/resources.ts';
import type { UserInfo } from '../auth/types.ts';
import type { Exchange, UpgradeExchange } from '../net/http.ts';

/** A request whose sender is known and may do what it asks. */
export interface ApiRequest {
  readonly exchange: Exchange | UpgradeExchange;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

/**
 * Answers a POST to a resource or subresource that is computed, not stored (TokenReview, `serviceaccounts/token`, `pods/binding`).
 * Gets the decoded object; what it returns is sent with 201. Throws StatusError.
 */
export type CreateHandler = (request: ApiRequest, object: KubeObject) => Promise<unknown>;

/** Answers on the connection itself (`pods/log`, `pods/exec`, `nodes/proxy`). Throws StatusError before the first byte. */
export type ConnectHandler = (request: ApiRequest, upgrade: UpgradeExchange | undefined) => Promise<void>;

/** Keys are `resource` or `resource/subresource` by qualified name: `pods/binding`, `tokenreviews.authentication.k8s.io`. */
export interface Endpoints {
  readonly create: Readonly<Record<string, CreateHandler>>;
  readonly connect: Readonly<Record<string, ConnectHandler>>;
}

/** One change of a stored object, in revision order. */
export interface Change<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** Reads of stored objects for parts inside the API server: always current, never waiting. */
export interface ObjectReader {
  get<R extends ResourceDefinition>(resource: R, namespace: string, name: string): StoredOf<R> | undefined;
  /** All namespaces when none is named. */
  list<R extends ResourceDefinition>(resource: R, namespace?: string): StoredOf<R>[];
  /** Calls the listener after each change is stored; returns the way to stop. */
  subscribe<R extends ResourceDefinition>(resource: R, listener: (change: Change<StoredOf<R>>) => void): () => void;
}

/**
 * Admission: looks at a write before validation and may change the object in place (`mutate`), or refuse by throwing StatusError.
 * `before` is absent on create. (apiserver `pkg/admission`)
 */
export interface AdmissionRequest {
  readonly operation: 'create' | 'update' | 'delete';
  readonly resource: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly object: KubeObject | undefined;
  readonly before: KubeObject | undefined;
  readonly dryRun: boolean;
}
export type AdmissionPlugin = (request: AdmissionRequest, objects: ObjectReader) => void | Promise<void>;

/** Who sends a request; undefined when credentials are bad, or missing where nobody may be anonymous (401). */
export type RequestAuthenticator = (exchange: Exchange | UpgradeExchange) => Promise<UserInfo | undefined>;

/** The user that a request acts as: the sender, or whom its Impersonate headers name. Throws StatusError when it may not. */
export type Impersonation = (exchange: Exchange | UpgradeExchange, user: UserInfo) => Promise<UserInfo>;

/** Writes by parts inside the API server. Defaults, admission and validation apply; authorization does not. Throws StatusError. */
export interface ObjectWriter {
  create<R extends ResourceDefinition>(resource: R, object: ObjectOfResource<R>): Promise<StoredOf<R>>;
  /** Conflicts when the object carries a resourceVersion that is not the present one. */
  update<R extends ResourceDefinition>(resource: R, object: ObjectOfResource<R>): Promise<StoredOf<R>>;
  delete(resource: ResourceDefinition, namespace: string, name: string): Promise<void>;
}
