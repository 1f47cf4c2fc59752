/** Scalars on the protobuf wire; times, quantities and their like are small messages there. */
import { isObject } from '../own.ts';
import type { Scalar } from '../schema/record.ts';
import { goTime, parseTime } from '../time.ts';
import { BYTES, FIXED64, ProtobufError, VARINT } from './wire.ts';
import type { Reader, Writer } from './wire.ts';

/** The wire type of a scalar. */
export function wireType(scalar: Scalar): number {
  if (scalar === 'bool' || scalar === 'int32' || scalar === 'int64') return VARINT;
  return scalar === 'double' ? FIXED64 : BYTES;
}

/** Reads one scalar into its JSON form; undefined stands for an empty time or raw object. */
export function readScalar(reader: Reader, scalar: Scalar): unknown {
  switch (scalar) {
    case 'string':
      return reader.text();
    case 'bool':
      return reader.varint() !== 0;
    case 'int32':
      return reader.varint() | 0;
    case 'int64':
      return reader.varint();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.chunk().toString('base64');
    case 'time':
    case 'microTime':
      return readTime(reader.message(), scalar === 'microTime');
    case 'quantity':
      return readQuantity(reader.message());
    case 'intOrString':
      return readIntOrString(reader.message());
    case 'raw':
    case 'fieldsV1':
    case 'json':
      return readRaw(reader.message());
    case 'extraValue':
    case 'verbs':
      return readStrings(reader.message());
    case 'duration':
    default:
      throw new ProtobufError('durations have no protobuf form here');
  }
}

function expectWire(field: number, wire: number, expected: number, name: string): void {
  if (wire !== expected) throw new ProtobufError(`proto: wrong wireType = ${wire} for field ${name}`);
  if (field <= 0) throw new ProtobufError('proto: illegal tag');
}

function readTime(reader: Reader, micro: boolean): string | undefined {
  if (reader.done) return undefined;
  let seconds = 0;
  let nanos = 0;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field > 2) {
      reader.skip(wire);
      continue;
    }
    expectWire(field, wire, VARINT, field === 1 ? 'Seconds' : 'Nanos');
    if (field === 1) seconds = reader.varint();
    else nanos = reader.varint();
  }
  if (Math.abs(seconds) > 253_402_300_799 || nanos < 0 || nanos > 999_999_999) throw new ProtobufError('proto: time out of range');
  const text = goTime(seconds * 1000);
  return micro ? `${text.slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : text;
}

function readQuantity(reader: Reader): string {
  let text = '0';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      expectWire(field, wire, BYTES, 'String');
      text = reader.text();
    } else reader.skip(wire);
  }
  return text;
}

function readIntOrString(reader: Reader): number | string {
  let kind = 0;
  let number = 0;
  let text = '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      expectWire(field, wire, VARINT, 'Type');
      kind = reader.varint();
    } else if (field === 2) {
      expectWire(field, wire, VARINT, 'IntVal');
      number = reader.varint() | 0;
    } else if (field === 3) {
      expectWire(field, wire, BYTES, 'StrVal');
      text = reader.text();
    } else reader.skip(wire);
  }
  return kind === 1 ? text : number;
}

function readRaw(reader: Reader): unknown {
  let raw = '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      expectWire(field, wire, BYTES, 'Raw');
      raw = reader.text();
    } else reader.skip(wire);
  }
  if (raw === '') return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    throw new ProtobufError('embedded object is not JSON');
  }
}

function readStrings(reader: Reader): string[] {
  const items: string[] = [];
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      expectWire(field, wire, BYTES, 'Items');
      items.push(reader.text());
    } else reader.skip(wire);
  }
  return items;
}

/** Writes one scalar from its JSON form. Throws ProtobufError when the value is not of that form. */
export function writeScalar(writer: Writer, scalar: Scalar, value: unknown): void {
  switch (scalar) {
    case 'string':
      return writer.text(textOf(value));
    case 'bool':
      return writer.varint(value === true ? 1 : 0);
    case 'int32':
    case 'int64':
      return writer.varint(integerOf(value));
    case 'double':
      return writer.double(Number(value));
    case 'bytes':
      return writer.chunk(Buffer.from(textOf(value), 'base64'));
    case 'time':
    case 'microTime':
      return writer.message(() => writeTime(writer, textOf(value)));
    case 'quantity':
      return writer.message(() => writeText(writer, 1, String(value)));
    case 'intOrString':
      return writer.message(() => writeIntOrString(writer, value));
    case 'raw':
    case 'fieldsV1':
    case 'json':
      return writer.message(() => writeText(writer, 1, JSON.stringify(value)));
    case 'extraValue':
    case 'verbs':
      return writer.message(() => {
        for (const item of Array.isArray(value) ? value : []) writeText(writer, 1, textOf(item));
      });
    case 'duration':
      throw new ProtobufError('durations have no protobuf form here');
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new ProtobufError(`expected a string, found ${isObject(value) ? 'an object' : typeof value}`);
  return value;
}

function integerOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new ProtobufError(`expected an integer, found ${typeof value}`);
  return value;
}

function writeText(writer: Writer, field: number, value: string): void {
  writer.tag(field, BYTES);
  writer.text(value);
}

function writeTime(writer: Writer, text: string): void {
  if (text === '') return;
  writer.tag(1, VARINT);
  writer.varint(Math.floor(parseTime(text) / 1000));
  writer.tag(2, VARINT);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  writer.varint(Number(fraction.padEnd(9, '0').slice(0, 9)));
}

function writeIntOrString(writer: Writer, value: unknown): void {
  const isText = typeof value === 'string';
  writer.tag(1, VARINT);
  writer.varint(isText ? 1 : 0);
  writer.tag(2, VARINT);
  writer.varint(isText ? 0 : integerOf(value));
  writer.tag(3, BYTES);
  writer.text(isText ? value : '');
}
