import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { StoreError } from './errors.ts';
import { checkDataFile } from './lmdb-file.ts';

/** One write of a commit; without a value the key is removed. */
export interface DiskWrite {
  readonly key: string;
  readonly value: Buffer | undefined;
}

/** An ordered map from text to bytes on disk. The only place that knows which library keeps it. */
export interface Disk {
  /** Every pair whose key starts with the prefix, in key order. The bytes are the caller's. */
  entries(prefix: string): Iterable<{ readonly key: string; readonly value: Buffer }>;
  get(key: string): Buffer | undefined;
  /** Whether nothing was ever stored. */
  isEmpty(): boolean;
  /** Writes all or nothing; resolves when it is on the disk. Rejects with a StoreError. */
  commit(writes: readonly DiskWrite[]): Promise<void>;
  close(): Promise<void>;
}

/** LMDB's own limit on keys is 1978 bytes; names in paths are at most 253 + 63 + the resource's. */
export const MAX_KEY_BYTES = 1024;

/** Opens or makes the database in a directory. Throws a StoreError that names the directory. */
export function openDisk(directory: string): Disk {
  let database: RootDatabase<Buffer, string>;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkDataFile(join(directory, 'data.mdb'));
    database = open<Buffer, string>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      // A commit is acknowledged only after the data is synced; overlapping syncs would acknowledge earlier.
      overlappingSync: false,
      // Writes are gathered before they come here; the library's own gathering leaves promises of failed commits unhandled.
      eventTurnBatching: false,
    });
  } catch (error) {
    throw new StoreError(`the store in ${directory} cannot be opened`, error);
  }
  return {
    *entries(prefix) {
      for (const { key, value } of database.getRange({ start: prefix, end: `${prefix}\uffff` })) yield { key, value };
    },
    get: (key) => database.get(key),
    isEmpty: () => database.getKeysCount({ limit: 1 }) === 0,
    async commit(writes) {
      try {
        await database.batch(() => {
          for (const { key, value } of writes) {
            // The batch tells whether they all succeed; their own promises fail beside it.
            Promise.resolve(value === undefined ? database.remove(key) : database.put(key, value)).catch(() => undefined);
          }
        });
      } catch (error) {
        throw new StoreError(`the store in ${directory} cannot be written`, await causeOf(error));
      }
    },
    close: () => database.close(),
  };
}

/** What the library gives as the reason of a failed commit: a promise that is rejected with it, now or never. */
async function causeOf(thrown: unknown): Promise<unknown> {
  const reason: unknown = thrown instanceof Error && 'commitError' in thrown ? thrown.commitError : undefined;
  if (!(reason instanceof Promise)) return thrown;
  try {
    await Promise.race([reason, new Promise<void>((resolve) => setImmediate(resolve))]);
    return thrown;
  } catch (cause) {
    return cause;
  }
}
