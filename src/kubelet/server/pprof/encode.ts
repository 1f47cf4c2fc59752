/** Profiles in pprof's format, gzipped (google/pprof `proto/profile.proto`). */
import { gzipSync } from 'node:zlib';
import { BYTES, VARINT, Writer } from '../../../api/protobuf/wire.ts';

export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

export interface ProfileSample {
  /** Innermost call first. */
  readonly stack: readonly Frame[];
  /** One value for each value type. */
  readonly values: readonly number[];
}

export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface Profile {
  readonly valueTypes: readonly ValueType[];
  readonly samples: readonly ProfileSample[];
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly durationMs?: number;
  readonly period?: ValueType & { readonly value: number };
  /** The value type that readers show first; the last one without it. */
  readonly shownFirst?: string;
}

/** Field numbers of the message Profile. */
const FIELD = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  string: 6,
  time: 9,
  duration: 10,
  periodType: 11,
  period: 12,
  shownFirst: 14,
} as const;
const NANOS = 1_000_000;
/** The one mapping: the program. */
const MAPPING = 1;

/** The profile as `go tool pprof` reads it. */
export function encodeProfile(profile: Profile): Buffer {
  const writer = new Writer();
  const strings = new Numbering<string>((text) => text);
  strings.of('');
  const functions = new Numbering<Frame>((f) => `${f.name}\0${f.file}`);
  const locations = new Numbering<Frame>((f) => `${f.name}\0${f.file}\0${f.line}`);
  const int = (field: number, value: number): void => {
    if (value === 0) return;
    writer.tag(field, VARINT);
    writer.varint(value);
  };
  const message = (field: number, write: () => void): void => {
    writer.tag(field, BYTES);
    writer.message(write);
  };
  const valueType = (field: number, { type, unit }: ValueType): void =>
    message(field, () => {
      int(1, strings.of(type));
      int(2, strings.of(unit));
    });

  for (const type of profile.valueTypes) valueType(FIELD.sampleType, type);
  for (const { stack, values } of profile.samples)
    message(FIELD.sample, () => {
      message(1, () => stack.forEach((frame) => writer.varint(locations.of(frame) + 1)));
      message(2, () => values.forEach((value) => writer.varint(value)));
    });
  for (const [index, frame] of locations.all.entries())
    message(FIELD.location, () => {
      int(1, index + 1);
      int(2, MAPPING);
      message(4, () => {
        int(1, functions.of(frame) + 1);
        int(2, frame.line);
      });
    });
  for (const [index, frame] of functions.all.entries())
    message(FIELD.function, () => {
      int(1, index + 1);
      int(2, strings.of(frame.name));
      int(3, strings.of(frame.name));
      int(4, strings.of(frame.file));
    });
  // Readers name the profile after it.
  message(FIELD.mapping, () => {
    int(1, MAPPING);
    int(5, strings.of(process.execPath));
    // Functions, files and lines are known.
    for (const field of [7, 8, 9]) int(field, 1);
  });
  int(FIELD.time, profile.timeMs * NANOS);
  int(FIELD.duration, Math.round((profile.durationMs ?? 0) * NANOS));
  if (profile.period) {
    valueType(FIELD.periodType, profile.period);
    int(FIELD.period, profile.period.value);
  }
  if (profile.shownFirst !== undefined) int(FIELD.shownFirst, strings.of(profile.shownFirst));
  for (const text of strings.all) {
    writer.tag(FIELD.string, BYTES);
    writer.text(text);
  }
  return gzipSync(writer.finish());
}

/** Numbers values from 0 in the order they are first seen. */
class Numbering<T> {
  readonly all: T[] = [];
  readonly #known = new Map<string, number>();
  readonly #key: (value: T) => string;

  constructor(key: (value: T) => string) {
    this.#key = key;
  }

  of(value: T): number {
    const key = this.#key(value);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.all.length);
    return this.all.push(value) - 1;
  }
}
