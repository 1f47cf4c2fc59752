import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Volume } from '../../api/types.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { MissingReference, type ObjectReader } from '../spec/env.ts';
import { aPod } from '../testing/objects.ts';
import { writeAtomically, type Payload } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import { prepareSubPath } from './subpath.ts';
import { createVolumeManager, VolumesNotReady } from './volume-manager.ts';

const { files } = systemHost;
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'volumes-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const payload = (texts: Readonly<Record<string, string>>, mode = 0o644): Payload =>
  new Map(Object.entries(texts).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));

describe('writeAtomically', () => {
  it('shows links to one dated directory', async () => {
    expect(await writeAtomically(files, dir, payload({ a: '1', 'sub/b': '2' }), Date.parse('2026-01-02T03:04:05Z'))).toBe(true);
    expect((await readdir(dir)).filter((n) => !n.startsWith('..2'))).toEqual(['..data', 'a', 'sub']);
    expect(await readlink(join(dir, 'a'))).toBe('..data/a');
    expect(await readlink(join(dir, '..data'))).toMatch(/^\.\.2026_01_02_03_04_05\.\d+$/);
    expect(await readFile(join(dir, 'sub/b'), 'utf8')).toBe('2');
  });

  it('does nothing when nothing changed', async () => {
    await writeAtomically(files, dir, payload({ a: '1' }), 0);
    const before = await readlink(join(dir, '..data'));
    expect(await writeAtomically(files, dir, payload({ a: '1' }), 1000)).toBe(false);
    expect(await readlink(join(dir, '..data'))).toBe(before);
  });

  it('swaps everything at once and removes what went', async () => {
    await writeAtomically(files, dir, payload({ a: '1', b: '2', 'd/x': '3' }), 0);
    await writeAtomically(files, dir, payload({ b: 'new', c: '4' }), 1000);
    expect((await readdir(dir)).filter((n) => !n.startsWith('..'))).toEqual(['b', 'c']);
    expect((await readdir(dir)).filter((n) => n.startsWith('..1970'))).toHaveLength(1);
    expect(await readFile(join(dir, 'b'), 'utf8')).toBe('new');
  });

  it('gives files their mode, whatever the umask', async () => {
    await writeAtomically(files, dir, payload({ a: '1' }, 0o440), 0);
    expect((await stat(join(dir, 'a'))).mode & 0o777).toBe(0o440);
  });

  it.each(['', '/etc/x', '../x', 'a/../../x', '..x'])('refuses the path %j', async (path) => {
    await expect(writeAtomically(files, dir, payload({ [path]: '' }), 0)).rejects.toThrow('invalid path');
    expect(await readdir(dir)).toEqual([]);
  });

  it('never writes outside, whatever the paths are', async () => {
    const inner = join(dir, 'inner');
    await mkdir(inner);
    const part = fc.constantFrom('..', '.', 'a', 'b', '', '..c', '/');
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        await writeAtomically(files, inner, payload({ [parts.join('/')]: 'x' }), 0).catch(() => undefined);
        expect(await readdir(dir)).toEqual(['inner']);
      }),
      { numRuns: 60 },
    );
  });
});

describe('prepareHostPath', () => {
  it.each([
    ['Directory', '/not/there', 'hostPath type check failed: /not/there is not a directory'],
    ['File', '/not/there', 'hostPath type check failed: /not/there is not a file'],
    ['Socket', '/etc/passwd', 'hostPath type check failed: /etc/passwd is not a socket file'],
    ['BlockDevice', '/dev/null', 'hostPath type check failed: /dev/null is not a block device'],
    ['', 'relative', 'must be an absolute path'],
    ['', '/tmp/../etc', "without '..'"],
  ])('of type %j refuses %s', async (type, path, message) => {
    await expect(prepareHostPath(files, path, type)).rejects.toThrow(message);
  });
  it('takes what is right, and makes what may be made', async () => {
    await prepareHostPath(files, '/dev/null', 'CharDevice');
    await prepareHostPath(files, join(dir, 'd/e'), 'DirectoryOrCreate');
    await prepareHostPath(files, join(dir, 'f'), 'FileOrCreate');
    expect((await stat(join(dir, 'd/e'))).isDirectory()).toBe(true);
    expect((await stat(join(dir, 'f'))).isFile()).toBe(true);
  });
});

describe('prepareSubPath', () => {
  const ask = (subPath: string): Promise<string> =>
    prepareSubPath(systemHost, { volumePath: join(dir, 'v'), subPath, target: join(dir, 't'), mayMount: false });
  beforeEach(() => mkdir(join(dir, 'v'), { mode: 0o777 }));

  it('makes what is missing and finds what is there', async () => {
    expect(await ask('in/side')).toBe(join(dir, 'v/in/side'));
    await writeFile(join(dir, 'v/file'), '');
    expect(await ask('file')).toBe(join(dir, 'v/file'));
  });
  it('follows links that stay inside', async () => {
    await mkdir(join(dir, 'v/real'));
    await symlink('real', join(dir, 'v/link'));
    expect(await ask('link')).toBe(join(dir, 'v/real'));
    expect(await ask('link/deeper')).toBe(join(dir, 'v/real/deeper'));
  });
  it.each(['/etc', '..', 'a/../../b'])('refuses %j', async (subPath) => {
    await expect(ask(subPath)).rejects.toThrow('SubPath');
  });
  it.each(['out', 'out/x', 'up/passwd'])('refuses %j when it is a link that leads out', async (subPath) => {
    await symlink('/etc', join(dir, 'v/out'));
    await symlink('../..', join(dir, 'v/up'));
    await expect(ask(subPath)).rejects.toThrow('not within volume path');
    expect(await lstat(join('/etc', 'x')).catch(() => undefined)).toBeUndefined();
  });
});

describe('the volumes of a pod', () => {
  const table: Record<string, Record<string, string>> = { cm: { a: '1', b: '2' } };
  const objects: ObjectReader = {
    configMap: (_ns, name) => {
      const data = table[name];
      return data ? Promise.resolve({ metadata: {}, data }) : Promise.reject(new MissingReference(`configmap "${name}" not found`));
    },
    secret: (_ns, name) =>
      name === 's'
        ? Promise.resolve({ metadata: {}, data: { p: 'dw==' } })
        : Promise.reject(new MissingReference(`secret "${name}" not found`)),
  };
  let now = 1_000_000;
  const host: Host = { ...systemHost, clock: { ...systemHost.clock, now: () => now } };
  const manager = () =>
    createVolumeManager({
      host,
      log: silentLogger,
      rootDir: dir,
      objects: { follow: () => undefined, unfollow: () => undefined, close: () => undefined, reader: () => objects },
      tokens: { token: async (_pod, p) => `token for ${p.audience ?? ''}`, forget: () => undefined },
      useTmpfs: false,
    });
  const facts = { hostIPs: [], podIPs: [], allocatable: {} };
  const withVolume = (volume: Omit<Volume, 'name'>, more: object = {}) => aPod({ volumes: [{ name: 'v', ...volume }], ...more });

  it('projects several sources into one directory', async () => {
    const pod = withVolume({
      projected: {
        sources: [
          { configMap: { name: 'cm', items: [{ key: 'a', path: 'x/a' }] } },
          { secret: { name: 's' } },
          { serviceAccountToken: { path: 'tok', audience: 'vault' } },
          { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    });
    const ready = (await manager().prepare(pod, facts)).get('v');
    const read = (name: string): Promise<string> => readFile(join(ready?.path ?? '', name), 'utf8');
    expect([await read('x/a'), await read('p'), await read('tok'), await read('ns')]).toEqual(['1', 'w', 'token for vault', 'default']);
    expect(ready).toMatchObject({ readonly: true, path: join(dir, 'pods/u/volumes/kubernetes.io~projected/v') });
  });

  it.each([
    [{ secret: { secretName: 'nope' } }, 'MountVolume.SetUp failed for volume "v" : secret "nope" not found'],
    [
      { configMap: { name: 'cm', items: [{ key: 'k', path: 'k' }] } },
      'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: k',
    ],
    [
      { hostPath: { path: '/not/there', type: 'File' } },
      'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /not/there is not a file',
    ],
    [{ nfs: { server: 'h', path: '/' } }, 'MountVolume.SetUp failed for volume "v" : volumes of type nfs are not supported by this node'],
  ])('says what is wrong with %j', async (volume, message) => {
    const failure: unknown = await manager()
      .prepare(withVolume(volume), facts)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VolumesNotReady);
    expect(failure instanceof VolumesNotReady && failure.failures).toEqual([{ volume: 'v', message }]);
  });

  it('passes over what is optional', async () => {
    await manager().prepare(withVolume({ configMap: { name: 'nope', optional: true } }), facts);
    expect((await readdir(join(dir, 'pods/u/volumes/kubernetes.io~configmap/v'))).filter((n) => !n.startsWith('..'))).toEqual([]);
  });

  it('keeps an emptyDir when it is prepared again, and removes it with the pod', async () => {
    const pod = withVolume({ emptyDir: {} });
    const first = manager();
    const path = (await first.prepare(pod, facts)).get('v')?.path ?? '';
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await writeFile(join(path, 'x'), '');
    await manager().prepare(pod, facts);
    expect(await readdir(path)).toEqual(['x']);
    await first.remove('u');
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('shows new contents to a pod that runs, after a while', async () => {
    const volumes = manager();
    const pod = withVolume({ configMap: { name: 'cm' } });
    const path = (await volumes.prepare(pod, facts)).get('v')?.path ?? '';
    table['cm'] = { a: 'new' };
    await volumes.prepare(pod, facts);
    expect(await readFile(join(path, 'a'), 'utf8')).toBe('1');
    expect(volumes.refreshDueMs(pod)).toBe(60_000);
    now += 60_000;
    await volumes.prepare(pod, facts);
    expect(await readFile(join(path, 'a'), 'utf8')).toBe('new');
    expect((await readdir(path)).filter((n) => !n.startsWith('..'))).toEqual(['a']);
  });

  it("gives volumes to the pod's group", async () => {
    if (process.getuid?.() !== 0) return;
    const pod = withVolume({ emptyDir: {} }, { securityContext: { fsGroup: 3000 } });
    const { gid, mode } = await stat((await manager().prepare(pod, facts)).get('v')?.path ?? '');
    expect([gid, mode & 0o7777]).toEqual([3000, 0o2777]);
  });
});
