import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import type { ImageStore } from './image-store.ts';
import { openImageStore } from './local-image-store.ts';
import { writeTar } from './testing/tar-writer.ts';

let dir: string;
let store: ImageStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nodelet-images-'));
  store = await openImageStore(join(dir, 'store'), { host: systemHost, log: silentLogger });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const sha = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const lower = writeTar([
  { path: 'etc/passwd', content: 'app:x:7:8::/home/app:/bin/sh\n' },
  { path: 'gone', content: 'x' },
]);
const upper = writeTar([{ path: '.wh.gone' }, { path: 'bin/app', content: '#!/bin/sh\n', mode: 0o755 }]);

function config(layers: readonly Buffer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/bin/app'], Cmd: ['serve'], Env: ['A=b'], WorkingDir: '/srv', User: 'app', StopSignal: 'SIGINT' },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha(layer)}`) },
    }),
  );
}

function dockerArchive(tags: readonly string[], layers = [lower, upper], stored: readonly Buffer[] = layers): string {
  const image = config(layers);
  const file = join(dir, 'image.tar');
  writeFileSync(
    file,
    writeTar([
      { path: `${sha(image)}.json`, content: image },
      ...stored.map((layer, index) => ({ path: `layer${index}/layer.tar`, content: layer })),
      {
        path: 'manifest.json',
        content: JSON.stringify([
          { Config: `${sha(image)}.json`, RepoTags: tags, Layers: stored.map((_, index) => `layer${index}/layer.tar`) },
        ]),
      },
    ]),
  );
  return file;
}

function ociLayout(name: string, damage = false): string {
  const place = join(dir, 'oci');
  const blobs = join(place, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (content: Buffer | string): { digest: string; size: number } => {
    const hex = sha(content);
    writeFileSync(join(blobs, hex), content);
    return { digest: `sha256:${hex}`, size: content.length };
  };
  const layers = [lower, upper].map((layer) => put(gzipSync(layer)));
  const manifest = put(JSON.stringify({ schemaVersion: 2, config: put(config([lower, upper])), layers }));
  const platform = { os: 'linux', architecture: { x64: 'amd64' }[arch()] ?? arch() };
  const inner = put(
    JSON.stringify({
      manifests: [
        { ...put('{}'), platform: { os: 'plan9', architecture: 'mips' } },
        { ...manifest, platform },
      ],
    }),
  );
  writeFileSync(join(place, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(place, 'index.json'),
    JSON.stringify({ manifests: [{ ...inner, annotations: { 'io.containerd.image.name': name } }] }),
  );
  if (damage) writeFileSync(join(blobs, layers[1]?.digest.slice(7) ?? ''), gzipSync(writeTar([{ path: 'bin/app', content: 'evil' }])));
  return place;
}

describe('the image store', () => {
  it('always has this machine as the image host', async () => {
    expect((await store.find('host'))?.root).toBe('/');
    expect((await store.find('docker.io/library/host:latest'))?.image.id).toBe((await store.list())[0]?.id);
    await store.remove('host');
    expect(await store.find('host')).not.toBeNull();
  });

  it('loads a docker archive and finds it by name, id and the beginning of its id', async () => {
    expect(await store.load(dockerArchive(['app:1']))).toEqual(['docker.io/library/app:1']);
    const found = await store.find('app:1');
    const id = `sha256:${sha(config([lower, upper]))}`;
    expect(found).toMatchObject({
      image: { id, repoTags: ['docker.io/library/app:1'], username: 'app', pinned: false },
      config: { entrypoint: ['/bin/app'], cmd: ['serve'], env: ['A=b'], workingDir: '/srv', user: 'app', stopSignal: 'SIGINT' },
    });
    expect(readdirSync(found?.root ?? '').toSorted()).toEqual(['bin', 'etc']);
    for (const name of [id, id.slice(7), id.slice(7, 19), 'docker.io/library/app:1']) expect((await store.find(name))?.image.id).toBe(id);
    expect(await store.find('app')).toBeNull();
    expect(await store.find('app:2')).toBeNull();
  });

  it('loads an OCI layout, a directory or a gzipped tar of it, for this machine', async () => {
    expect(await store.load(ociLayout('example.com/app:2'))).toEqual(['example.com/app:2']);
    const found = await store.find('example.com/app:2');
    expect(readFileSync(join(found?.root ?? '', 'bin/app'), 'utf8')).toBe('#!/bin/sh\n');
    expect(found?.image.repoDigests[0]).toMatch(/^example\.com\/app@sha256:[0-9a-f]{64}$/);
  });

  it('moves a name to the image that was loaded last, and tags', async () => {
    await store.load(dockerArchive(['app:1']));
    await store.load(dockerArchive(['app:1'], [lower]));
    const all = (await store.list()).slice(1);
    expect(all.flatMap((image) => image.repoTags)).toEqual(['docker.io/library/app:1']);
    await store.tag('app:1', 'other');
    expect((await store.find('other:latest'))?.image.repoTags).toEqual(['docker.io/library/app:1', 'docker.io/library/other:latest']);
    await expect(store.tag('nope', 'x')).rejects.toMatchObject({ code: 'notFound' });
    await expect(store.tag('app:1', 'UPPER')).rejects.toMatchObject({ code: 'invalidArgument' });
    await expect(store.tag('app:1', 'host')).rejects.toMatchObject({ code: 'invalidArgument' });
    await store.remove('other');
    expect(await store.find('app:1')).toBeNull();
  });

  it('keeps images over a restart', async () => {
    await store.load(dockerArchive(['app:1']));
    const again = await openImageStore(join(dir, 'store'), { host: systemHost, log: silentLogger });
    expect((await again.find('app:1'))?.image.sizeBytes).toBeGreaterThan(0);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'a layer with other content than its digest',
      () => dockerArchive(['x'], [lower, upper], [lower, lower]),
      /layer 2 has digest sha256:/,
    ],
    ['a damaged blob', () => ociLayout('x', true), /layer 2 has digest sha256:/],
    ['a text file', () => (writeFileSync(join(dir, 'text'), 'hello '.repeat(200)), join(dir, 'text')), /not a tar archive/],
    [
      'an archive without an image',
      () => (writeFileSync(join(dir, 'empty.tar'), writeTar([{ path: 'a' }])), join(dir, 'empty.tar')),
      /there is no image/,
    ],
    ['a file that is not there', () => join(dir, 'absent'), /ENOENT/],
    [
      'half of an archive',
      () => (writeFileSync(join(dir, 'half'), readFileSync(dockerArchive(['x'])).subarray(0, 1500)), join(dir, 'half')),
      /ends/,
    ],
  ])('refuses %s and leaves nothing behind', async (_what, make, text) => {
    await expect(store.load(make())).rejects.toThrow(text);
    await expect(store.load(make())).rejects.toMatchObject({ code: 'invalidArgument' });
    expect((await store.list()).length).toBe(1);
    expect(readdirSync(join(dir, 'store/trees'))).toEqual([]);
    expect(existsSync(join(dir, 'store/records'))).toBe(true);
  });
});
