/** Debian's docker-registry on a port of its own, and a pusher over the distribution API, for tests. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeTar, type TarMember } from './tar-writer.ts';

export const hasRegistry = (): boolean => spawnSync('sh', ['-c', 'command -v docker-registry']).status === 0;

/** bcrypt of `open sesame`: the registry takes nothing else. */
const HTPASSWD = 'ali:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n';
export const USER = { username: 'ali', password: 'open sesame' } as const;

export interface TestRegistry {
  /** `127.0.0.1:40000`. */
  readonly host: string;
  stop(): Promise<void>;
}

export async function startRegistry(options: { readonly basicAuth?: boolean } = {}): Promise<TestRegistry> {
  const dir = mkdtempSync(join(tmpdir(), 'nodelet-registry-'));
  writeFileSync(join(dir, 'htpasswd'), HTPASSWD);
  const auth = options.basicAuth ? { auth: { htpasswd: { realm: 'tests', path: join(dir, 'htpasswd') } } } : {};
  const config = {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: '127.0.0.1:0' },
    ...auth,
  };
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const host = await new Promise<string>((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`docker-registry does not start: ${said}`)), 20_000);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += String(chunk);
        const found = /listening on (127\.0\.0\.1:\d+)/.exec(said)?.[1];
        if (found) {
          clearTimeout(timer);
          resolve(found);
        }
      });
    child.once('error', reject);
  });
  return {
    host,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface TestImage {
  readonly layers: readonly Buffer[];
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly mediaType: string;
}

export const sha256 = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

export interface ImageOptions {
  readonly format?: 'oci' | 'docker';
  readonly compress?: (layer: Buffer) => Buffer;
  readonly config?: object;
}

/** An image of these layers. */
export function imageOf(layers: readonly (readonly TarMember[])[], options: ImageOptions = {}): TestImage {
  const plain = layers.map((members) => writeTar(members));
  const packed = plain.map(options.compress ?? ((layer) => gzipSync(layer)));
  const config = Buffer.from(
    JSON.stringify({
      architecture: { x64: 'amd64' }[arch()] ?? arch(),
      os: 'linux',
      config: options.config ?? {},
      rootfs: { type: 'layers', diff_ids: plain.map(sha256) },
    }),
  );
  const oci = options.format !== 'docker';
  const mediaType = oci ? 'application/vnd.oci.image.manifest.v1+json' : 'application/vnd.docker.distribution.manifest.v2+json';
  const describe = (data: Buffer, type: string): object => ({ mediaType: type, digest: sha256(data), size: data.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: describe(config, oci ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.docker.container.image.v1+json'),
      layers: packed.map((layer) =>
        describe(layer, oci ? 'application/vnd.oci.image.layer.v1.tar+gzip' : 'application/vnd.docker.image.rootfs.diff.tar.gzip'),
      ),
    }),
  );
  return { layers: packed, config, manifest, mediaType };
}

/** An index over images: platform by platform. */
export function indexOf(entries: readonly { readonly image: TestImage; readonly platform: object }[]): {
  manifest: Buffer;
  mediaType: string;
} {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = entries.map(({ image, platform }) => ({
    mediaType: image.mediaType,
    digest: sha256(image.manifest),
    size: image.manifest.length,
    platform,
  }));
  return { manifest: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })), mediaType };
}

/** Sends an image, its blobs first. */
export async function pushImage(host: string, path: string, tag: string, image: TestImage, user?: typeof USER): Promise<void> {
  for (const blob of [image.config, ...image.layers]) {
    const begun = await send(`http://${host}/v2/${path}/blobs/uploads/`, 'POST', user);
    const place = new URL(begun.headers.get('location') ?? '', `http://${host}`);
    place.searchParams.set('digest', sha256(blob));
    await send(place.href, 'PUT', user, blob, 'application/octet-stream');
  }
  await pushManifest(host, path, tag, image, user);
}

export async function pushManifest(
  host: string,
  path: string,
  tag: string,
  { manifest, mediaType }: { readonly manifest: Buffer; readonly mediaType: string },
  user?: typeof USER,
): Promise<void> {
  await send(`http://${host}/v2/${path}/manifests/${tag}`, 'PUT', user, manifest, mediaType);
}

async function send(url: string, method: string, user?: typeof USER, body?: Buffer, type?: string): Promise<Response> {
  const authorization = user && `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const answer = await fetch(url, {
    method,
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    ...(body && { body: new Uint8Array(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
