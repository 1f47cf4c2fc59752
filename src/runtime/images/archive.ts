import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { resolveBelow } from '../process/rooted-path.ts';
import { RuntimeError } from '../runtime.ts';
import { decompressed } from './decompress.ts';
import { field } from './image-config.ts';
import type { ImageRecord } from './local-image-store.ts';
import { MAX_LAYERS, placeImage, type ImageContent } from './place-image.ts';
import { runnableHere } from './platform.ts';
import { normalizeReference, parseReference } from './reference.ts';
import { TarError } from './tar.ts';
import { unpackLayer } from './unpack.ts';

/** Bytes of a manifest, index or configuration that are read. */
const MAX_JSON = 8 * 2 ** 20;
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
      await unpackLayer(files, decompressed(readBytes(options, options.file)), root, { entries: 0, bytes: 0, skipped: 0 });
    }
    const found = await findImages(options, root);
    if (found.length === 0)
      throw new TarError(
        'there is no image for this machine in it (neither manifest.json of docker save nor index.json of an OCI layout names one)',
      );
    for (const image of found) await options.report(await placeImage({ ...options, staging }, await contentOf(options, root, image)));
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
  for (const entry of Array.isArray(manifests) ? runnableHere(manifests) : []) {
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

/** The image as it is to be placed: its layers are files of the archive. */
async function contentOf(options: LoadOptions, root: string, image: Found): Promise<ImageContent> {
  const layers = image.layers.slice(0, MAX_LAYERS + 1).map(async ({ path }) => {
    const file = await resolveBelow(options.host.files, root, path);
    return { sizeBytes: (await options.host.files.stat(file)).size, open: () => readBytes(options, file) };
  });
  return { config: image.config, tags: image.tags, repoDigests: repoDigests(image), layers: await Promise.all(layers) };
}

function repoDigests(image: Found): string[] {
  if (image.digest === '') return [];
  const names = image.tags.flatMap((tag) => {
    const reference = parseReference(tag);
    return reference ? [`${reference.domain}/${reference.path}@${image.digest}`] : [];
  });
  return [...new Set(names)];
}

const readBytes = (options: LoadOptions, path: string): AsyncIterable<Buffer> =>
  createReadStream(path, { highWaterMark: 1 << 18, ...(options.signal && { signal: options.signal }) });

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
