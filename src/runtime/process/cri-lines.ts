/** Content bytes of one line of the log file; a longer line is written in parts (containerd `max_container_log_line_size`). */
export const MAX_LINE = 16_384;

export type OutputStream = 'stdout' | 'stderr';

/** Turns a container's raw output into lines of the CRI log format. */
export interface LineWriter {
  /** The lines that are complete with `chunk`; what is left waits for the next call. `time` is RFC 3339 with nanoseconds. */
  push(chunk: Buffer, time: string): Buffer;
  /** What still waits, as a partial line; empty when nothing does. */
  end(time: string): Buffer;
  /** Bytes that were pushed and are not in a line yet. */
  readonly pending: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Lines are `TIME STREAM F|P CONTENT\n` (kubernetes/cri-api log format, containerd `container_io`): content is cut
 * after every 16,384 bytes into `P` parts, and a carriage return before the newline is dropped.
 */
export function createLineWriter(stream: OutputStream): LineWriter {
  let waiting: Buffer = Buffer.alloc(0);
  return {
    get pending() {
      return waiting.length;
    },
    push(chunk, time) {
      const data = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      const full = Buffer.from(`${time} ${stream} F `);
      const part = Buffer.from(`${time} ${stream} P `);
      const out: Buffer[] = [];
      let start = 0;
      for (;;) {
        const newline = data.indexOf(NEWLINE, start);
        const end = newline < 0 ? data.length : newline;
        while (end - start > MAX_LINE) {
          out.push(part, data.subarray(start, start + MAX_LINE), LINE_END);
          start += MAX_LINE;
        }
        if (newline < 0) break;
        const cut = end > start && data[end - 1] === RETURN ? end - 1 : end;
        out.push(full, data.subarray(start, cut), LINE_END);
        start = newline + 1;
      }
      waiting = Buffer.from(data.subarray(start));
      return Buffer.concat(out);
    },
    end(time) {
      if (waiting.length === 0) return waiting;
      const line = Buffer.concat([Buffer.from(`${time} ${stream} P `), waiting, LINE_END]);
      waiting = Buffer.alloc(0);
      return line;
    },
  };
}

const LINE_END = Buffer.from('\n');

/** RFC 3339 in UTC with nanoseconds, trailing zeros of the fraction cut, as Go's RFC3339Nano. `ms` may have a fraction. */
export function nanoTime(ms: number): string {
  const whole = Math.floor(ms);
  const nanos = Math.floor((ms - whole) * 1e6);
  const fraction = `${String(((whole % 1000) + 1000) % 1000).padStart(3, '0')}${String(nanos).padStart(6, '0')}`.replace(/0+$/, '');
  return `${new Date(whole).toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`;
}
