/** An image from a registry: resolved, downloaded, checked and unpacked (containerd `client/pull.go`). */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';
import { errorText } from '../../../util/log.ts';
import { RuntimeError, type PullAuth } from '../../runtime.ts';
import type { ImageRecord } from '../local-image-store.ts';
import { isThere, MAX_LAYERS, parseConfig, placeImage } from '../place-image.ts';
import { formatReference, type ImageReference } from '../reference.ts';
import { claimDirectory } from './claim.ts';
import { downloadBlob } from './download.ts';
import { RegistryError } from './exchange.ts';
import type { RegistrySettings } from './hosts.ts';
import { readManifest, type Manifest } from './manifest.ts';
import { NotFoundError, openRepository, type Descriptor, type Repository } from './registry-client.ts';

/** How far a pull has come. Sizes are bytes. */
export type PullProgress =
  | { readonly step: 'resolved'; readonly digest: string; readonly layers: readonly { readonly digest: string; readonly size: number }[] }
  | { readonly step: 'layer'; readonly digest: string; readonly received: number; readonly size: number }
  | { readonly step: 'unpacking' };

export interface PullOptions {
  readonly host: Host;
  readonly reference: ImageReference;
  readonly settings: RegistrySettings;
  readonly auth?: PullAuth;
  readonly signal?: AbortSignal;
  readonly progress?: (progress: PullProgress) => void;
  /** Directories of root file systems and of half downloads. */
  readonly trees: string;
  readonly partial: string;
  /** Runs one thing after the other for each key: an image that is asked for twice at once comes once. */
  readonly exclusive: <T>(key: string, run: () => Promise<T>) => Promise<T>;
}

/** Indexes inside indexes. */
const MAX_NESTING = 4;
/** Bytes of a configuration. */
const MAX_CONFIG = 8 * 2 ** 20;
/** Bytes of all layers as they are stored: 64 GiB. */
const MAX_IMAGE = 64 * 2 ** 30;
/** Layers on their way at once. */
const MAX_PARALLEL = 3;

type Image = Extract<Manifest, { kind: 'image' }>;

/** Pulls an image; the record of it, with names. Rejects with `RuntimeError` in containerd's words. */
export async function pullImage(options: PullOptions): Promise<ImageRecord> {
  const { reference } = options;
  const name = formatReference(reference);
  try {
    const repository = openRepository(options);
    const digest = await repository.resolve().catch((error: unknown) => fail(error, `failed to resolve reference "${name}": `));
    const image = await imageOf(repository, digest, MAX_NESTING);
    const record = await options.exclusive(image.config.digest, () => fetchAndPlace(options, repository, image, digest));
    return {
      ...record,
      repoTags: reference.digest === '' ? [name] : [],
      repoDigests: [`${reference.domain}/${reference.path}@${digest}`],
    };
  } catch (error) {
    if (options.signal?.aborted)
      throw new RuntimeError('unknown', `failed to pull and unpack image "${name}": context canceled`, { cause: error });
    const code = error instanceof NotFoundError ? 'notFound' : 'unknown';
    throw new RuntimeError(code, `failed to pull and unpack image "${name}": ${errorText(error)}`, { cause: error });
  }
}

/** Throws an error again with a few words before it. */
function fail(error: unknown, before: string): never {
  if (error instanceof NotFoundError) throw new NotFoundError(before + error.message);
  if (error instanceof RegistryError) throw new RegistryError(before + error.message, { cause: error, retry: error.retry });
  throw error;
}

/** The image for this machine behind a digest. */
async function imageOf(repository: Repository, digest: string, depth: number): Promise<Image> {
  if (depth === 0) throw new RegistryError('indexes are nested too deeply');
  const { content, mediaType } = await repository
    .manifest(digest)
    .catch((error: unknown) => fail(error, 'failed to copy: httpReadSeeker: failed open: '));
  const manifest = readManifest(content, mediaType);
  if (manifest.kind === 'image') return manifest;
  const [best] = manifest.manifests;
  if (best === undefined) throw new NotFoundError(`no match for platform in manifest ${digest}: not found`);
  return imageOf(repository, best.digest, depth - 1);
}

async function fetchAndPlace(options: PullOptions, repository: Repository, image: Image, digest: string): Promise<ImageRecord> {
  const { host, trees, signal } = options;
  const total = image.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (total > MAX_IMAGE) throw new RegistryError(`the image is larger than ${MAX_IMAGE} bytes`);
  if (image.config.size > MAX_CONFIG) throw new RegistryError(`the configuration is larger than ${MAX_CONFIG} bytes`);
  const place = await claimDirectory(host, options.partial, image.config.digest);
  const staging = await host.files.mkdtemp(join(trees, '.pull-'));
  try {
    const download = (blob: Descriptor, progress: (received: number) => void): Promise<string> =>
      downloadBlob(blob, {
        host,
        directory: place.path,
        fetch: (wanted, offset) => repository.blob(wanted, offset).catch((error: unknown) => fail(error, 'httpReadSeeker: failed open: ')),
        progress,
        ...(signal && { signal }),
      }).catch((error: unknown) => fail(error, 'failed to copy: '));
    const config = await host.files.readFile(await download(image.config, () => undefined));
    const layers = image.layers.slice(0, MAX_LAYERS);
    options.progress?.({ step: 'resolved', digest, layers });
    const there = await isThere(host, join(trees, parseConfig(config, layers.length).hex));
    const paths = there ? new Map<string, string>() : await downloadAll(options, layers, download);
    options.progress?.({ step: 'unpacking' });
    const record = await placeImage(
      { host, trees, staging, ...(signal && { signal }) },
      {
        config,
        tags: [],
        repoDigests: [],
        layers: layers.map((layer) => ({ sizeBytes: layer.size, open: () => createReadStream(paths.get(layer.digest) ?? '') })),
      },
    );
    await place.remove();
    return record;
  } finally {
    await place.release();
    await host.files.rm(staging, { recursive: true, force: true });
  }
}

/** Brings all layers, some at once; each blob once. The first failure ends the others. */
async function downloadAll(
  options: PullOptions,
  layers: readonly Descriptor[],
  download: (blob: Descriptor, progress: (received: number) => void) => Promise<string>,
): Promise<Map<string, string>> {
  const wanted = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  const paths = new Map<string, string>();
  const failed = new AbortController();
  const worker = async (): Promise<void> => {
    for (let layer = wanted.shift(); layer !== undefined && !failed.signal.aborted; layer = wanted.shift()) {
      const { digest, size } = layer;
      const path = await download(layer, (received) => options.progress?.({ step: 'layer', digest, received, size })).catch(
        (error: unknown) => {
          failed.abort();
          throw error;
        },
      );
      paths.set(digest, path);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: MAX_PARALLEL }, worker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return paths;
}
