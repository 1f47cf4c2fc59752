/** Small kernel files, read often: through descriptors that stay open, since opening costs ten times the reading. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { parseNumber } from './parse.ts';

/** The synchronous file calls of the collectors (kernfs and procfs answer from memory); tests replace them. Each throws as `node:fs` does. */
export interface StatFiles {
  open(path: string): number;
  /** Bytes read at `position` into `buffer`. */
  read(fd: number, buffer: Buffer, offset: number, position: number): number;
  close(fd: number): void;
  readFile(path: string): string;
  readdir(path: string): string[];
  readlink(path: string): string;
  /** Modification time in ms since 1970. */
  modifiedAt(path: string): number;
}

/** This machine's. */
export const systemStatFiles: StatFiles = {
  open: (path) => openSync(path, 'r'),
  read: (fd, buffer, offset, position) => readSync(fd, buffer, offset, buffer.length - offset, position),
  close: (fd) => closeSync(fd),
  readFile: (path) => readFileSync(path, 'latin1'),
  readdir: (path) => readdirSync(path),
  readlink: (path) => readlinkSync(path),
  modifiedAt: (path) => statSync(path).mtimeMs,
};

/** A file that is read again and again. */
export interface StatFile {
  /** Its text; undefined when it is not there or cannot be read now. */
  read(): string | undefined;
  /** The one number that it holds; undefined for what is none, `max` too. No text is made of a short one. */
  number(): number | undefined;
  /**
   * Its text as `parse` reads it: the very value of last time while the file says the same, as those of idle groups mostly do.
   * Always with the same `parse`.
   */
  parsed<T>(parse: (text: string | undefined) => T): T;
  close(): void;
}

export interface StatFilePool {
  file(path: string): StatFile;
  /** Text of a file that is read seldom; undefined when it is not there or cannot be read now. */
  once(path: string): string | undefined;
  /** Descriptors that are open now. */
  open(): number;
  /** Whether a descriptor of this process is one of them. */
  holds(fd: number): boolean;
}

const FIRST_BUFFER = 64 * 1024;
/** Bytes of one file that are looked at; the kernel's are far smaller, but for lists of very many processes. */
const MAX_FILE = 4 * 1024 * 1024;
/** Bytes of a file that are kept to see whether it has changed. */
const MAX_KEPT = 8 * 1024;
const NEWLINE = 10;
/** Digits that always fit into a number. */
const MAX_EXACT_DIGITS = 15;
/** Reads of a file that was not there are not tried again before this many others. */
const RETRY_AFTER = 16;

/** Files with at most `maxOpen` descriptors among them; those beyond are opened for each read. */
export function statFilePool(files: StatFiles, maxOpen: number): StatFilePool {
  const held = new Set<number>();
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER);

  /** Into `buffer`, whose first bytes are then the file's: how many. */
  function fill(fd: number): number {
    let length = 0;
    for (;;) {
      const got = files.read(fd, buffer, length, length);
      length += got;
      // A file that leaves room was read to its end: kernel files come in one piece.
      if (got === 0 || length < buffer.length || buffer.length >= MAX_FILE) break;
      const larger = Buffer.allocUnsafe(Math.min(MAX_FILE, buffer.length * 4));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    // One that is too long is cut behind its last whole line.
    return length < MAX_FILE ? length : buffer.lastIndexOf(NEWLINE) + 1;
  }

  const textOf = (length: number): string => buffer.toString('latin1', 0, length);

  function fillOnce(path: string): number {
    const own = files.open(path);
    try {
      return fill(own);
    } finally {
      files.close(own);
    }
  }

  function file(path: string): StatFile {
    let fd: number | undefined;
    let skip = 0;
    const close = (): void => {
      if (fd === undefined) return;
      const closing = fd;
      fd = undefined;
      held.delete(closing);
      files.close(closing);
    };
    /** Bytes of it that stand in the buffer now. */
    const load = (): number | undefined => {
      if (fd !== undefined) {
        try {
          return fill(fd);
        } catch {
          // The cgroup behind the descriptor is gone; another may have its name by now.
          close();
        }
      }
      if (skip > 0) {
        skip -= 1;
        return undefined;
      }
      try {
        if (held.size >= maxOpen) return fillOnce(path);
        fd = files.open(path);
        held.add(fd);
        return fill(fd);
      } catch {
        close();
        skip = RETRY_AFTER;
        return undefined;
      }
    };
    let last: { readonly bytes: Buffer; readonly value: unknown; readonly parse: unknown } | undefined;
    return {
      close,
      read() {
        const length = load();
        return length === undefined ? undefined : textOf(length);
      },
      number() {
        const length = load();
        return length === undefined ? undefined : (shortNumber(buffer, length) ?? finite(parseNumber(textOf(length))));
      },
      parsed<T>(parse: (text: string | undefined) => T): T {
        const length = load();
        if (length === undefined) {
          last = undefined;
          return parse(undefined);
        }
        if (last?.parse === parse && last.bytes.length === length && buffer.compare(last.bytes, 0, length, 0, length) === 0)
          return last.value as T;
        const value = parse(textOf(length));
        // Not a slice of the pool that small buffers share: it would be held as a whole.
        last =
          length > MAX_KEPT ? undefined : { bytes: Buffer.from(Uint8Array.prototype.slice.call(buffer, 0, length).buffer), value, parse };
        return value;
      },
    };
  }

  return {
    file,
    open: () => held.size,
    holds: (fd) => held.has(fd),
    once(path) {
      try {
        return textOf(fillOnce(path));
      } catch {
        return undefined;
      }
    },
  };
}

const finite = (value: number | undefined): number | undefined => (value === Infinity ? undefined : value);

/** Digits and at most a newline behind them, as the kernel writes a counter; undefined for all else, which is then looked at as text. */
function shortNumber(bytes: Buffer, length: number): number | undefined {
  const end = bytes[length - 1] === NEWLINE ? length - 1 : length;
  if (end < 1 || end > MAX_EXACT_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < end; i += 1) {
    const digit = (bytes[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
