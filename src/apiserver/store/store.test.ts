import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/types.ts';
import { keyOf, type StoreEvent } from './entry.ts';
import { StoreError } from './errors.ts';
import { openDisk } from './lmdb.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';
import { encodeValue } from './value.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const directory = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'nodelet-store-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
const open = async (options: StoreOptions): Promise<Store> => {
  const store = await openStore(options);
  cleanups.push(() => store.close());
  return store;
};
const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'a' },
  data,
});
const key = (name: string): string => keyOf('configmaps', 'a', name);
const put = (store: Store, name: string, data?: Record<string, string>): Promise<number> =>
  store.write((tx) => tx.put(key(name), configMap(name, data)).revision);

describe('the store', () => {
  it('gives every write the next revision and shows it as the resourceVersion', async () => {
    const store = await open({ directory: directory() });
    expect(await Promise.all([put(store, 'x'), put(store, 'y'), put(store, 'x', { k: 'v' })])).toEqual([1, 2, 3]);
    expect(store.revision).toBe(3);
    expect(store.get(key('x'))?.object).toEqual({
      ...configMap('x', { k: 'v' }),
      metadata: { name: 'x', namespace: 'a', resourceVersion: '3' },
    });
    expect(store.get(key('x'))?.json).toBe('{"metadata":{"name":"x","namespace":"a","resourceVersion":"3"},"data":{"k":"v"}}');
  });

  it('lists by prefix in key order', async () => {
    const store = await open({ directory: directory() });
    for (const name of ['b', 'a-b', 'a', 'c']) await put(store, name);
    await store.write((tx) => tx.put(keyOf('configmaps', 'b', 'z'), configMap('z')));
    expect(store.list('configmaps', 'a/').map((entry) => entry.object.metadata.name)).toEqual(['a', 'a-b', 'b', 'c']);
    expect(store.list('configmaps', '')).toHaveLength(5);
    expect(store.list('secrets', '')).toEqual([]);
  });

  it('undoes alone the write that throws', async () => {
    const store = await open({ directory: directory() });
    await put(store, 'x');
    const results = await Promise.allSettled([
      put(store, 'y'),
      store.write((tx) => {
        tx.put(key('x'), configMap('x', { bad: '1' }));
        tx.remove(key('y'));
        throw new Error('no');
      }),
      store.write((tx) => tx.get(key('y'))?.revision),
    ]);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'no'))).toEqual([2, 'no', 2]);
    expect(store.get(key('x'))?.object['data']).toEqual({});
    expect(store.revision).toBe(2);
  });

  it('sees in a write what earlier writes of the same commit did', async () => {
    const store = await open({ directory: directory() });
    const counts = await Promise.all(
      Array.from({ length: 50 }, () =>
        store.write((tx) => {
          const before = tx.get(key('n'))?.object['data'] as { n: string } | undefined;
          const n = Number(before?.n ?? 0) + 1;
          tx.put(key('n'), configMap('n', { n: String(n) }));
          return n;
        }),
      ),
    );
    expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('tells listeners each change once, after it is readable', async () => {
    const store = await open({ directory: directory() });
    const seen: string[] = [];
    const stop = store.subscribe('configmaps', (events) => {
      for (const event of events)
        seen.push(`${event.type} ${event.revision} ${event.before?.revision ?? '-'} ${store.revision >= event.revision}`);
    });
    await put(store, 'x');
    await put(store, 'x', { a: '1' });
    await store.write((tx) => tx.remove(key('x')));
    stop();
    await put(store, 'x');
    expect(seen).toEqual(['ADDED 1 - true', 'MODIFIED 2 1 true', 'DELETED 3 2 true']);
  });

  it('remembers earlier states as long as their changes are remembered', async () => {
    const store = await open({ directory: directory(), history: { events: 3, bytes: 1 << 20 } });
    await put(store, 'x');
    await put(store, 'x', { a: '1' });
    await put(store, 'y');
    await store.write((tx) => tx.remove(key('x')));
    const names = (at: number): unknown =>
      store.listAt('configmaps', '', at)?.map((entry) => `${entry.object.metadata.name}@${entry.revision}`);
    expect(names(4)).toEqual(['y@3']);
    expect(names(3)).toEqual(['x@2', 'y@3']);
    expect(names(2)).toEqual(['x@2']);
    expect(names(1)).toEqual(['x@1']);
    expect(names(0)).toBeUndefined();
    expect(names(5)).toBeUndefined();
  });

  it('comes back after a restart with objects, revision and changes', async () => {
    const path = directory();
    const first = await openStore({ directory: path, history: { events: 2, bytes: 1 << 20 } });
    await put(first, 'x');
    await put(first, 'y', { text: 'ünï\u2028\n' });
    await first.write((tx) => tx.remove(key('x')));
    await first.close();
    const second = await open({ directory: path, history: { events: 2, bytes: 1 << 20 } });
    expect(second.revision).toBe(3);
    expect(second.list('configmaps', '').map((entry) => entry.object)).toEqual([
      { ...configMap('y', { text: 'ünï\u2028\n' }), metadata: { name: 'y', namespace: 'a', resourceVersion: '2' } },
    ]);
    const changes = (events: readonly StoreEvent[]): string[] => events.map((event) => `${event.type}@${event.revision}`);
    expect(changes(second.history.after('configmaps', 1))).toEqual(['ADDED@2', 'DELETED@3']);
    expect(second.history.floor('configmaps')).toBe(1);
    await expect(put(second, 'z')).resolves.toBe(4);
  });

  it('refuses writes once closed and lets running ones finish', async () => {
    const store = await open({ directory: directory() });
    const running = put(store, 'x');
    const closing = store.close();
    await expect(put(store, 'y')).rejects.toThrow('is closed');
    await expect(running).resolves.toBe(1);
    await closing;
  });
});

describe('a store that cannot be used', () => {
  it('says that another process holds it', async () => {
    const path = directory();
    await open({ directory: path });
    await expect(openStore({ directory: path })).rejects.toThrow(`the store in ${path} is in use by process ${process.pid}`);
  });

  it('takes over the lock of a process that is gone', async () => {
    const path = directory();
    const child = spawn('true');
    await once(child, 'close');
    writeFileSync(join(path, 'owner'), `${child.pid} 1\n`);
    await expect(open({ directory: path })).resolves.toBeDefined();
  });

  it('says which value is damaged instead of serving it', async () => {
    const path = directory();
    const store = await openStore({ directory: path });
    await put(store, 'x', { secret: 'MARK-OF-THE-VALUE' });
    await store.close();
    const file = join(path, 'data.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('MARK-OF'); at >= 0; at = bytes.indexOf('MARK-OF', at + 1)) bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(openStore({ directory: path })).rejects.toThrow('the stored value of o/configmaps/a/x is damaged');
    await expect(openStore({ directory: path })).rejects.toThrow('is damaged');
  });

  it('names a format of another version, and a database that is none of ours', async () => {
    const path = directory();
    let disk = openDisk(path);
    await disk.commit([{ key: 'meta/format', value: encodeValue('meta/format', 'nodelet-store-9') }]);
    await disk.close();
    await expect(openStore({ directory: path })).rejects.toThrow('has the format nodelet-store-9; this version reads nodelet-store-1');
    const other = directory();
    disk = openDisk(other);
    await disk.commit([{ key: 'something', value: Buffer.from('else') }]);
    await disk.close();
    await expect(openStore({ directory: other })).rejects.toThrow('holds a database that is not a nodelet store');
  });

  it.each([
    ['garbage', (bytes: Buffer) => bytes.fill(0x5a), 'is not a database'],
    ['a short file', (bytes: Buffer) => bytes.subarray(0, 100), 'is not a database'],
    ['a file that was cut off', (bytes: Buffer) => bytes.subarray(0, 9000), 'is cut off'],
  ])('fails with a clear error on %s', async (_what, damage, message) => {
    const path = directory();
    const store = await openStore({ directory: path });
    await Promise.all(Array.from({ length: 40 }, (_, i) => put(store, `x${i}`, { pad: 'x'.repeat(5000) })));
    await store.close();
    writeFileSync(join(path, 'data.mdb'), damage(readFileSync(join(path, 'data.mdb'))));
    await expect(openStore({ directory: path })).rejects.toThrow(message);
  });

  it('opens an empty file as a new store', async () => {
    const path = directory();
    writeFileSync(join(path, 'data.mdb'), '');
    await expect(open({ directory: path })).resolves.toMatchObject({ revision: 0 });
  });

  it('says that a file is in the way', async () => {
    const path = join(directory(), 'file');
    writeFileSync(path, '');
    await expect(openStore({ directory: path })).rejects.toThrow(`the store in ${path} cannot be opened`);
  });
});

/** A small disk of its own; nothing where none can be made. */
function smallDisk(): string | undefined {
  const path = directory();
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'nodelet-test', path]);
  if (made.status !== 0) return undefined;
  cleanups.push(() => spawnSync('umount', [path]));
  return path;
}

describe('a full disk', () => {
  it('is said to every write, loses nothing that was acknowledged, and is forgotten when there is room', async (context) => {
    const disk = smallDisk();
    if (disk === undefined) context.skip('only root can mount a disk');
    const path = join(disk ?? '', 'store');
    const ballast = join(disk ?? '', 'ballast');
    writeFileSync(ballast, Buffer.alloc(1 << 20));
    const store = await open({ directory: path });
    const write = (name: string): Promise<number> => put(store, name, { pad: 'x'.repeat(20_000) });
    let acknowledged = 0;
    let refused: unknown;
    while (refused === undefined && acknowledged < 1_000) {
      try {
        await write(`o${acknowledged}`);
        acknowledged += 1;
      } catch (error) {
        refused = error;
      }
    }
    expect(refused).toBeInstanceOf(StoreError);
    expect(String(refused)).toContain(`the store in ${path} cannot be written`);
    expect(() => store.check()).toThrow(StoreError);
    expect([store.list('configmaps', '').length, store.revision]).toEqual([acknowledged, acknowledged]);
    rmSync(ballast);
    await write('after');
    store.check();
    await store.close();
    const again = await open({ directory: path });
    expect([again.list('configmaps', '').length, again.revision]).toEqual([acknowledged + 1, acknowledged + 1]);
  });
});

/** How often the writer is killed; a long run sets KILL_ROUNDS. */
const KILLS = Number(process.env['KILL_ROUNDS'] ?? 3);

describe('kill -9', () => {
  it(
    'loses no acknowledged write and leaves no half of one',
    async () => {
      const path = directory();
      const program = join(directory(), 'writer.cjs');
      const here = dirname(fileURLToPath(import.meta.url));
      buildSync({
        stdin: {
          contents: `import { openStore } from './store.ts';
          void (async () => {
            const store = await openStore({ directory: ${JSON.stringify(path)} });
            for (let writer = 0; writer < 8; writer += 1) void (async () => {
              for (let n = 0; ; n += 1) {
                const name = writer + '-' + n;
                await store.write((tx) => tx.put('configmaps/a/' + name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { pad: 'x'.repeat(3000) } }));
                process.stdout.write(name + '\\n');
              }
            })();
          })();`,
          resolveDir: here,
          loader: 'ts',
        },
        bundle: true,
        platform: 'node',
        format: 'cjs',
        external: ['lmdb'],
        outfile: program,
        logLevel: 'error',
      });
      const modules = join(dirname(createRequire(import.meta.url).resolve('lmdb')), '..', '..');
      let revision = 0;
      for (let round = 0; round < KILLS; round += 1) {
        const child = spawn(process.execPath, [program], {
          env: { ...process.env, NODE_PATH: modules },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout.on('data', (chunk: Buffer) => {
          out += chunk.toString();
          if (out.length > 2000) child.kill('SIGKILL');
        });
        await once(child, 'close');
        const acknowledged = out.split('\n').slice(0, -1);
        expect(acknowledged.length).toBeGreaterThan(100);
        const store = await openStore({ directory: path });
        const missing = acknowledged.filter((name) => store.get(key(name)) === undefined);
        expect(missing).toEqual([]);
        const newest = Math.max(...store.list('configmaps', '').map((entry) => entry.revision));
        expect(store.revision).toBe(newest);
        expect(newest).toBeGreaterThan(revision);
        // Whoever watched from the revision before the kill is told every change since, or that it is too late.
        const told = store.history.after('configmaps', revision).length;
        if (store.history.floor('configmaps') <= revision) expect(told).toBe(newest - revision);
        revision = newest;
        await store.close();
      }
    },
    KILLS * 5_000,
  );
});
