/** Puts an image's layers on each other, wherever they come from, and makes the tree the image's own. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { decompressed } from './decompress.ts';
import { field, readImageConfig } from './image-config.ts';
import type { ImageRecord } from './local-image-store.ts';
import { TarError } from './tar.ts';
import { defaultUnpackLimits, unpackLayer, type UnpackTally } from './unpack.ts';

/** Layers of one image. */
export const MAX_LAYERS = 512;

export interface ImageContent {
  readonly config: Buffer;
  readonly tags: readonly string[];
  /** `name@sha256:…`. */
  readonly repoDigests: readonly string[];
  readonly layers: readonly LayerContent[];
}

export interface LayerContent {
  /** As it is stored, compressed or not. */
  readonly sizeBytes: number;
  readonly open: () => AsyncIterable<Buffer>;
}

export interface PlacePlaces {
  readonly host: Host;
  /** Directory of the root file systems. */
  readonly trees: string;
  /** A directory on the same file system, thrown away after. */
  readonly staging: string;
  readonly signal?: AbortSignal;
}

/** What an image's configuration says of its layers. */
export interface ParsedConfig {
  /** sha256 of the configuration, in hex: the image's id. */
  readonly hex: string;
  readonly value: unknown;
  readonly diffIds: readonly string[];
}

/** Reads an image's configuration. Throws `TarError` for what is none, or one of another number of layers than `layers`. */
export function parseConfig(config: Buffer, layers: number): ParsedConfig {
  const hex = createHash('sha256').update(config).digest('hex');
  const value: unknown = JSON.parse(config.toString('utf8'));
  const listed = field(field(value, 'rootfs'), 'diff_ids');
  const diffIds = Array.isArray(listed) ? listed.filter((item): item is string => typeof item === 'string') : [];
  if (layers > MAX_LAYERS) throw new TarError(`the image has more than ${MAX_LAYERS} layers`);
  if (diffIds.length !== layers) throw new TarError(`the configuration names ${diffIds.length} layers, the manifest ${layers}`);
  return { hex, value, diffIds };
}

/** Unpacks the image unless its tree is there. Rejects with `TarError` for layers that have other content than the configuration says. */
export async function placeImage(places: PlacePlaces, image: ImageContent): Promise<ImageRecord> {
  const { files } = places.host;
  const { hex, value, diffIds } = parseConfig(image.config, image.layers.length);
  const tree = join(places.trees, hex);
  if (!(await isThere(places.host, tree))) {
    const target = join(places.staging, hex);
    await files.mkdir(target);
    await files.chmod(target, 0o755);
    const tally: UnpackTally = { entries: 0, bytes: 0, skipped: 0 };
    for (const [index, layer] of image.layers.entries()) {
      const found = await unpackWhole(places, layer, target, tally);
      if (found !== diffIds[index])
        throw new TarError(`layer ${index + 1} has digest ${found}, the configuration says ${String(diffIds[index])}`);
    }
    await files.rename(target, tree).catch(async (error: unknown) => {
      // Another program was faster: what it made is the same.
      if (!(await isThere(places.host, tree))) throw error;
    });
  }
  return {
    id: `sha256:${hex}`,
    repoTags: image.tags,
    repoDigests: image.repoDigests,
    sizeBytes: image.layers.reduce((sum, layer) => sum + layer.sizeBytes, image.config.length),
    config: readImageConfig(value),
  };
}

/** Whether an image's tree is there already. */
export async function isThere({ files }: Host, path: string): Promise<boolean> {
  return files.stat(path).then(
    () => true,
    () => false,
  );
}

/** Unpacks one layer and reads it to its end: what follows the archive belongs to its digest, which is given back. */
async function unpackWhole({ host: { files }, signal }: PlacePlaces, layer: LayerContent, target: string, tally: UnpackTally) {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of decompressed(layer.open())) {
      signal?.throwIfAborted();
      hash.update(chunk);
      yield chunk;
    }
  }
  const bytes = hashed();
  try {
    await unpackLayer(files, bytes, target, tally);
    for await (const rest of bytes) {
      tally.bytes += rest.length;
      if (tally.bytes > defaultUnpackLimits.maxBytes) throw new TarError(`the image is larger than ${defaultUnpackLimits.maxBytes} bytes`);
    }
  } finally {
    await bytes.return(undefined);
  }
  return `sha256:${hash.digest('hex')}`;
}
