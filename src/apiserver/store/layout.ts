/** How the store lies on disk: `o/<key>` holds an object, `r/<revision>` a change, `meta/format` the version of all this. */
import { entryFromText, textOf, type Entry, type StoreEvent } from './entry.ts';
import { StoreError } from './errors.ts';
import type { Disk } from './lmdb.ts';
import { decodeValue, encodeValue } from './value.ts';

export const FORMAT = 'nodelet-store-1';
const FORMAT_KEY = 'meta/format';
const OBJECTS = 'o/';
const EVENTS = 'r/';
/** Enough digits for every revision a number can hold. */
const REVISION_DIGITS = 16;

export const objectKey = (key: string): string => `${OBJECTS}${key}`;
export const eventKey = (revision: number): string => `${EVENTS}${String(revision).padStart(REVISION_DIGITS, '0')}`;

/** A change as text: a line that says what it is, the object, and the object before. */
export function eventText(event: StoreEvent): string {
  const head = JSON.stringify({ type: event.type, key: event.entry.key });
  return `${head}\n${textOf(event.entry)}\n${event.before ? textOf(event.before) : ''}`;
}

function eventFromText(text: string): StoreEvent {
  const [head = '', object = '', before = ''] = text.split('\n');
  const { type, key } = JSON.parse(head) as { type: StoreEvent['type']; key: string };
  const entry = entryFromText(key, object);
  return { revision: entry.revision, type, entry, before: before === '' ? undefined : entryFromText(key, before) };
}

/** What is on a disk. */
export interface Loaded {
  readonly entries: readonly Entry[];
  readonly events: readonly StoreEvent[];
  readonly revision: number;
  /** Changes up to here are not on the disk. */
  readonly compacted: number;
}

/** Reads everything, and checks every checksum. Marks an empty disk with the format. Throws a StoreError that says what is wrong. */
export async function loadDisk(disk: Disk, directory: string): Promise<Loaded> {
  const format = disk.get(FORMAT_KEY);
  if (format === undefined && !disk.isEmpty()) throw new StoreError(`${directory} holds a database that is not a nodelet store`);
  if (format === undefined) {
    await disk.commit([{ key: FORMAT_KEY, value: encodeValue(FORMAT_KEY, FORMAT) }]);
    return { entries: [], events: [], revision: 0, compacted: 0 };
  }
  const found = decodeValue(FORMAT_KEY, format);
  if (found !== FORMAT) throw new StoreError(`the store in ${directory} has the format ${found}; this version reads ${FORMAT}`);
  const entries = [...disk.entries(OBJECTS)].map(({ key, value }) => entryFromText(key.slice(OBJECTS.length), decodeValue(key, value)));
  const events = [...disk.entries(EVENTS)].map(({ key, value }) => eventFromText(decodeValue(key, value)));
  // The latest change is never forgotten.
  const revision = events.at(-1)?.revision ?? 0;
  return { entries, events, revision, compacted: (events[0]?.revision ?? revision + 1) - 1 };
}
