/** OpenAPI schemas of the API types, derived from their records. */
import { resourceDefinitions } from '../resources.ts';
import type { FieldRecord, GroupVersionKind, Scalar } from '../schema/record.ts';
import { schema, typeRecord } from '../schema/schema.ts';
import type { TypeName } from '../schema/schema.ts';

/** A JSON schema, as far as it is used here. */
export type JsonSchema = Record<string, unknown>;

/** Where v2 and v3 differ. */
export interface Dialect {
  /** What stands before a schema's name in `$ref`. */
  readonly refPrefix: string;
  /** v3 wraps references, so that description and default can stand beside them. */
  readonly wrapsRefs: boolean;
}

export const V2: Dialect = { refPrefix: '#/definitions/', wrapsRefs: false };
export const V3: Dialect = { refPrefix: '#/components/schemas/', wrapsRefs: true };

const PACKAGES: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

/** `core/v1.Pod` → `io.k8s.api.core.v1.Pod`. */
export function definitionName(type: string): string {
  const slash = type.indexOf('/');
  const group = type.slice(0, slash);
  return `${PACKAGES[group] ?? `io.k8s.api.${group}`}.${type.slice(slash + 1)}`;
}

interface NamedScalar {
  readonly name: string;
  readonly v2: JsonSchema;
  readonly v3: JsonSchema;
}

const DATE_TIME = { type: 'string', format: 'date-time' };

/** Scalars that have a schema of their own. */
const NAMED: Partial<Record<Scalar, NamedScalar>> = {
  time: { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time', v2: DATE_TIME, v3: DATE_TIME },
  microTime: { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', v2: DATE_TIME, v3: DATE_TIME },
  duration: { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration', v2: { type: 'string' }, v3: { type: 'string' } },
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  raw: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', v2: { type: 'object' }, v3: { type: 'object' } },
  fieldsV1: { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1', v2: { type: 'object' }, v3: { type: 'object' } },
};

const STRINGS = { type: 'array', items: { type: 'string' } };
const PLAIN: Partial<Record<Scalar, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  json: {},
  extraValue: STRINGS,
  verbs: STRINGS,
};

const KIND_DOC = 'The kind of the object, in CamelCase. It cannot be changed.';
const API_VERSION_DOC = 'The version of the API that the object is written in.';
const TYPE_META: Readonly<Record<string, JsonSchema>> = {
  apiVersion: { type: 'string', description: API_VERSION_DOC },
  kind: { type: 'string', description: KIND_DOC },
};

/** The schemas by name of everything that the types lead to, lists of those that have a list kind included. */
export function schemasOf(types: readonly TypeName[], dialect: Dialect): Record<string, JsonSchema> {
  const out: Record<string, JsonSchema> = {};
  const waiting: string[] = [...types];
  const done = new Set<string>();
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (done.has(type)) continue;
    done.add(type);
    const named = NAMED[type as Scalar];
    if (named !== undefined) {
      out[named.name] = { ...(dialect.wrapsRefs ? named.v3 : named.v2) };
      continue;
    }
    const record = typeRecord(type);
    if (record === undefined) continue;
    out[definitionName(type)] = typeSchema(type, dialect);
    for (const field of fieldsOf(type).values()) waiting.push(field.type);
    if (record.list === true) {
      out[`${definitionName(type)}List`] = listSchema(type, dialect);
      waiting.push('meta/v1.ListMeta');
    }
  }
  return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The fields as JSON shows them: inlined ones in the place of their parent. */
function fieldsOf(type: string): Map<string, FieldRecord> {
  const out = new Map<string, FieldRecord>();
  for (const [name, field] of Object.entries(typeRecord(type)?.fields ?? {})) {
    if (field.inline === true) for (const [inner, innerField] of fieldsOf(field.type)) out.set(inner, innerField);
    else out.set(name, field);
  }
  return out;
}

/** The kinds under which a type is served; one type may serve in several versions. */
function kindsOf(type: string): GroupVersionKind[] {
  const own = typeRecord(type)?.gvk ?? [];
  const served = resourceDefinitions
    .filter((definition) => definition.type === type)
    .map(({ group, version, kind }) => ({ group, version, kind }));
  const all = [...own, ...served].map(({ group, version, kind }) => ({ group, kind, version }));
  return all.filter((a, at) => all.findIndex((b) => b.group === a.group && b.version === a.version && b.kind === a.kind) === at);
}

function typeSchema(type: string, dialect: Dialect): JsonSchema {
  const record = typeRecord(type);
  const fields = [...fieldsOf(type)];
  const kinds = kindsOf(type);
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field, dialect)]));
  const required = fields.filter(([, field]) => field.required === true && field.optional !== true).map(([name]) => name);
  return {
    ...(record?.doc !== undefined && { description: record.doc }),
    type: 'object',
    properties: kinds.length > 0 ? { ...TYPE_META, ...properties } : properties,
    ...(required.length > 0 && { required }),
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
    ...(record?.atomic === true && { 'x-kubernetes-map-type': 'atomic' }),
  };
}

function listSchema(type: string, dialect: Dialect): JsonSchema {
  return {
    type: 'object',
    properties: {
      ...TYPE_META,
      items: { type: 'array', items: reference(definitionName(type), dialect) },
      metadata: reference(definitionName('meta/v1.ListMeta'), dialect),
    },
    required: ['items'],
    'x-kubernetes-group-version-kind': kindsOf(type).map(({ group, version, kind }) => ({ group, kind: `${kind}List`, version })),
  };
}

function reference(name: string, { refPrefix, wrapsRefs }: Dialect): JsonSchema {
  const ref = { $ref: refPrefix + name };
  return wrapsRefs ? { allOf: [ref] } : ref;
}

function fieldSchema(field: FieldRecord, dialect: Dialect): JsonSchema {
  const one = valueSchema(field, dialect);
  const { list, keys, mergeKey, strategy, mapType, doc } = field;
  return {
    ...(doc !== undefined && { description: doc }),
    ...(list !== undefined ? { type: 'array', items: one } : field.map === true ? { type: 'object', additionalProperties: one } : one),
    ...(field.default !== undefined && { default: field.default }),
    ...(keys !== undefined && { 'x-kubernetes-list-map-keys': keys }),
    ...(list !== undefined && list !== 'plain' && { 'x-kubernetes-list-type': list }),
    ...(mapType !== undefined && { 'x-kubernetes-map-type': mapType }),
    ...(mergeKey !== undefined && { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(strategy !== undefined && { 'x-kubernetes-patch-strategy': strategy }),
  };
}

function valueSchema(field: FieldRecord, dialect: Dialect): JsonSchema {
  const named = NAMED[field.type as Scalar];
  if (named !== undefined) return reference(named.name, dialect);
  if (Object.hasOwn(schema, field.type)) return reference(definitionName(field.type), dialect);
  return { ...PLAIN[field.type as Scalar], ...(field.format !== undefined && { format: field.format }) };
}
