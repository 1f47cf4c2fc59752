/**
 * Turns the bytes of a CRI log file (`2026-11-21T10:11:51.945001453Z stdout F text`) into what a client sees
 * (cri-client `pkg/logs/logs.go`). Works on chunks of any size; a line of any length passes without being held.
 */

/** What is kept of each line. */
export interface LineFilterOptions {
  readonly timestamps: boolean;
  readonly sinceMs: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

export interface LineFilter {
  /** The output of the next bytes of the file. */
  feed(chunk: Buffer): Buffer;
  /** True when the byte limit is reached: nothing more will come. */
  readonly done: boolean;
}

const NEWLINE = 10;
const SPACE = 32;
/** Length of a time in UTC with nine digits after the point: what runtimes write. */
const FIXED_TIME = 30;
/** A header that has not ended after so many bytes is none. */
const MAX_HEADER = 128;
const CODE_D = 'd'.charCodeAt(0);
const CODE_O = 'o'.charCodeAt(0);
const CODE_E = 'e'.charCodeAt(0);
const CODE_P = 'P'.charCodeAt(0);
const CODE_F = 'F'.charCodeAt(0);
const CODE_Z = 'Z'.charCodeAt(0);

interface Header {
  /** Offset of the text. */
  content: number;
  /** Length of the time. */
  time: number;
  stderr: boolean;
  /** The line goes on in the next entry: its newline is not the program's. */
  partial: boolean;
}

/** Makes a filter for one pass over one container's log, rotated files included. */
export function createLineFilter(options: LineFilterOptions): LineFilter {
  const since = options.sinceMs === undefined || options.sinceMs === Number.NEGATIVE_INFINITY ? undefined : options.sinceMs;
  const sinceText = since === undefined ? '' : fixedTime(since);
  const unwanted = options.stream === 'All' ? undefined : options.stream === 'Stdout';
  let remaining = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let carry: Buffer | undefined;
  /** In the middle of a line whose text is written or dropped. */
  let inside: 'header' | 'write' | 'drop' = 'header';
  let partial = false;
  /** The next entry begins a line of the program's output. */
  let fresh = true;
  const header: Header = { content: 0, time: 0, stderr: false, partial: false };

  let out = Buffer.alloc(0);
  let length = 0;
  const write = (source: Buffer, start: number, end: number): void => {
    const size = Math.min(end - start, remaining);
    if (length + size > out.length) {
      const bigger = Buffer.allocUnsafe(Math.max(out.length * 2, length + size));
      out.copy(bigger, 0, 0, length);
      out = bigger;
    }
    source.copy(out, length, start, start + size);
    length += size;
    remaining -= size;
  };

  /** Writes or drops the text up to `end`, where the line may go on in the next chunk. */
  const text = (data: Buffer, start: number, end: number, ended: boolean): void => {
    const last = ended && partial ? end - 1 : end;
    if (inside === 'write' && last > start) write(data, start, last);
    if (ended) {
      fresh = !partial;
      inside = 'header';
    }
  };

  const wanted = (data: Buffer, at: number): boolean => {
    if (unwanted !== undefined && header.stderr === unwanted) return false;
    if (since === undefined) return true;
    const time = data.toString('latin1', at, at + header.time);
    return header.time === FIXED_TIME && time.charCodeAt(FIXED_TIME - 1) === CODE_Z ? time >= sinceText : Date.parse(time) >= since;
  };

  const begin = (data: Buffer, at: number): void => {
    inside = wanted(data, at) ? 'write' : 'drop';
    partial = header.partial;
    if (inside !== 'write' || !options.timestamps || !fresh) return;
    if (header.time === FIXED_TIME) write(data, at, at + FIXED_TIME + 1);
    else {
      const prefix = Buffer.from(`${padTime(data.toString('latin1', at, at + header.time))} `);
      write(prefix, 0, prefix.length);
    }
  };

  return {
    get done() {
      return remaining <= 0;
    },
    feed(chunk) {
      const data = carry === undefined ? chunk : Buffer.concat([carry, chunk]);
      carry = undefined;
      out = Buffer.allocUnsafe(data.length);
      length = 0;
      let at = 0;
      for (; at < data.length;) {
        if (remaining <= 0) break;
        const newline = data.indexOf(NEWLINE, at);
        const end = newline < 0 ? data.length : newline + 1;
        if (inside === 'header') {
          if (readHeader(data, at, newline < 0 ? end : newline, header)) {
            begin(data, at);
            text(data, header.content, end, newline >= 0);
          } else if (newline < 0 && end - at < MAX_HEADER) {
            carry = Buffer.from(data.subarray(at));
          } else if (newline < 0) {
            inside = 'drop';
          }
        } else text(data, at, end, newline >= 0);
        at = end;
      }
      return out.subarray(0, length);
    },
  };
}

/** Reads `TIME STREAM TAGS ` at `at`; false when the line has no such header before `end`. */
function readHeader(data: Buffer, at: number, end: number, header: Header): boolean {
  const fast = at + FIXED_TIME + 10;
  if (
    fast <= end &&
    data[at + FIXED_TIME] === SPACE &&
    data[fast - 3] === SPACE &&
    data[fast - 1] === SPACE &&
    data[at + FIXED_TIME + 3] === CODE_D
  ) {
    const kind = data[at + FIXED_TIME + 4];
    const tag = data[fast - 2];
    if ((kind === CODE_O || kind === CODE_E) && (tag === CODE_F || tag === CODE_P)) {
      header.content = fast;
      header.time = FIXED_TIME;
      header.stderr = kind === CODE_E;
      header.partial = tag === CODE_P;
      return true;
    }
  }
  const limit = Math.min(end, at + MAX_HEADER);
  const first = spaceAfter(data, at, limit);
  const second = first < 0 ? -1 : spaceAfter(data, first + 1, limit);
  const third = second < 0 ? -1 : spaceAfter(data, second + 1, limit);
  if (third < 0) return false;
  const stream = data.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return false;
  if (Number.isNaN(Date.parse(data.toString('latin1', at, first)))) return false;
  header.content = third + 1;
  header.time = first - at;
  header.stderr = stream === 'stderr';
  header.partial = data.toString('latin1', second + 1, third).split(':')[0] === 'P';
  return true;
}

function spaceAfter(data: Buffer, from: number, limit: number): number {
  for (let at = from; at < limit; at++) if (data[at] === SPACE) return at;
  return -1;
}

/** A time as runtimes write it, for comparison as text. */
function fixedTime(ms: number): string {
  const whole = Math.floor(ms);
  return new Date(whole).toISOString().replace('Z', '000000Z');
}

/** The same time with nine digits after the point. */
function padTime(time: string): string {
  const [, seconds = time, fraction = '', zone = ''] = /^([^.Zz+]*?)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}${zone}`;
}
