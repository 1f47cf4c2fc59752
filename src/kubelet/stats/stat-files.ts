/** Small kernel files, read often: through descriptors that stay open, since opening costs ten times the reading. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';

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
  close(): void;
}

export interface StatFilePool {
  file(path: string): StatFile;
  /** Text of a file that is read seldom; undefined when it is not there or cannot be read now. */
  once(path: string): string | undefined;
  /** Descriptors that are open now. */
  open(): number;
}

const FIRST_BUFFER = 64 * 1024;
/** Bytes of one file that are looked at; the kernel's are far smaller, but for lists of very many processes. */
const MAX_FILE = 4 * 1024 * 1024;
/** Reads of a file that was not there are not tried again before this many others. */
const RETRY_AFTER = 16;

/** Files with at most `maxOpen` descriptors among them; those beyond are opened for each read. */
export function statFilePool(files: StatFiles, maxOpen: number): StatFilePool {
  let count = 0;
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER);

  function readAll(fd: number): string {
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
    const text = buffer.toString('latin1', 0, length);
    return length < MAX_FILE ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  }

  function readOnce(path: string): string {
    const own = files.open(path);
    try {
      return readAll(own);
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
      count -= 1;
      files.close(closing);
    };
    return {
      close,
      read() {
        if (fd !== undefined) {
          try {
            return readAll(fd);
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
          if (count >= maxOpen) return readOnce(path);
          fd = files.open(path);
          count += 1;
          return readAll(fd);
        } catch {
          close();
          skip = RETRY_AFTER;
          return undefined;
        }
      },
    };
  }

  return {
    file,
    open: () => count,
    once(path) {
      try {
        return readOnce(path);
      } catch {
        return undefined;
      }
    },
  };
}
