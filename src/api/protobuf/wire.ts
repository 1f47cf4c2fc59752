/** The protobuf wire format: reading with every length checked, writing into a buffer that grows. */

/** Bytes that are no valid message. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** Deepest nesting of messages that is read. */
export const MAX_PROTOBUF_DEPTH = 100;

const unexpectedEnd = (): ProtobufError => new ProtobufError('unexpected EOF');

/** A position in a message. */
export class Reader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
  readonly depth: number;
  constructor(bytes: Buffer, at = 0, end = bytes.length, depth = 0) {
    if (depth > MAX_PROTOBUF_DEPTH) throw new ProtobufError('exceeded max depth');
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.depth = depth;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** A varint as a signed 64-bit number; beyond 2^53 it loses its last digits, as JSON does. */
  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let low = BigInt(first & 0x7f);
    for (let shift = 7n; shift < 70n; shift += 7n) {
      const next = this.byte();
      low |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return Number(BigInt.asIntN(64, low));
    }
    throw new ProtobufError('proto: integer overflow');
  }

  private byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw unexpectedEnd();
    this.at++;
    return value;
  }

  double(): number {
    if (this.at + 8 > this.end) throw unexpectedEnd();
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** The bytes of a length-delimited field, not copied. */
  chunk(): Buffer {
    const length = this.length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const length = this.length();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** A reader for the message in a length-delimited field. */
  message(): Reader {
    const length = this.length();
    this.at += length;
    return new Reader(this.bytes, this.at - length, this.at, this.depth + 1);
  }

  private length(): number {
    const length = this.varint();
    if (length < 0) throw new ProtobufError('proto: negative length found during unmarshaling');
    if (this.at + length > this.end) throw unexpectedEnd();
    return length;
  }

  /** Field number and wire type of the next field. */
  tag(): { field: number; wire: number } {
    const tag = this.varint();
    const field = Math.floor(tag / 8);
    if (field <= 0 || field >= 2 ** 29) throw new ProtobufError(`proto: illegal tag ${field} (wire type ${tag & 7})`);
    return { field, wire: tag & 7 };
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === BYTES) this.chunk();
    else if (wire === FIXED64 || wire === FIXED32) this.at += wire === FIXED64 ? 8 : 4;
    else throw new ProtobufError(`proto: illegal wireType ${wire}`);
    if (this.at > this.end) throw unexpectedEnd();
  }
}

/** Messages being written; inner lengths are known when the inner message is done. */
export class Writer {
  private bytes = Buffer.allocUnsafe(512);
  private at = 0;

  private room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + count));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  varint(value: number): void {
    this.room(10);
    if (value >= 0 && value < 0x80) {
      this.bytes[this.at++] = value;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  double(value: number): void {
    this.room(8);
    this.bytes.writeDoubleLE(value, this.at);
    this.at += 8;
  }

  chunk(value: Uint8Array): void {
    this.varint(value.length);
    this.room(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.room(length);
    this.at += this.bytes.write(value, this.at);
  }

  /** Writes a message and puts its length before it. */
  message(write: () => void): void {
    const start = this.at;
    this.room(1);
    this.at++;
    write();
    const length = this.at - start - 1;
    if (length < 0x80) {
      this.bytes[start] = length;
      return;
    }
    // Lengths beyond one byte: the body moves up to make room for them.
    const extra = length < 0x4000 ? 1 : length < 0x200000 ? 2 : length < 0x10000000 ? 3 : 4;
    this.room(extra);
    this.bytes.copyWithin(start + 1 + extra, start + 1, this.at);
    const end = this.at + extra;
    this.at = start;
    this.varint(length);
    this.at = end;
  }

  /** What was written so far, copied. */
  finish(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }
}
