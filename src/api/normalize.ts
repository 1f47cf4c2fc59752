/**
 * An object as Go would write it: fields in the order of the type, zero values left out where Go
 * leaves them out, and shown where Go shows them (`status: {}`, `resources: {}`, `rules: null`).
 */
import { emptyElement } from './decode.ts';
import { isObject, setOwn } from './own.ts';
import type { JsonObject } from './own.ts';
import { typePlan } from './schema/plan.ts';
import type { FieldPlan, TypePlan } from './schema/plan.ts';
import type { TypeName } from './schema/schema.ts';

/** A new object in Go's form; the given one, which must fit the type, is not changed. Unknown fields are left out. */
export function normalize(type: TypeName, object: object): JsonObject {
  const source: unknown = object;
  return normalizeObject(typePlan(type), isObject(source) ? source : {}, true);
}

function normalizeObject(plan: TypePlan, source: JsonObject, root: boolean): JsonObject {
  const out: JsonObject = {};
  if (root || plan.hasTypeMeta) {
    if (isText(source['kind'])) out['kind'] = source['kind'];
    if (isText(source['apiVersion'])) out['apiVersion'] = source['apiVersion'];
  }
  for (const field of plan.fields) {
    const value = normalizeField(field, Object.hasOwn(source, field.name) ? source[field.name] : undefined);
    if (value !== undefined) out[field.name] = value;
  }
  return out;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** The value to write, or undefined when the field is left out. */
function normalizeField(field: FieldPlan, value: unknown): unknown {
  if (field.shape === 'list') {
    if (!Array.isArray(value) || value.length === 0) return field.written ? null : undefined;
    return value.map((item) => normalizeOne(field, item));
  }
  if (field.shape === 'map') {
    if (!isObject(value)) return field.written ? null : undefined;
    const keys = Object.keys(value).sort(byteOrder);
    if (keys.length === 0) return field.written ? null : undefined;
    const out: JsonObject = {};
    for (const key of keys) setOwn(out, key, normalizeOne(field, value[key]));
    return out;
  }
  if (value === undefined || value === null) return field.written ? zeroOf(field) : undefined;
  if (!field.written && field.record.pointer !== true && isZero(field, value)) return undefined;
  return normalizeOne(field, value);
}

function normalizeOne(field: FieldPlan, value: unknown): unknown {
  if (field.type !== undefined) return normalizeObject(field.type, isObject(value) ? value : {}, false);
  if (field.scalar === 'time' || field.scalar === 'microTime') return value === '' ? null : value;
  return value ?? emptyElement(field);
}

/** What Go writes for an absent value that it does not leave out. */
function zeroOf(field: FieldPlan): unknown {
  if (field.record.pointer === true) return null;
  if (field.type !== undefined) return normalizeObject(field.type, {}, false);
  return field.scalar === 'bytes' ? null : emptyElement(field);
}

/** Whether Go's `omitempty` leaves the value out. */
function isZero(field: FieldPlan, value: unknown): boolean {
  if (field.type !== undefined) return false;
  if (field.scalar === 'extraValue' || field.scalar === 'verbs') return Array.isArray(value) && value.length === 0;
  if (field.scalar === 'raw' || field.scalar === 'fieldsV1' || field.scalar === 'json') return false;
  return value === '' || value === 0 || value === false;
}

/** Go sorts map keys by their UTF-8 bytes; UTF-16 order differs only beyond the BMP. */
function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
