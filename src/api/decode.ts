/**
 * Strict reading of JSON values as API types: unknown fields are dropped and named, wrong types are
 * errors in Go's words (`sigs.k8s.io/json`), scalars come out in their stored form.
 */
import { MAX_STRICT_ERRORS } from './json.ts';
import { isObject, setOwn } from './own.ts';
import type { JsonObject } from './own.ts';
import { canonicalBase64, canonicalDuration, canonicalMicroTime, canonicalQuantity, canonicalTime } from './scalars.ts';
import { typePlan } from './schema/plan.ts';
import type { FieldPlan, TypePlan } from './schema/plan.ts';
import type { Scalar } from './schema/record.ts';
import type { TypeName } from './schema/schema.ts';

/** A value that does not fit its type; the message is Go's. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

export interface Decoded {
  /** A new object with the known fields alone, without nulls. */
  readonly object: JsonObject;
  /** Paths of the fields that the type does not have: `spec.bogus`, `spec.containers[0].foo`. At most 100. */
  readonly unknown: string[];
}

/** Reads a value as an object of the type. Throws DecodeError at the first value that does not fit. */
export function decode(type: TypeName, value: unknown): Decoded {
  const plan = typePlan(type);
  if (!isObject(value)) throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type ${goValueType(type)}`);
  const context: Context = { unknown: [], path: [], fields: [] };
  const object = decodeObject(context, plan, value, true);
  return { object, unknown: context.unknown };
}

/** apiVersion and kind of a value; absent ones are empty. Throws DecodeError when it is no object or they are no strings. */
export function readTypeMeta(value: unknown): { apiVersion: string; kind: string } {
  const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  if (value === null) return { apiVersion: '', kind: '' };
  if (!isObject(value)) throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type ${target}`);
  const read = (key: 'apiVersion' | 'kind'): string => {
    const found = Object.hasOwn(value, key) ? value[key] : undefined;
    if (found === undefined || found === null) return '';
    if (typeof found !== 'string')
      throw new DecodeError(`json: cannot unmarshal ${jsonKind(found)} into Go struct field .${key} of type string`);
    return found;
  };
  return { apiVersion: read('apiVersion'), kind: read('kind') };
}

interface Context {
  readonly unknown: string[];
  /** For unknown fields: names with indexes and map keys. */
  readonly path: string[];
  /** For type errors: names alone, as Go's field stack. */
  readonly fields: string[];
}

const goValueType = (type: string): string => type.slice(type.lastIndexOf('/') + 1);

/** What Go calls a JSON value in its messages. */
export function jsonKind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function mismatch(context: Context, owner: TypePlan, value: unknown, goType: string, found = jsonKind(value)): DecodeError {
  return new DecodeError(
    `json: cannot unmarshal ${found} into Go struct field ${owner.goName}.${context.fields.join('.')} of type ${goType}`,
  );
}

function decodeObject(context: Context, plan: TypePlan, value: JsonObject, root: boolean): JsonObject {
  const out: JsonObject = {};
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const item = value[key];
    const field = plan.byName.get(key);
    if (field !== undefined) {
      if (item === null || item === undefined) continue;
      context.path.push(context.path.length === 0 ? key : `.${key}`);
      context.fields.push(key);
      out[key] = decodeField(context, plan, field, item);
      context.path.pop();
      context.fields.pop();
    } else if ((key === 'kind' || key === 'apiVersion') && (root || plan.hasTypeMeta)) {
      if (item === null || item === undefined) continue;
      if (typeof item !== 'string') {
        context.fields.push(key);
        throw mismatch(context, plan, item, 'string');
      }
      out[key] = item;
    } else noteUnknown(context, key);
  }
  return out;
}

function noteUnknown(context: Context, key: string): void {
  if (context.unknown.length >= MAX_STRICT_ERRORS) return;
  context.unknown.push(context.path.length === 0 ? key : `${context.path.join('')}.${key}`);
}

function decodeField(context: Context, owner: TypePlan, field: FieldPlan, value: unknown): unknown {
  if (field.shape === 'one') return decodeOne(context, owner, field, value);
  if (field.shape === 'list') {
    if (!Array.isArray(value)) throw mismatch(context, owner, value, field.goType);
    return value.map((item: unknown, index) => {
      context.path.push(`[${index}]`);
      const read = item === null ? emptyElement(field) : decodeOne(context, owner, field, item);
      context.path.pop();
      return read;
    });
  }
  if (!isObject(value)) throw mismatch(context, owner, value, field.goType);
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    context.path.push(`.${key}`);
    setOwn(out, key, item === null ? emptyElement(field) : decodeOne(context, owner, field, item));
    context.path.pop();
  }
  return out;
}

function decodeOne(context: Context, owner: TypePlan, field: FieldPlan, value: unknown): unknown {
  if (field.type === undefined) return decodeScalar(context, owner, field, field.scalar ?? 'json', value);
  if (!isObject(value)) throw mismatch(context, owner, value, field.goElement);
  return decodeObject(context, field.type, value, false);
}

const EMPTY: Readonly<Record<string, unknown>> = {
  string: '',
  bytes: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  intOrString: 0,
  quantity: '0',
  duration: '0s',
};

/** What Go's zero value of an element looks like in JSON. */
export const emptyElement = (field: FieldPlan): unknown => (field.scalar === undefined ? {} : (EMPTY[field.scalar] ?? null));

const INT32 = 2 ** 31;
const INT64 = 2 ** 63;

function decodeScalar(context: Context, owner: TypePlan, field: FieldPlan, scalar: Scalar, value: unknown): unknown {
  switch (scalar) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(context, owner, value, field.goElement);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(context, owner, value, field.goElement);
      return value;
    case 'double':
      if (typeof value !== 'number') throw mismatch(context, owner, value, field.goElement);
      return value;
    case 'int32':
    case 'int64': {
      const limit = scalar === 'int32' ? INT32 : INT64;
      if (typeof value !== 'number') throw mismatch(context, owner, value, field.goElement);
      if (!Number.isInteger(value) || value < -limit || value >= limit + (scalar === 'int64' ? 1 : 0))
        throw mismatch(context, owner, value, field.goElement, `number ${value}`);
      return value;
    }
    case 'bytes':
      if (typeof value !== 'string') throw mismatch(context, owner, value, field.goElement);
      return checked(canonicalBase64, value);
    case 'extraValue':
    case 'verbs':
      return stringList(context, owner, field, value);
    case 'time':
      return value === '' ? undefined : checked(canonicalTime, textOf(value));
    case 'microTime':
      return value === '' ? undefined : checked(canonicalMicroTime, textOf(value));
    case 'duration':
      return checked(canonicalDuration, textOf(value));
    case 'quantity':
      return quantityOf(value);
    case 'intOrString':
      return intOrString(value);
    case 'raw':
    case 'fieldsV1':
    case 'json':
    default:
      return value;
  }
}

/** Runs a reader of text and turns what it throws into a DecodeError with the same message. */
function checked<T>(read: (value: T) => string, value: T): string {
  try {
    return read(value);
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : String(error));
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type string`);
  return value;
}

/** Go reads a quantity from the raw JSON text, quotes stripped: booleans and objects fail on the expression. */
function quantityOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return value === '' ? '0' : checked(canonicalQuantity, value);
  return checked(canonicalQuantity, JSON.stringify(value));
}

function intOrString(value: unknown): number | string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type int32`);
  if (!Number.isInteger(value) || value < -INT32 || value >= INT32)
    throw new DecodeError(`json: cannot unmarshal number ${value} into Go value of type int32`);
  return value;
}

function stringList(context: Context, owner: TypePlan, field: FieldPlan, value: unknown): string[] {
  if (!Array.isArray(value)) throw mismatch(context, owner, value, field.goElement);
  return value.map((item: unknown) => {
    if (item === null) return '';
    if (typeof item !== 'string') throw mismatch(context, owner, item, 'string');
    return item;
  });
}
