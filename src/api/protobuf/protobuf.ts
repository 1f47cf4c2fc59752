/**
 * API objects as protobuf (`generated.proto` of each group), by the records: field numbers, inlined
 * messages and Go's zero values. Objects are in their JSON form on this side.
 */
import { getOwn, isObject, setOwn } from '../own.ts';
import type { JsonObject } from '../own.ts';
import type { FieldRecord, Scalar } from '../schema/record.ts';
import { schema, typeRecord } from '../schema/schema.ts';
import type { TypeName } from '../schema/schema.ts';
import { readScalar, wireType, writeScalar } from './scalars.ts';
import { BYTES, ProtobufError, Reader, Writer } from './wire.ts';

interface WireField {
  readonly tag: number;
  readonly name: string;
  readonly inline: boolean;
  readonly shape: 'one' | 'list' | 'map';
  /** Set for values that are no messages of the table. */
  readonly scalar: Scalar | undefined;
  readonly type: WireType | undefined;
  /** Go keeps the zero value apart from absence. */
  readonly keepsZero: boolean;
  /** No pointer in Go: what is absent is written as the zero value. */
  readonly always: boolean;
}

interface WireType {
  readonly fields: WireField[];
  readonly byTag: Map<number, WireField>;
}

function buildWireTypes(): ReadonlyMap<string, WireType> {
  const types = new Map<string, WireType>(Object.keys(schema).map((name) => [name, { fields: [], byTag: new Map() }]));
  for (const [name, type] of types) {
    for (const [key, record] of Object.entries(typeRecord(name)?.fields ?? {})) {
      if (record.tag === undefined) continue;
      const field = wireField(key, record, record.tag, types.get(record.type));
      type.fields.push(field);
      type.byTag.set(field.tag, field);
    }
    type.fields.sort((a, b) => a.tag - b.tag);
  }
  return types;
}

function wireField(name: string, record: FieldRecord, tag: number, type: WireType | undefined): WireField {
  const scalar = type === undefined ? (record.type as Scalar) : undefined;
  const isStruct = scalar === undefined || STRUCTS.has(scalar);
  // JSON shows structs that are no pointers whatever their tags say.
  const isPointer = record.pointer === true || (isStruct && !(record.written ?? record.required ?? false));
  const shape = record.list !== undefined ? 'list' : record.map === true ? 'map' : 'one';
  return {
    tag,
    name,
    inline: record.inline === true,
    shape,
    scalar,
    type,
    keepsZero: record.pointer === true || (type !== undefined && isPointer),
    always: shape === 'one' && !isPointer && scalar !== 'bytes' && scalar !== 'extraValue' && scalar !== 'verbs',
  };
}

/** Scalars that are structs in Go. */
const STRUCTS: ReadonlySet<Scalar> = new Set(['time', 'microTime', 'duration', 'quantity', 'intOrString', 'raw', 'fieldsV1', 'json']);

const wireTypes = buildWireTypes();

function wireTypeOf(name: TypeName): WireType {
  const type = wireTypes.get(name);
  if (type === undefined) throw new ProtobufError(`no type ${name}`);
  return type;
}

/** Reads a message of the type. Zero values that Go does not keep apart from absence are left out. Throws ProtobufError. */
export function decodeProtobuf(type: TypeName, bytes: Uint8Array): JsonObject {
  return readMessage(new Reader(bufferOf(bytes)), wireTypeOf(type), {});
}

/** Writes an object of the type. Throws ProtobufError when a value does not fit. */
export function encodeProtobuf(type: TypeName, object: object): Buffer {
  const writer = new Writer();
  writeMessage(writer, wireTypeOf(type), object as JsonObject);
  return writer.finish();
}

const LIST_METADATA = 1;
const LIST_ITEMS = 2;

/** Reads the list kind of a type (`PodList` for `core/v1.Pod`). Throws ProtobufError. */
export function decodeProtobufList(itemType: TypeName, bytes: Uint8Array): { metadata: JsonObject; items: JsonObject[] } {
  const reader = new Reader(bufferOf(bytes));
  const items: JsonObject[] = [];
  let metadata: JsonObject = {};
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field !== LIST_METADATA && field !== LIST_ITEMS) reader.skip(wire);
    else if (wire !== BYTES)
      throw new ProtobufError(`proto: wrong wireType = ${wire} for field ${field === LIST_ITEMS ? 'Items' : 'ListMeta'}`);
    else if (field === LIST_ITEMS) items.push(readMessage(reader.message(), wireTypeOf(itemType), {}));
    else metadata = readMessage(reader.message(), wireTypeOf('meta/v1.ListMeta'), {});
  }
  return { metadata, items };
}

/** Writes the list kind of a type. Throws ProtobufError. */
export function encodeProtobufList(itemType: TypeName, list: { metadata?: object; items: readonly object[] }): Buffer {
  const writer = new Writer();
  writer.tag(LIST_METADATA, BYTES);
  writer.message(() => writeMessage(writer, wireTypeOf('meta/v1.ListMeta'), (list.metadata ?? {}) as JsonObject));
  for (const item of list.items) {
    writer.tag(LIST_ITEMS, BYTES);
    writer.message(() => writeMessage(writer, wireTypeOf(itemType), item as JsonObject));
  }
  return writer.finish();
}

export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function readMessage(reader: Reader, type: WireType, into: JsonObject): JsonObject {
  while (!reader.done) {
    const { field: tag, wire } = reader.tag();
    const field = type.byTag.get(tag);
    if (field === undefined) {
      reader.skip(wire);
      continue;
    }
    const expected = field.shape === 'map' || field.scalar === undefined ? BYTES : wireType(field.scalar);
    if (field.shape === 'list' && wire === BYTES && expected !== BYTES) readPacked(reader, field, into);
    else if (wire !== expected) throw new ProtobufError(`proto: wrong wireType = ${wire} for field ${field.name}`);
    else readField(reader, field, into);
  }
  return into;
}

function readField(reader: Reader, field: WireField, into: JsonObject): void {
  if (field.inline && field.type !== undefined) readMessage(reader.message(), field.type, into);
  else if (field.shape === 'map') readEntry(reader.message(), field, into);
  else if (field.shape === 'list') listOf(into, field.name).push(readValue(reader, field));
  else {
    const value = readValue(reader, field, into[field.name]);
    if (value === undefined || (!field.keepsZero && isZero(field, value))) delete into[field.name];
    else into[field.name] = value;
  }
}

/** A message that comes in two parts is merged, as protobuf says. */
function readValue(reader: Reader, field: WireField, before?: unknown): unknown {
  if (field.type !== undefined) return readMessage(reader.message(), field.type, isObject(before) ? before : {});
  return readScalar(reader, field.scalar ?? 'string');
}

function readPacked(reader: Reader, field: WireField, into: JsonObject): void {
  const inner = reader.message();
  const list = listOf(into, field.name);
  while (!inner.done) list.push(readValue(inner, field));
}

function listOf(into: JsonObject, name: string): unknown[] {
  const found: unknown = into[name];
  if (Array.isArray(found)) return found;
  const made: unknown[] = [];
  into[name] = made;
  return made;
}

function readEntry(reader: Reader, field: WireField, into: JsonObject): void {
  let key = '';
  let value: unknown;
  while (!reader.done) {
    const { field: tag, wire } = reader.tag();
    if (tag === 1 && wire === BYTES) key = reader.text();
    else if (tag === 2) {
      const expected = field.scalar === undefined ? BYTES : wireType(field.scalar);
      if (wire !== expected) throw new ProtobufError(`proto: wrong wireType = ${wire} for field ${field.name}`);
      value = readValue(reader, field);
    } else reader.skip(wire);
  }
  const before = getOwn(into, field.name);
  const target = isObject(before) ? before : {};
  into[field.name] = target;
  setOwn(target, key, value ?? emptyValue(field));
}

function emptyValue(field: WireField): unknown {
  if (field.type !== undefined) return {};
  if (field.scalar === 'bool') return false;
  if (field.scalar === 'extraValue') return [];
  return field.scalar === 'quantity' ? '0' : field.scalar === 'string' || field.scalar === 'bytes' ? '' : 0;
}

function isZero(field: WireField, value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (value === '0') return field.scalar === 'quantity';
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function writeMessage(writer: Writer, type: WireType, object: JsonObject): void {
  for (const field of type.fields) {
    if (field.inline && field.type !== undefined) {
      const inner = field.type;
      writer.tag(field.tag, BYTES);
      writer.message(() => writeMessage(writer, inner, object));
      continue;
    }
    const value = getOwn(object, field.name);
    if (value === undefined || value === null) {
      if (field.always) writeZero(writer, field);
      continue;
    }
    if (field.shape === 'list') {
      if (!Array.isArray(value)) throw new ProtobufError(`${field.name}: expected a list`);
      for (const item of value) writeValue(writer, field, field.tag, item);
    } else if (field.shape === 'map') {
      if (!isObject(value)) throw new ProtobufError(`${field.name}: expected an object`);
      for (const key of Object.keys(value).sort()) writeEntry(writer, field, key, value[key]);
    } else if (field.keepsZero || field.always || !isZero(field, value)) writeValue(writer, field, field.tag, value);
  }
}

/** Writes what Go writes of a field that was never set. */
function writeZero(writer: Writer, field: WireField): void {
  const { type, scalar = 'string' } = field;
  if (type !== undefined) writeValue(writer, field, field.tag, {});
  else if (scalar === 'raw' || scalar === 'fieldsV1' || scalar === 'json') {
    writer.tag(field.tag, BYTES);
    writer.message(() => undefined);
  } else writeValue(writer, field, field.tag, ZEROS[scalar] ?? '');
}

const ZEROS: Partial<Record<Scalar, unknown>> = { bool: false, int32: 0, int64: 0, double: 0, quantity: '0', intOrString: 0 };

function writeEntry(writer: Writer, field: WireField, key: string, value: unknown): void {
  writer.tag(field.tag, BYTES);
  writer.message(() => {
    writer.tag(1, BYTES);
    writer.text(key);
    writeValue(writer, field, 2, value);
  });
}

function writeValue(writer: Writer, field: WireField, tag: number, value: unknown): void {
  const { type, scalar } = field;
  if (type === undefined) {
    writer.tag(tag, wireType(scalar ?? 'string'));
    writeScalar(writer, scalar ?? 'string', value);
    return;
  }
  if (!isObject(value)) throw new ProtobufError(`${field.name}: expected an object`);
  writer.tag(tag, BYTES);
  writer.message(() => writeMessage(writer, type, value));
}
