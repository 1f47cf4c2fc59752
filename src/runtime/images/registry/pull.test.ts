/** Pulls from Debian's own registry. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost } from '../../../util/host.ts';
import { silentLogger } from '../../../util/log.ts';
import { RuntimeError } from '../../runtime.ts';
import type { ImageStore } from '../image-store.ts';
import { openImageStore } from '../local-image-store.ts';
import {
  hasRegistry,
  imageOf,
  indexOf,
  pushImage,
  pushManifest,
  sha256,
  startRegistry,
  USER,
  type TestRegistry,
} from '../testing/registry-process.ts';

it('has a registry to pull from when the machine is a build machine', () => {
  expect(process.env['CI'] !== 'true' || hasRegistry()).toBe(true);
});

describe.skipIf(!hasRegistry())('an image of a registry', () => {
  let registry: TestRegistry;
  let dir: string;
  let store: ImageStore;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'nodelet-pull-'));
    registry = await startRegistry();
    store = await openImageStore(dir, { host: systemHost, log: silentLogger });
  });
  afterAll(async () => {
    await registry.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const failure = async (pull: Promise<unknown>): Promise<RuntimeError> => {
    const error: unknown = await pull.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof RuntimeError)) throw new Error(`no RuntimeError: ${String(error)}`);
    return error;
  };
  const file = async (reference: string, path: string): Promise<string> =>
    readFileSync(join((await store.find(reference))?.root ?? '', path), 'utf8');

  it.each([
    ['oci', 'gzip', undefined],
    ['docker', 'gzip', undefined],
    ['oci', 'plain', (layer: Buffer) => layer],
    ['oci', 'zstd', (layer: Buffer) => execFileSync('zstd', ['-q', '-c'], { input: layer })],
  ] as const)('of %s manifests and %s layers is unpacked layer over layer, whiteouts and all', async (format, kind, compress) => {
    const image = imageOf(
      [
        [
          { path: 'etc/', type: '5' },
          { path: 'etc/name', content: `below ${kind}` },
          { path: 'etc/gone', content: 'x' },
        ],
        [
          { path: 'etc/name', content: `${format} ${kind} ${'x'.repeat(300_000)}` },
          { path: 'etc/.wh.gone', content: '' },
        ],
      ],
      { format, config: { Cmd: ['sh'] }, ...(compress && { compress }) },
    );
    await pushImage(registry.host, `lib/${kind}`, format, image);
    const reference = `${registry.host}/lib/${kind}:${format}`;
    const id = await store.pull(reference);
    expect(id).toBe(sha256(image.config));
    expect((await file(reference, 'etc/name')).slice(0, 20)).toBe(`${format} ${kind} ${'x'.repeat(30)}`.slice(0, 20));
    expect(existsSync(join((await store.find(reference))?.root ?? '', 'etc/gone'))).toBe(false);
    const found = await store.find(reference);
    expect(found?.image).toMatchObject({
      repoTags: [reference],
      repoDigests: [`${registry.host}/lib/${kind}@${sha256(image.manifest)}`],
    });
    expect(found?.config.cmd).toEqual(['sh']);
    expect(readdirSync(join(dir, 'partial'))).toEqual([]);
    expect(readdirSync(join(dir, 'trees')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is the one of an index that this processor runs, and is also found by the index’s digest', async () => {
    const [here, other] = ['this one', 'another'].map((text) => imageOf([[{ path: 'which', content: text }]]));
    if (!here || !other) throw new Error('no images');
    await pushImage(registry.host, 'multi', 'here', here);
    await pushImage(registry.host, 'multi', 'other', other);
    const architecture = { x64: 'amd64' }[process.arch as string] ?? process.arch;
    const index = indexOf([
      { image: other, platform: { os: 'linux', architecture: 's390x' } },
      { image: other, platform: { os: 'unknown', architecture: 'unknown' } },
      { image: other, platform: { os: 'windows', architecture } },
      { image: here, platform: { os: 'linux', architecture } },
    ]);
    await pushManifest(registry.host, 'multi', 'latest', index);
    await store.pull(`${registry.host}/multi`);
    expect(await file(`${registry.host}/multi`, 'which')).toBe('this one');
    const byDigest = `${registry.host}/multi@${sha256(index.manifest)}`;
    expect(await file(byDigest, 'which')).toBe('this one');
    expect(await store.pull(byDigest)).toBe(sha256(here.config));
    await pushManifest(registry.host, 'multi', 'foreign', indexOf([{ image: other, platform: { os: 'linux', architecture: 's390x' } }]));
    expect((await failure(store.pull(`${registry.host}/multi:foreign`))).message).toMatch(
      /no match for platform in manifest sha256:.*: not found$/,
    );
  });

  it('that is not there is not found, in containerd’s words', async () => {
    const name = `${registry.host}/none:1`;
    const error = await failure(store.pull(name));
    expect(error.code).toBe('notFound');
    expect(error.message).toBe(`failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`);
    const closed = '127.0.0.1:1/none:1';
    expect((await failure(store.pull(closed))).message).toBe(
      `failed to pull and unpack image "${closed}": failed to resolve reference "${closed}": failed to do request: Head "http://127.0.0.1:1/v2/none/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused`,
    );
  });

  it('is taken anew when its tag has moved, and loses the tag to the newer one', async () => {
    const [first, second] = ['one', 'two'].map((text) => imageOf([[{ path: 'v', content: text }]]));
    if (!first || !second) throw new Error('no images');
    const reference = `${registry.host}/moving:1`;
    await pushImage(registry.host, 'moving', '1', first);
    await store.pull(reference);
    await pushImage(registry.host, 'moving', '1', second);
    await Promise.all([store.pull(reference), store.pull(reference)]);
    expect(await file(reference, 'v')).toBe('two');
    expect((await store.find(sha256(first.config)))?.image.repoTags).toEqual([]);
  });

  it('is not asked for where a name was given on this machine, unless it is to be replaced', async () => {
    const image = imageOf([[{ path: 'v', content: 'own' }]]);
    await pushImage(registry.host, 'own', '1', image);
    await store.pull(`${registry.host}/own:1`);
    await store.tag(`${registry.host}/own:1`, '127.0.0.1:1/mine:1');
    expect(await store.pull('127.0.0.1:1/mine:1')).toBe(sha256(image.config));
    expect((await failure(store.pull('127.0.0.1:1/mine:1', { replace: true }))).message).toMatch(/connection refused$/);
  });

  it('comes from a mirror where there is one, and from its own registry when the mirror fails', async () => {
    const image = imageOf([[{ path: 'v', content: 'mirrored' }]]);
    await pushImage(registry.host, 'library/cached', '1', image);
    const registries = { mirrors: { 'docker.io': ['http://127.0.0.1:1', `http://${registry.host}/`] }, insecure: [] };
    const mirrored = await openImageStore(join(dir, 'mirrored'), { host: systemHost, log: silentLogger, registries });
    expect(await mirrored.pull('cached:1')).toBe(sha256(image.config));
    expect((await mirrored.list()).map((one) => one.repoTags[0])).toContain('docker.io/library/cached:1');
  });

  describe('behind a password', () => {
    let guarded: TestRegistry;
    const image = imageOf([[{ path: 'v', content: 'secret' }]]);
    beforeAll(async () => {
      guarded = await startRegistry({ basicAuth: true });
      await pushImage(guarded.host, 'secret', '1', image, USER);
    });
    afterAll(() => guarded.stop());

    it('is given to those who know it', async () => {
      const reference = `${guarded.host}/secret:1`;
      const auths = [
        USER,
        { auth: Buffer.from(`${USER.username}:${USER.password}`).toString('base64') },
        { ...USER, serverAddress: `http://${guarded.host}/v1/` },
      ];
      for (const auth of auths) expect(await store.pull(reference, { auth })).toBe(sha256(image.config));
    });

    it('is refused to all others', async () => {
      const reference = `${guarded.host}/secret:1`;
      const denied = `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`;
      expect((await failure(store.pull(reference))).message).toBe(denied);
      expect((await failure(store.pull(reference, { auth: { ...USER, serverAddress: 'other.example' } }))).message).toBe(denied);
      expect((await failure(store.pull(reference, { auth: { username: 'ali', password: 'wrong' } }))).message).toBe(
        `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": unexpected status from HEAD request to http://${guarded.host}/v2/secret/manifests/1: 401 Unauthorized`,
      );
    });
  });
});
