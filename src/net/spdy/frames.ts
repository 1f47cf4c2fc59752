/** SPDY/3.1 frames as bytes (SPDY draft 3; what moby/spdystream reads and writes). All integers are big-endian. */

export const RST = { PROTOCOL_ERROR: 1, REFUSED_STREAM: 3, CANCEL: 5 } as const;

/** A frame as it was read. A long DATA frame comes in parts; only its last part carries `fin`. */
export type Frame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly type: 'synStream'; readonly stream: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'synReply' | 'headers'; readonly stream: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'rst'; readonly stream: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly last: number; readonly status: number }
  | { readonly type: 'settings' | 'windowUpdate' };

/** The peer broke the framing: nothing after this point can be understood. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyError';
  }
}

const FIN = 0x01;
const CONTROL = 0x80_03_00_00;

/** Longest payload of a control frame that is read, in bytes; header blocks of streams are below 100. */
export const MAX_CONTROL_PAYLOAD = 65_536;
/** Payload of one DATA frame that is written, in bytes: what Go's io.Copy makes, so that streams share the connection. */
export const MAX_DATA_PAYLOAD = 32_768;

/** The head of a DATA frame. */
export function dataHead(stream: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(((fin ? FIN : 0) << 24) + length, 4);
  return head;
}

function control(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(CONTROL + type, 0);
  head.writeUInt32BE((flags << 24) + payload.length, 4);
  return Buffer.concat([head, payload]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

export const synStream = (stream: number, block: Buffer): Buffer =>
  control(1, 0, Buffer.concat([words(stream, 0), Buffer.alloc(2), block]));
export const synReply = (stream: number, block: Buffer): Buffer => control(2, 0, Buffer.concat([words(stream), block]));
export const rstStream = (stream: number, status: number): Buffer => control(3, 0, words(stream, status));
export const ping = (id: number): Buffer => control(6, 0, words(id));
export const goAway = (last: number, status: number): Buffer => control(7, 0, words(last, status));

/**
 * Cuts a byte stream into frames. The returned function takes the next bytes and gives the frames that they complete;
 * it keeps at most one control frame. Throws `SpdyError` on anything that the original's reader dies of.
 */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let pending: Buffer = Buffer.alloc(0);
  let data: { stream: number; fin: boolean; left: number } | null = null;
  return (chunk) => {
    let bytes: Buffer = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    const frames: Frame[] = [];
    for (;;) {
      if (data !== null) {
        const payload = bytes.subarray(0, data.left);
        data.left -= payload.length;
        bytes = bytes.subarray(payload.length);
        const complete = data.left === 0;
        if (payload.length > 0 || complete) frames.push({ type: 'data', stream: data.stream, fin: complete && data.fin, payload });
        if (!complete) break;
        data = null;
      }
      if (bytes.length < 8) break;
      const first = bytes.readUInt32BE(0);
      const second = bytes.readUInt32BE(4);
      const [flags, length] = [second >>> 24, second & 0xff_ff_ff];
      if (first >>> 31 === 0) {
        if (first === 0) throw new SpdyError('data on stream 0');
        data = { stream: first, fin: (flags & FIN) !== 0, left: length };
        bytes = bytes.subarray(8);
        continue;
      }
      if (length > MAX_CONTROL_PAYLOAD) throw new SpdyError('control frame too long');
      if (bytes.length < 8 + length) break;
      frames.push(readControl(first & 0xff_ff, flags, bytes.subarray(8, 8 + length)));
      bytes = bytes.subarray(8 + length);
    }
    // A copy, so that a few bytes left over do not hold the whole chunk.
    pending = Buffer.from(bytes);
    return frames;
  };
}

function readControl(type: number, flags: number, payload: Buffer): Frame {
  const fin = (flags & FIN) !== 0;
  const fixed = (length: number): void => {
    if (payload.length !== length || flags !== 0) throw new SpdyError(`invalid control frame of type ${type}`);
  };
  const from = (length: number): number => {
    if (payload.length < length) throw new SpdyError(`control frame of type ${type} too short`);
    return id(payload);
  };
  switch (type) {
    case 1:
      return { type: 'synStream', stream: from(10), fin, block: Buffer.from(payload.subarray(10)) };
    case 2:
      return { type: 'synReply', stream: from(4), fin, block: Buffer.from(payload.subarray(4)) };
    case 3: {
      fixed(8);
      const status = payload.readUInt32BE(4);
      if (status === 0) throw new SpdyError('reset with status 0');
      return { type: 'rst', stream: id(payload), status };
    }
    case 4:
      return { type: 'settings' };
    case 6:
      fixed(4);
      return { type: 'ping', id: id(payload) };
    case 7:
      fixed(8);
      return { type: 'goAway', last: payload.readUInt32BE(0), status: payload.readUInt32BE(4) };
    case 8:
      return { type: 'headers', stream: from(4), fin, block: Buffer.from(payload.subarray(4)) };
    case 9:
      fixed(8);
      return { type: 'windowUpdate' };
    default:
      throw new SpdyError(`unknown control frame of type ${type}`);
  }
}

function id(payload: Buffer): number {
  const value = payload.readUInt32BE(0);
  if (value === 0) throw new SpdyError('id 0');
  return value & 0x7f_ff_ff_ff;
}
