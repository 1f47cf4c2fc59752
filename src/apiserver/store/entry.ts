import type { KubeObject, StoredMeta } from '../../api/types.ts';

/** An object as the store holds it. Never changed in place. */
export type StoredObject = KubeObject & { readonly apiVersion: string; readonly kind: string; readonly metadata: StoredMeta };

/** One version of one object. */
export interface Entry {
  /** `bucket/namespace/name`; the namespace is empty for cluster-scoped objects. */
  readonly key: string;
  readonly bucket: string;
  readonly revision: number;
  readonly object: StoredObject;
  /** The object as JSON without `kind` and `apiVersion`: `{"metadata":…}`; encoded once, sent often. */
  readonly json: string;
}

/** One change, under the revision that it made. */
export interface StoreEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object as it is after the change; for DELETED its last state with the revision of the deletion. */
  readonly entry: Entry;
  readonly before: Entry | undefined;
}

/** The key of an object. Buckets are qualified resource names: `pods`, `deployments.apps`. */
export function keyOf(bucket: string, namespace: string, name: string): string {
  return `${bucket}/${namespace}/${name}`;
}

const METADATA_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/** Makes the entry of an object at a revision: the object is copied with that resourceVersion, and encoded. */
export function makeEntry(key: string, revision: number, object: KubeObject): Entry {
  const { apiVersion, kind, metadata, ...rest } = object;
  const given: Record<string, unknown> = { ...metadata, resourceVersion: String(revision) };
  const ordered: Record<string, unknown> = {};
  for (const field of METADATA_ORDER) if (given[field] !== undefined) ordered[field] = given[field];
  const body = { metadata: ordered, ...rest };
  return entryOf(key, { kind, apiVersion, ...body } as unknown as StoredObject, JSON.stringify(body));
}

/** The entry of a whole object as it was read back from its JSON. */
export function entryFromText(key: string, text: string): Entry {
  const object = JSON.parse(text) as StoredObject;
  return entryOf(key, object, `{${text.slice(headOf(object.kind, object.apiVersion).length)}`);
}

/** The entry as JSON of the whole object. */
export function textOf(entry: Entry): string {
  return headOf(entry.object.kind, entry.object.apiVersion) + entry.json.slice(1);
}

/** `{"kind":"Pod","apiVersion":"v1",`: what turns the JSON of an entry into that of an object. */
export function headOf(kind: string, apiVersion: string): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
}

function entryOf(key: string, object: StoredObject, json: string): Entry {
  return { key, bucket: key.slice(0, key.indexOf('/')), revision: Number(object.metadata.resourceVersion), object, json };
}
