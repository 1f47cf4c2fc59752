import { mkdirSync } from 'node:fs';
import type { Clock } from '../../util/clock.ts';
import type { KubeObject } from '../../api/types.ts';
import { createCollection, type Collection } from './collection.ts';
import { makeEntry, textOf, type Entry, type StoreEvent } from './entry.ts';
import { StoreError } from './errors.ts';
import { createHistory, DEFAULT_HISTORY, type History, type HistoryLimits } from './history.ts';
import { MAX_KEY_BYTES, openDisk, type Disk, type DiskWrite } from './lmdb.ts';
import { lockDirectory } from './lock.ts';
import { eventKey, eventText, loadDisk, objectKey, type Loaded } from './layout.ts';
import { encodeValue } from './value.ts';

export interface StoreOptions {
  readonly directory: string;
  readonly history?: HistoryLimits;
}

/** What a write sees and does: the newest state, including what was written before it in the same commit. */
export interface Transaction {
  readonly get: (key: string) => Entry | undefined;
  readonly range: (bucket: string, prefix: string) => Entry[];
  /** Stores the object under the next revision. */
  put(key: string, object: KubeObject): Entry;
  /** Removes the object under the next revision; returns its last state with that revision. */
  remove(key: string): Entry | undefined;
}

/**
 * Objects under one global revision. Reads are from memory and see committed writes only. A write is acknowledged, and
 * shown to readers and watchers, when it is on the disk; writes that wait meanwhile share the next commit.
 */
export interface Store {
  /** The revision of the last committed write. */
  readonly revision: number;
  readonly history: Pick<History, 'after' | 'floor'>;
  readonly get: (key: string) => Entry | undefined;
  /** Objects of a bucket in key order; the prefix is `''` or `namespace/`. */
  readonly list: (bucket: string, prefix: string) => Entry[];
  /** The same as of an earlier revision; undefined when that is forgotten. */
  listAt(bucket: string, prefix: string, revision: number): Entry[] | undefined;
  /** Runs a write. It must not wait: what it read is still true when it writes. What it throws undoes it alone. */
  write<T>(change: (transaction: Transaction) => T): Promise<T>;
  /** Calls the listener after each commit with its changes to a bucket. Returns the way to stop. */
  subscribe(bucket: string, listener: (events: readonly StoreEvent[]) => void): () => void;
  /** Resolves when the revision is reached, with false when that takes longer than `ms`. */
  reached(revision: number, clock: Clock, ms: number): Promise<boolean>;
  /** Throws a StoreError when the store is closed or its last commit failed. */
  check(): void;
  /** Lets running writes finish, refuses new ones and releases the directory. */
  close(): Promise<void>;
}

/** Writes that share one commit; more wait for the next. */
const MAX_BATCH = 512;

interface Job {
  readonly run: (transaction: Transaction) => void;
  readonly settle: () => void;
  readonly reject: (error: unknown) => void;
}

/** Opens the store in a directory, or makes it. Throws a StoreError when it is damaged, foreign, in use or unreadable. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { directory } = options;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError(`the store in ${directory} cannot be opened`, error);
  }
  const unlock = lockDirectory(directory);
  try {
    const disk = openDisk(directory);
    try {
      return runStore(disk, await loadDisk(disk, directory), { ...options, history: options.history ?? DEFAULT_HISTORY, unlock });
    } catch (error) {
      await disk.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

function runStore(disk: Disk, loaded: Loaded, options: Required<StoreOptions> & { readonly unlock: () => void }): Store {
  const buckets = new Map<string, Collection<Entry>>();
  const bucketOf = (name: string): Collection<Entry> => {
    let bucket = buckets.get(name);
    if (!bucket) buckets.set(name, (bucket = createCollection()));
    return bucket;
  };
  for (const entry of loaded.entries) bucketOf(entry.bucket).set(entry.key, entry);
  const history = createHistory(options.history, loaded.compacted);
  for (const event of loaded.events) history.add(event);
  // Revisions whose changes are forgotten but still on the disk; the next commit removes them.
  let forgotten = history.trim();
  let revision = loaded.revision;
  const listeners = new Map<string, Set<(events: readonly StoreEvent[]) => void>>();
  const waiting = new Set<{ readonly revision: number; readonly done: () => void }>();
  const queue: Job[] = [];
  let closed = false;
  let failed: unknown;
  let running: Promise<void> | undefined;

  const get = (key: string): Entry | undefined => buckets.get(key.slice(0, key.indexOf('/')))?.get(key);
  const list = (bucket: string, prefix: string): Entry[] => buckets.get(bucket)?.range(`${bucket}/${prefix}`) ?? [];

  const publish = (events: readonly StoreEvent[]): void => {
    const changed = new Map<string, StoreEvent[]>();
    for (const event of events) {
      const { bucket, key } = event.entry;
      if (event.type === 'DELETED') bucketOf(bucket).delete(key);
      else bucketOf(bucket).set(key, event.entry);
      history.add(event);
      const same = changed.get(bucket);
      if (same) same.push(event);
      else changed.set(bucket, [event]);
    }
    for (const [bucket, its] of changed) for (const listener of listeners.get(bucket) ?? []) listener(its);
    for (const waiter of waiting) if (revision >= waiter.revision) waiter.done();
  };

  const commit = async (jobs: readonly Job[]): Promise<void> => {
    const batch = createBatch(revision, get, list);
    const done: Job[] = [];
    for (const job of jobs) {
      try {
        batch.attempt(job.run);
        done.push(job);
      } catch (error) {
        job.reject(error);
      }
    }
    const events = batch.events();
    if (events.length > 0) {
      const writes: DiskWrite[] = forgotten.map((old) => ({ key: eventKey(old), value: undefined }));
      for (const event of events) writes.push(...writesOf(event));
      try {
        await disk.commit(writes);
        failed = undefined;
      } catch (error) {
        failed = error;
        for (const job of done) job.reject(error);
        return;
      }
      revision = batch.revision();
      publish(events);
      forgotten = history.trim();
    }
    for (const job of done) job.settle();
  };

  const drain = async (): Promise<void> => {
    // Writes of the same turn share the first commit.
    await Promise.resolve();
    while (queue.length > 0) await commit(queue.splice(0, MAX_BATCH));
    running = undefined;
  };

  return {
    get revision() {
      return revision;
    },
    history,
    get,
    list,
    listAt(bucket, prefix, at) {
      if (at > revision || at < history.floor(bucket)) return undefined;
      const state = new Map(list(bucket, prefix).map((entry) => [entry.key, entry]));
      for (const event of history.after(bucket, at).toReversed()) {
        if (!event.entry.key.startsWith(`${bucket}/${prefix}`)) continue;
        if (event.before) state.set(event.entry.key, event.before);
        else state.delete(event.entry.key);
      }
      return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    write<T>(change: (transaction: Transaction) => T): Promise<T> {
      if (closed) return Promise.reject(new StoreError(`the store in ${options.directory} is closed`));
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        queue.push({
          run: (transaction) => {
            result = { value: change(transaction) };
          },
          settle: () => result && resolve(result.value),
          reject,
        });
        running ??= drain();
      });
    },
    subscribe(bucket, listener) {
      const its = listeners.get(bucket) ?? new Set();
      listeners.set(bucket, its.add(listener));
      return () => void its.delete(listener);
    },
    check() {
      if (closed) throw new StoreError(`the store in ${options.directory} is closed`);
      if (failed !== undefined) throw failed;
    },
    reached(wanted, clock, ms) {
      if (revision >= wanted) return Promise.resolve(true);
      return new Promise((resolve) => {
        const finish = (reached: boolean): void => {
          waiting.delete(waiter);
          timer.cancel();
          resolve(reached);
        };
        const waiter = { revision: wanted, done: () => finish(true) };
        const timer = clock.after(ms, () => finish(false));
        waiting.add(waiter);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await running;
      await disk.close();
      options.unlock();
    },
  };
}

/** The changes of one commit, staged write by write. */
interface Batch {
  attempt(run: (transaction: Transaction) => void): void;
  events(): readonly StoreEvent[];
  revision(): number;
}

function createBatch(
  start: number,
  committed: (key: string) => Entry | undefined,
  listed: (bucket: string, prefix: string) => Entry[],
): Batch {
  const events: StoreEvent[] = [];
  /** Undefined stands for removed. */
  const staged = new Map<string, Entry | undefined>();
  const get = (key: string): Entry | undefined => (staged.has(key) ? staged.get(key) : committed(key));
  const next = (): number => start + events.length + 1;
  const transaction: Transaction = {
    get,
    range: (bucket, prefix) => {
      const found = new Map(listed(bucket, prefix).map((entry) => [entry.key, entry]));
      for (const [key, entry] of staged) {
        if (!key.startsWith(`${bucket}/${prefix}`)) continue;
        if (entry) found.set(key, entry);
        else found.delete(key);
      }
      return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    put(key, object) {
      if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new StoreError(`the key ${key.slice(0, 64)}… is too long`);
      const before = get(key);
      const entry = makeEntry(key, next(), object);
      events.push({ revision: entry.revision, type: before ? 'MODIFIED' : 'ADDED', entry, before });
      staged.set(key, entry);
      return entry;
    },
    remove(key) {
      const before = get(key);
      if (!before) return undefined;
      const entry = makeEntry(key, next(), before.object);
      events.push({ revision: entry.revision, type: 'DELETED', entry, before });
      staged.set(key, undefined);
      return entry;
    },
  };
  return {
    attempt(run) {
      const kept = events.length;
      try {
        run(transaction);
      } catch (error) {
        for (const undone of events.splice(kept).toReversed()) staged.set(undone.entry.key, undone.before);
        throw error;
      }
    },
    events: () => events,
    revision: () => start + events.length,
  };
}

function writesOf(event: StoreEvent): DiskWrite[] {
  const { key } = event.entry;
  const object = event.type === 'DELETED' ? { key: objectKey(key), value: undefined } : diskWrite(objectKey(key), textOf(event.entry));
  return [object, diskWrite(eventKey(event.revision), eventText(event))];
}

function diskWrite(key: string, text: string): DiskWrite {
  return { key, value: encodeValue(key, text) };
}
