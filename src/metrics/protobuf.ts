/** Families as messages `io.prometheus.client.MetricFamily`, each behind its length (prometheus/client_model `metrics.proto`). */
import type { MetricType } from './family.ts';
import { points, type Point } from './grouped.ts';
import type { ParsedFamily } from './parse-text.ts';

/** `MetricType`, and the field of `Metric` that holds the value. */
const KINDS: Readonly<Record<MetricType, { readonly type: number; readonly field: number }>> = {
  counter: { type: 0, field: 3 },
  gauge: { type: 1, field: 2 },
  summary: { type: 2, field: 4 },
  untyped: { type: 3, field: 5 },
  histogram: { type: 4, field: 7 },
};

const [VARINT, FIXED64, BYTES] = [0, 1, 2];

/** The families in their order. */
export function encodeProtobuf(families: readonly ParsedFamily[]): Buffer {
  const out = new Writer();
  for (const family of families) out.message(undefined, () => writeFamily(out, family));
  return out.bytes();
}

function writeFamily(out: Writer, family: ParsedFamily): void {
  const { type, field } = KINDS[family.type];
  out.text(1, family.name);
  if (family.help !== undefined) out.text(2, family.help);
  out.varint(3, type);
  for (const point of points(family))
    out.message(4, () => {
      for (const [name, value] of point.labels)
        out.message(1, () => {
          out.text(1, name);
          out.text(2, value);
        });
      out.message(field, () => writeValue(out, family.type, point));
      if (point.at !== undefined) out.varint(6, point.at);
    });
}

function writeValue(out: Writer, type: MetricType, { value, sum, count, steps }: Point): void {
  if (value !== undefined) {
    out.double(1, value);
    return;
  }
  out.varint(1, count);
  out.double(2, sum);
  for (const [bound, at] of steps) {
    // Above the last bound is everything: the count says it.
    if (bound === Infinity) continue;
    out.message(3, () => {
      if (type === 'histogram') {
        out.varint(1, at);
        out.double(2, bound);
      } else {
        out.double(1, bound);
        out.double(2, at);
      }
    });
  }
}

const FIRST_SIZE = 64 * 1024;

/** Protocol Buffers' wire format into one buffer that grows. */
class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE);
  #end = 0;

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }

  varint(field: number, value: number): void {
    this.#number((field << 3) | VARINT);
    this.#number(value);
  }

  double(field: number, value: number): void {
    this.#number((field << 3) | FIXED64);
    this.#room(8);
    this.#end = this.#buffer.writeDoubleLE(value, this.#end);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#number((field << 3) | BYTES);
    this.#number(length);
    this.#room(length);
    this.#end += this.#buffer.write(value, this.#end);
  }

  /** What `write` writes, behind its length; without a field it stands alone. */
  message(field: number | undefined, write: () => void): void {
    if (field !== undefined) this.#number((field << 3) | BYTES);
    const start = this.#end;
    write();
    const length = this.#end - start;
    // The length is known only now: what was written moves up to make room for it.
    const head = varintSize(length);
    this.#room(head);
    this.#buffer.copyWithin(start + head, start, this.#end);
    this.#end = start;
    this.#number(length);
    this.#end = start + head + length;
  }

  #number(value: number): void {
    this.#room(10);
    if (value < 0) {
      // Ten bytes of two's complement, as for every negative int64.
      for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
        this.#buffer[this.#end++] = Number(rest & 127n) | (rest > 127n ? 128 : 0);
        if (rest <= 127n) return;
      }
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[this.#end++] = (rest % 128) | 128;
    this.#buffer[this.#end++] = rest;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + bytes));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
