/**
 * TypeScript types of Kubernetes objects, derived from the records in `schema/`.
 * `Pod` is what a client may send; `Stored<Pod>` is what an API server answers with.
 */
import type { GroupVersionKind } from './schema/record.ts';
import type { schema, TypeName } from './schema/schema.ts';

type Table = typeof schema;

interface Scalars {
  string: string;
  bool: boolean;
  int32: number;
  int64: number;
  double: number;
  bytes: string;
  time: string;
  microTime: string;
  duration: string;
  quantity: string;
  intOrString: number | string;
  raw: KubeObject;
  fieldsV1: Record<string, unknown>;
  json: unknown;
  extraValue: string[];
  verbs: string[];
}

type ValueOf<T> = T extends keyof Scalars ? Scalars[T] : T extends TypeName ? ObjectOf<T> : unknown;
type FieldOf<F> = F extends { readonly type: infer T }
  ? F extends { readonly list: string }
    ? ValueOf<T>[]
    : F extends { readonly map: true }
      ? Record<string, ValueOf<T>>
      : ValueOf<T>
  : never;

type IsRequired<F> = F extends { readonly required: true } ? true : F extends { readonly type: 'meta/v1.ObjectMeta' } ? true : false;
type Plain<Fs> = { [K in keyof Fs as Fs[K] extends { readonly inline: true } ? never : K]: Fs[K] };
type Own<Fs> = { -readonly [K in keyof Plain<Fs> as IsRequired<Plain<Fs>[K]> extends true ? K : never]: FieldOf<Plain<Fs>[K]> } & {
  -readonly [K in keyof Plain<Fs> as IsRequired<Plain<Fs>[K]> extends true ? never : K]?: FieldOf<Plain<Fs>[K]>;
};
type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
type Inlined<Fs> = UnionToIntersection<
  { [K in keyof Fs]: Fs[K] extends { readonly inline: true; readonly type: infer T extends TypeName } ? ObjectOf<T> : never }[keyof Fs]
>;
type HasInline<Fs> = true extends { [K in keyof Fs]: Fs[K] extends { readonly inline: true } ? true : never }[keyof Fs] ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };
type TypeMeta<N extends TypeName> = Table[N] extends { readonly gvk: readonly GroupVersionKind[] }
  ? { apiVersion?: string; kind?: string }
  : unknown;

/** The TypeScript type of a record, by its full name. */
export type ObjectOf<N extends TypeName> = Flat<
  TypeMeta<N> & Own<Table[N]['fields']> & (HasInline<Table[N]['fields']> extends true ? Inlined<Table[N]['fields']> : unknown)
>;

/** An object as it is while it is decoded, defaulted and validated: fields that the type requires may still be missing. */
export type Loose<T> = T extends (infer E)[] ? Loose<E>[] : T extends object ? { -readonly [K in keyof T]?: Loose<T[K]> | undefined } : T;

/** Any object with metadata, of whatever kind. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** A list as an API server answers it. */
export interface ListOf<T> {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  items: T[];
}

/** metadata of an object that an API server has stored. */
export type StoredMeta = ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };
/** An object as an API server answers it: named, with uid and resourceVersion, `spec` and `status` present. */
export type Stored<T extends { metadata: ObjectMeta }> = Omit<T, 'metadata' | 'spec' | 'status'> & { metadata: StoredMeta } & (T extends {
    spec?: infer S;
  }
    ? { spec: NonNullable<S> }
    : unknown) &
  (T extends { status?: infer S } ? { status: NonNullable<S> } : unknown);

export type ObjectMeta = ObjectOf<'meta/v1.ObjectMeta'>;
export type ListMeta = ObjectOf<'meta/v1.ListMeta'>;
export type OwnerReference = ObjectOf<'meta/v1.OwnerReference'>;
export type LabelSelector = ObjectOf<'meta/v1.LabelSelector'>;
export type Status = ObjectOf<'meta/v1.Status'>;
export type StatusCause = ObjectOf<'meta/v1.StatusCause'>;
export type DeleteOptions = ObjectOf<'meta/v1.DeleteOptions'>;

export type Pod = ObjectOf<'core/v1.Pod'>;
export type PodSpec = ObjectOf<'core/v1.PodSpec'>;
export type PodStatus = ObjectOf<'core/v1.PodStatus'>;
export type PodCondition = ObjectOf<'core/v1.PodCondition'>;
export type Container = ObjectOf<'core/v1.Container'>;
export type EphemeralContainer = ObjectOf<'core/v1.EphemeralContainer'>;
export type ContainerStatus = ObjectOf<'core/v1.ContainerStatus'>;
export type ContainerState = ObjectOf<'core/v1.ContainerState'>;
export type ContainerPort = ObjectOf<'core/v1.ContainerPort'>;
export type EnvVar = ObjectOf<'core/v1.EnvVar'>;
export type Probe = ObjectOf<'core/v1.Probe'>;
export type SecurityContext = ObjectOf<'core/v1.SecurityContext'>;
export type PodSecurityContext = ObjectOf<'core/v1.PodSecurityContext'>;
export type ResourceRequirements = ObjectOf<'core/v1.ResourceRequirements'>;
export type Volume = ObjectOf<'core/v1.Volume'>;
export type VolumeMount = ObjectOf<'core/v1.VolumeMount'>;
export type Toleration = ObjectOf<'core/v1.Toleration'>;
export type Node = ObjectOf<'core/v1.Node'>;
export type NodeStatus = ObjectOf<'core/v1.NodeStatus'>;
export type NodeCondition = ObjectOf<'core/v1.NodeCondition'>;
export type NodeAddress = ObjectOf<'core/v1.NodeAddress'>;
export type Namespace = ObjectOf<'core/v1.Namespace'>;
export type ConfigMap = ObjectOf<'core/v1.ConfigMap'>;
export type Secret = ObjectOf<'core/v1.Secret'>;
export type ServiceAccount = ObjectOf<'core/v1.ServiceAccount'>;
export type Service = ObjectOf<'core/v1.Service'>;
export type PersistentVolume = ObjectOf<'core/v1.PersistentVolume'>;
export type PersistentVolumeClaim = ObjectOf<'core/v1.PersistentVolumeClaim'>;
export type Endpoints = ObjectOf<'core/v1.Endpoints'>;
export type Event = ObjectOf<'core/v1.Event'>;
export type ObjectReference = ObjectOf<'core/v1.ObjectReference'>;
export type Binding = ObjectOf<'core/v1.Binding'>;
export type Lease = ObjectOf<'coordination/v1.Lease'>;

export type TokenReview = ObjectOf<'authentication/v1.TokenReview'>;
export type TokenRequest = ObjectOf<'authentication/v1.TokenRequest'>;
export type SubjectAccessReview = ObjectOf<'authorization/v1.SubjectAccessReview'>;
export type SubjectAccessReviewSpec = ObjectOf<'authorization/v1.SubjectAccessReviewSpec'>;
export type SelfSubjectAccessReview = ObjectOf<'authorization/v1.SelfSubjectAccessReview'>;
export type PolicyRule = ObjectOf<'rbac/v1.PolicyRule'>;
export type Role = ObjectOf<'rbac/v1.Role'>;
export type ClusterRole = ObjectOf<'rbac/v1.ClusterRole'>;
export type RoleBinding = ObjectOf<'rbac/v1.RoleBinding'>;
export type ClusterRoleBinding = ObjectOf<'rbac/v1.ClusterRoleBinding'>;
export type Subject = ObjectOf<'rbac/v1.Subject'>;
export type RoleRef = ObjectOf<'rbac/v1.RoleRef'>;
