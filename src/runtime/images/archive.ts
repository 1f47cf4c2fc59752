import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Host } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { resolveBelow } from '../process/rooted-path.ts';
import { RuntimeError } from '../runtime.ts';
import { field, readImageConfig } from './image-config.ts';
import type { ImageRecord } from './local-image-store.ts';
import { normalizeReference, parseReference } from './reference.ts';
import { TarError } from './tar.ts';
import { unpackLayer, type UnpackTally } from './unpack.ts';

/** Bytes of a manifest, index or configuration that are read. */
const MAX_JSON = 8 * 2 ** 20;
/** Layers of one image. */
const MAX_LAYERS = 512;
/** Indexes inside indexes. */
const MAX_NESTING = 4;

export interface LoadOptions {
  readonly host: Host;
  readonly file: string;
  /** Directory that gets the root file systems. */
  readonly trees: string;
  /** Called for each image when its root file system is in place. */
  readonly report: (record: ImageRecord) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** An image inside an archive, before it is unpacked. Paths are relative to the archive. */
interface Found {
  readonly config: Buffer;
  readonly tags: readonly string[];
  /** Of the manifest or index that the names stand for; empty when the archive does not say. */
  readonly digest: string;
  readonly layers: readonly { readonly path: string; readonly digest: string | null }[];
}

/**
 * Loads every image of a docker archive (`docker save`) or an OCI layout. Rejects with `invalidArgument` and a text that
 * names the file for anything else; an image is reported only when its layers are whole and have the digests it names.
 */
export async function loadImages(options: LoadOptions): Promise<void> {
  const { files } = options.host;
  const staging = await files.mkdtemp(join(options.trees, '.load-'));
  try {
    const isDirectory = (await files.stat(options.file)).isDirectory();
    const root = isDirectory ? options.file : join(staging, 'archive');
    if (!isDirectory) {
      await files.mkdir(root);
      await unpackLayer(files, plain(options, options.file), root, { entries: 0, bytes: 0, skipped: 0 });
    }
    const found = await findImages(options, root);
    if (found.length === 0)
      throw new TarError(
        'there is no image for this machine in it (neither manifest.json of docker save nor index.json of an OCI layout names one)',
      );
    for (const image of found) await place(options, root, staging, image);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError('invalidArgument', `${options.file} cannot be loaded: ${errorText(error)}`, { cause: error });
  } finally {
    await files.rm(staging, { recursive: true, force: true });
  }
}

async function findImages(options: LoadOptions, root: string): Promise<Found[]> {
  const docker = await readJsonFile(options, root, 'manifest.json');
  if (Array.isArray(docker)) return Promise.all(docker.map((entry: unknown) => dockerImage(options, root, entry)));
  const index = await readJsonFile(options, root, 'index.json');
  return index === null ? [] : ociImages(options, root, index, MAX_NESTING);
}

async function dockerImage(options: LoadOptions, root: string, entry: unknown): Promise<Found> {
  const configPath = text(field(entry, 'Config'));
  const config = await readSmall(options, root, configPath);
  const tags = strings(field(entry, 'RepoTags')).flatMap((tag) => normalizeReference(tag) ?? []);
  const layers = strings(field(entry, 'Layers')).map((path) => ({ path, digest: null }));
  return { config, tags, digest: '', layers };
}

async function ociImages(options: LoadOptions, root: string, index: unknown, depth: number): Promise<Found[]> {
  if (depth === 0) throw new TarError('indexes are nested too deeply');
  const manifests = field(index, 'manifests');
  const found: Found[] = [];
  for (const entry of Array.isArray(manifests) ? manifests.filter(isForThisMachine) : []) {
    const digest = text(field(entry, 'digest'));
    const content: unknown = JSON.parse((await readBlob(options, root, digest)).toString('utf8'));
    const names = referenceNames(entry);
    if (Array.isArray(field(content, 'manifests'))) {
      const inner = await ociImages(options, root, content, depth - 1);
      const [first] = inner;
      if (first) found.push({ ...first, tags: [...first.tags, ...names], digest });
      continue;
    }
    const layers = field(content, 'layers');
    found.push({
      config: await readBlob(options, root, text(field(field(content, 'config'), 'digest'))),
      tags: names,
      digest,
      layers: (Array.isArray(layers) ? layers : []).map((layer: unknown) => {
        const layerDigest = text(field(layer, 'digest'));
        return { path: blobPath(layerDigest), digest: layerDigest };
      }),
    });
  }
  return found;
}

/** Names in the annotations of an index entry: containerd's full name, or OCI's `ref.name` when it is more than a tag. */
function referenceNames(entry: unknown): string[] {
  const annotations = field(entry, 'annotations');
  const full = text(field(annotations, 'io.containerd.image.name'));
  const short = text(field(annotations, 'org.opencontainers.image.ref.name'));
  const name = full || (/[/:]/.test(short) ? short : '');
  const normal = name && normalizeReference(name);
  return normal ? [normal] : [];
}

function isForThisMachine(entry: unknown): boolean {
  const platform = field(entry, 'platform');
  if (platform === undefined) return true;
  const wanted = { x64: 'amd64', ia32: '386' }[arch()] ?? arch();
  return field(platform, 'os') === 'linux' && field(platform, 'architecture') === wanted;
}

async function place(options: LoadOptions, root: string, staging: string, image: Found): Promise<void> {
  const { files } = options.host;
  const hex = createHash('sha256').update(image.config).digest('hex');
  const parsed: unknown = JSON.parse(image.config.toString('utf8'));
  const diffIds = strings(field(field(parsed, 'rootfs'), 'diff_ids'));
  if (image.layers.length > MAX_LAYERS) throw new TarError(`the image has more than ${MAX_LAYERS} layers`);
  if (diffIds.length !== image.layers.length)
    throw new TarError(`the configuration names ${diffIds.length} layers, the manifest ${image.layers.length}`);
  const tree = join(options.trees, hex);
  let size = image.config.length;
  const present = await files.stat(tree).then(
    () => true,
    () => false,
  );
  const target = join(staging, hex);
  const tally: UnpackTally = { entries: 0, bytes: 0, skipped: 0 };
  if (!present) {
    await files.mkdir(target);
    await files.chmod(target, 0o755);
  }
  for (const [index, layer] of image.layers.entries()) {
    options.signal?.throwIfAborted();
    const path = await resolveBelow(files, root, layer.path);
    size += (await files.stat(path)).size;
    if (present) continue;
    const hash = createHash('sha256');
    await unpackLayer(files, hashed(plain(options, path), hash), target, tally);
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== diffIds[index])
      throw new TarError(`layer ${index + 1} has digest ${found}, the configuration says ${String(diffIds[index])}`);
  }
  if (!present) await files.rename(target, tree);
  await options.report({
    id: `sha256:${hex}`,
    repoTags: image.tags,
    repoDigests: repoDigests(image),
    sizeBytes: size,
    config: readImageConfig(parsed),
  });
}

function repoDigests(image: Found): string[] {
  if (image.digest === '') return [];
  const names = image.tags.flatMap((tag) => {
    const reference = parseReference(tag);
    return reference ? [`${reference.domain}/${reference.path}@${image.digest}`] : [];
  });
  return [...new Set(names)];
}

async function* hashed(source: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The bytes of a file, gunzipped when they are gzip. */
async function* plain(options: LoadOptions, path: string): AsyncGenerator<Buffer> {
  const handle = await options.host.files.open(path, 'r');
  const magic = Buffer.alloc(4);
  await handle.read(magic, 0, 4, 0);
  await handle.close();
  if (magic.readUInt32LE(0) === 0xfd2fb528)
    throw new TarError('zstd compression is not supported: save the image with gzip or uncompressed');
  const file = createReadStream(path, { highWaterMark: 1 << 18, ...(options.signal && { signal: options.signal }) });
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
    yield* file;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } finally {
    file.destroy();
  }
}

async function readBlob(options: LoadOptions, root: string, digest: string): Promise<Buffer> {
  const content = await readSmall(options, root, blobPath(digest));
  const found = createHash('sha256').update(content).digest('hex');
  if (`sha256:${found}` !== digest) throw new TarError(`${digest} has other content (sha256:${found})`);
  return content;
}

function blobPath(digest: string): string {
  const match = /^sha256:([0-9a-f]{64})$/.exec(digest);
  if (!match?.[1]) throw new TarError(`${JSON.stringify(digest)} is not a sha256 digest`);
  return `blobs/sha256/${match[1]}`;
}

async function readJsonFile(options: LoadOptions, root: string, path: string): Promise<unknown> {
  const place = await resolveBelow(options.host.files, root, path);
  const there = await options.host.files.stat(place).catch(() => null);
  return there ? JSON.parse((await readSmall(options, root, path)).toString('utf8')) : null;
}

async function readSmall(options: LoadOptions, root: string, path: string): Promise<Buffer> {
  const place = await resolveBelow(options.host.files, root, path);
  const stat = await options.host.files.stat(place);
  if (!stat.isFile() || stat.size > MAX_JSON) throw new TarError(`${JSON.stringify(path)} is not a file of at most ${MAX_JSON} bytes`);
  return options.host.files.readFile(place);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
