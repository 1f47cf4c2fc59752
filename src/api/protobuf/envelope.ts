/** The envelope around protobuf bodies: magic bytes, then `runtime.Unknown` with apiVersion, kind and the object's message. */
import type { GroupVersionKind } from '../schema/record.ts';
import type { TypeName } from '../schema/schema.ts';
import { bufferOf, encodeProtobuf } from './protobuf.ts';
import { BYTES, ProtobufError, Reader, Writer } from './wire.ts';

/** `k8s` and a zero byte. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The message of the object. */
  readonly raw: Buffer;
}

/** Reads the envelope of a body. Throws ProtobufError, with the original's text when the magic is missing. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const buffer = bufferOf(bytes);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const reader = new Reader(buffer, MAGIC.length);
  let apiVersion = '';
  let kind = '';
  let raw = Buffer.alloc(0);
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field > 2 || wire !== BYTES) {
      reader.skip(wire);
      continue;
    }
    if (field === 2) {
      raw = Buffer.from(reader.chunk());
      continue;
    }
    const meta = reader.message();
    while (!meta.done) {
      const { field: part, wire: partWire } = meta.tag();
      if (part === 1 && partWire === BYTES) apiVersion = meta.text();
      else if (part === 2 && partWire === BYTES) kind = meta.text();
      else meta.skip(partWire);
    }
  }
  return { apiVersion, kind, raw };
}

/** Writes an envelope around a message that is already encoded. */
export function wrapEnvelope(gvk: GroupVersionKind, raw: Uint8Array): Buffer {
  const writer = new Writer();
  writer.tag(1, BYTES);
  writer.message(() => {
    writer.tag(1, BYTES);
    writer.text(gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`);
    writer.tag(2, BYTES);
    writer.text(gvk.kind);
  });
  writer.tag(2, BYTES);
  writer.chunk(raw);
  // Content encoding and content type, which are never set.
  for (const field of [3, 4]) {
    writer.tag(field, BYTES);
    writer.text('');
  }
  return Buffer.concat([MAGIC, writer.finish()]);
}

/** Writes an object of the type with its envelope. */
export const encodeEnvelope = (gvk: GroupVersionKind, type: TypeName, object: object): Buffer =>
  wrapEnvelope(gvk, encodeProtobuf(type, object));
