import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { StoreError } from './errors.ts';

/** Where LMDB keeps what in the meta pages that begin its file, in bytes from the page's start. */
const META = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152, size: 160 } as const;
const MAGIC = 0xbeefc0de;
/** A file may end before its last pages when these were taken and given back unwritten. */
const UNWRITTEN_PAGES = 16;

/**
 * Looks at a database file before the library maps it: reading past the end of a file that was cut off, or of one that is no
 * database, would kill the process instead of failing. Throws a StoreError. A missing or empty file is fine.
 */
export function checkDataFile(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return;
    const first = readMeta(file, 0);
    const second = first && readMeta(file, first.pageSize);
    if (!first || !second) throw new StoreError(`${path} is not a database, or its beginning is damaged`);
    const newest = second.transaction > first.transaction ? second : first;
    const needed = (newest.lastPage + 1) * first.pageSize;
    if (size < needed - UNWRITTEN_PAGES * first.pageSize) throw new StoreError(`${path} is cut off: ${size} of ${needed} bytes are there`);
    // Pages of zeros are said to be damaged, where a hole in the mapping would be fatal.
    if (size < needed) ftruncateSync(file, needed);
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
}

function readMeta(file: number, at: number): Meta | undefined {
  const bytes = Buffer.alloc(META.size);
  if (readSync(file, bytes, 0, META.size, at) < META.size || bytes.readUInt32LE(META.magic) !== MAGIC) return undefined;
  const pageSize = bytes.readUInt32LE(META.pageSize) & 0xffff;
  if (pageSize < 512) return undefined;
  return {
    pageSize,
    lastPage: Number(bytes.readBigUInt64LE(META.lastPage)),
    transaction: Number(bytes.readBigUInt64LE(META.transaction)),
  };
}
