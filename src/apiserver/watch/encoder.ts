/** Watch events in the form that a client takes. An event is encoded once for each form, whoever watches; Tables alone tell ages. */
import type { ResourceDefinition } from '../../api/resources.ts';
import { encodeProtobuf, wrapEnvelope } from '../../api/protobuf.ts';
import { apiVersionOf } from '../gvk.ts';
import type { Representation } from '../http/negotiate.ts';
import { pieceOf, type Piece } from '../http/stream.ts';
import { objectEnvelope, transformed, type IncludeObject } from '../resources/encode.ts';
import type { View } from '../registry/views.ts';
import type { Entry } from '../store/entry.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** Encodes the events of one watch. */
export interface EventEncoder {
  event(type: EventType, entry: Entry): Piece;
  bookmark(revision: number, initialEventsEnd: boolean): Piece;
  error(status: object): Piece;
}

/** Encoded events by what they are; they go with the entry. */
export type EncodedEvents = WeakMap<Entry, Map<string, Piece>>;

export interface EncoderOptions {
  readonly view: View;
  readonly form: Representation;
  readonly include: IncludeObject;
  readonly now: () => number;
  readonly encoded: EncodedEvents;
}

/** Makes the encoder of one watch: JSON lines, or length-prefixed protobuf. */
export function eventEncoder(options: EncoderOptions): EventEncoder {
  return options.form.media === 'application/vnd.kubernetes.protobuf' ? protobufEncoder(options) : jsonEncoder(options);
}

const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

function bookmarkObject(definition: ResourceDefinition, form: Representation, revision: number, initialEventsEnd: boolean): object {
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(initialEventsEnd && { annotations: INITIAL_EVENTS_END }),
  };
  if (form.as === 'PartialObjectMetadata') return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}`, metadata };
  const object = { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata };
  if (form.as !== 'Table') return object;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: { resourceVersion: String(revision) },
    columnDefinitions: null,
    rows: initialEventsEnd
      ? [{ cells: [], object: { ...object, kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}` } }]
      : [],
  };
}

function jsonEncoder({ view, form, include, now, encoded }: EncoderOptions): EventEncoder {
  const line = (type: EventType, object: string): Piece => pieceOf(`{"type":"${type}","object":${object}}\n`);
  let columnsSent = false;
  return {
    event(type, entry) {
      if (form.as === 'object')
        return shared(encoded, entry, `${view.head}${type}`, () => line(type, view.head + view.json(entry).slice(1)));
      if (form.as === 'PartialObjectMetadata') {
        const make = (): string => JSON.stringify(transformed(view.definition, view.object(entry), { form, include, now: now() }));
        return shared(encoded, entry, `metadata ${form.version} ${type}`, () => line(type, make()));
      }
      const object = transformed(view.definition, view.object(entry), { form, include, now: now() });
      // Columns are told once.
      const shown = form.as === 'Table' && columnsSent ? { ...object, columnDefinitions: null } : object;
      columnsSent = true;
      return line(type, JSON.stringify(shown));
    },
    bookmark: (revision, end) => line('BOOKMARK', JSON.stringify(bookmarkObject(view.definition, form, revision, end))),
    error: (status) => line('ERROR', JSON.stringify(status)),
  };
}

function shared(encoded: EncodedEvents, entry: Entry, key: string, make: () => Piece): Piece {
  let lines = encoded.get(entry);
  if (!lines) encoded.set(entry, (lines = new Map()));
  let found = lines.get(key);
  if (!found) lines.set(key, (found = make()));
  return found;
}

function protobufEncoder({ view, form, encoded }: EncoderOptions): EventEncoder {
  const frame = (type: EventType, envelope: Buffer): Piece => {
    // A WatchEvent is its type and a RawExtension, which is bytes alone.
    const event = Buffer.concat([delimited(1, Buffer.from(type)), delimited(2, delimited(1, envelope))]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(event.length);
    return pieceOf(Buffer.concat([length, event]));
  };
  return {
    event: (type, entry) =>
      shared(encoded, entry, `protobuf ${form.as} ${form.version} ${view.head}${type}`, () =>
        frame(type, objectEnvelope(view.definition, view.object(entry), form)),
      ),
    bookmark: (revision, end) =>
      frame('BOOKMARK', objectEnvelope(view.definition, bookmarkObject(view.definition, { ...form, as: 'object' }, revision, end), form)),
    error: (status) => frame('ERROR', wrapEnvelope({ group: '', version: 'v1', kind: 'Status' }, encodeProtobuf('meta/v1.Status', status))),
  };
}

/** One length-delimited protobuf field. */
function delimited(field: number, bytes: Uint8Array): Buffer {
  const head = [(field << 3) | 2];
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      head.push(rest);
      break;
    }
    head.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}
