import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { RuntimeError, type Image } from '../runtime.ts';
import { loadImages } from './archive.ts';
import { hostImage, HOST_REFERENCE } from './host-image.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageStore, RunnableImage } from './image-store.ts';
import { formatReference, normalizeReference, parseReference } from './reference.ts';
import { noRegistrySettings, type RegistrySettings } from './registry/hosts.ts';
import { pullImage } from './registry/pull.ts';

/** What the disk knows of an image. */
export interface ImageRecord {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  readonly config: ImageConfig;
  /** Those of `repoTags` that a registry gave; the others were given here. */
  readonly pulledTags?: readonly string[];
}

export interface ImageStoreOptions {
  readonly host: Host;
  readonly log: Logger;
  /** Mirrors, and registries without certificates. */
  readonly registries?: RegistrySettings;
}

/**
 * Opens the images below `dir`: `records/<hex>.json` and the unpacked root file systems `trees/<hex>`. The directory
 * is read at every question, so that `nodelet image load` in another process is seen at once.
 */
export async function openImageStore(dir: string, options: ImageStoreOptions): Promise<ImageStore> {
  const { files } = options.host;
  const records = join(dir, 'records');
  const trees = join(dir, 'trees');
  const turns = new Map<string, Promise<unknown>>();
  for (const place of [records, trees]) await files.mkdir(place, { recursive: true, mode: 0o711 });

  async function readAll(): Promise<ImageRecord[]> {
    const names = (await files.readdir(records)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    const read = await Promise.all(names.map((name) => readRecord(join(records, name))));
    return read.filter((record) => record !== null);
  }

  async function readRecord(path: string): Promise<ImageRecord | null> {
    try {
      const value: unknown = JSON.parse(await files.readFile(path, 'utf8'));
      return isImageRecord(value) ? value : null;
    } catch {
      return null;
    }
  }

  async function write(record: ImageRecord): Promise<void> {
    const path = join(records, `${hex(record.id)}.json`);
    await files.writeFile(`${path}.next`, JSON.stringify(record), { mode: 0o600 });
    await files.rename(`${path}.next`, path);
  }

  /** One after the other for each key. */
  async function exclusive<T>(key: string, run: () => Promise<T>): Promise<T> {
    const mine = (turns.get(key) ?? Promise.resolve()).then(run, run);
    turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (turns.get(key) === mine) turns.delete(key);
    }
  }

  async function findRecord(reference: string): Promise<ImageRecord | null> {
    const all = await readAll();
    const digits = reference.replace(/^sha256:/, '');
    if (/^[0-9a-f]{64}$/.test(digits)) return all.find((record) => hex(record.id) === digits) ?? null;
    const name = normalizeReference(reference);
    const named = name && all.find((record) => record.repoTags.includes(name) || record.repoDigests.includes(name));
    if (named) return named;
    const byPrefix = /^[0-9a-f]{5,63}$/.test(digits) ? all.filter((record) => hex(record.id).startsWith(digits)) : [];
    return byPrefix.length === 1 ? (byPrefix[0] ?? null) : null;
  }

  /** A name belongs to one image: it is taken from the one that had it. */
  async function takeNames(names: readonly string[], except: string): Promise<void> {
    for (const record of await readAll()) {
      if (record.id === except || !record.repoTags.some((tag) => names.includes(tag))) continue;
      await write(withTags(record, without(record.repoTags, names), without(record.pulledTags ?? [], names)));
    }
  }

  /** Writes an image down with what was known of it before; its new names are the registry's or this machine's own. */
  async function add(record: ImageRecord, from: 'registry' | 'here'): Promise<void> {
    const tags = record.repoTags.filter((tag) => tag !== HOST_REFERENCE);
    await takeNames(tags, record.id);
    const before = await readRecord(join(records, `${hex(record.id)}.json`));
    const pulled = without(before?.pulledTags ?? [], tags);
    const digests = [...new Set([...(before?.repoDigests ?? []), ...record.repoDigests])];
    await write(
      withTags(
        { ...record, repoDigests: digests },
        [...new Set([...(before?.repoTags ?? []), ...tags])],
        from === 'registry' ? [...pulled, ...tags] : pulled,
      ),
    );
  }

  function runnable(record: ImageRecord): RunnableImage {
    return { image: toImage(record), config: record.config, root: join(trees, hex(record.id)) };
  }

  return {
    directory: dir,
    list: async () => [hostImage.image, ...(await readAll()).map(toImage)],
    async find(reference) {
      if (reference === hostImage.image.id || normalizeReference(reference) === HOST_REFERENCE) return hostImage;
      const record = await findRecord(reference);
      return record && runnable(record);
    },
    async load(file, signal) {
      const loaded: string[] = [];
      const report = async (record: ImageRecord): Promise<void> => {
        await exclusive('records', () => add(record, 'here'));
        const tags = without(record.repoTags, [HOST_REFERENCE]);
        loaded.push(...(tags.length > 0 ? tags : [record.id]));
      };
      await loadImages({ host: options.host, file, trees, report, ...(signal && { signal }) });
      return loaded;
    },
    async pull(reference, pulling = {}) {
      const wanted = parseReference(reference);
      const name = wanted && formatReference(wanted);
      if (name === HOST_REFERENCE) return hostImage.image.id;
      const present = await findRecord(reference);
      const isOwn =
        present &&
        (reference.startsWith('sha256:') || (present.repoTags.includes(name ?? '') && !present.pulledTags?.includes(name ?? '')));
      if (isOwn && !pulling.replace) return present.id;
      if (wanted === null)
        throw new RuntimeError('invalidArgument', `failed to parse image reference ${JSON.stringify(reference)}: invalid reference format`);
      const record = await pullImage({
        ...pulling,
        host: options.host,
        reference: wanted,
        settings: options.registries ?? noRegistrySettings,
        trees,
        partial: join(dir, 'partial'),
        exclusive,
      });
      await exclusive('records', () => add(record, 'registry'));
      return record.id;
    },
    async tag(from, to) {
      const name = normalizeReference(to);
      if (name === null || name.includes('@'))
        throw new RuntimeError('invalidArgument', `${JSON.stringify(to)} is not a name for an image`);
      if (name === HOST_REFERENCE)
        throw new RuntimeError('invalidArgument', `${HOST_REFERENCE} is this machine's root file system and cannot be another image`);
      const record = await findRecord(from);
      if (!record) throw new RuntimeError('notFound', `there is no image ${JSON.stringify(from)}`);
      await exclusive('records', () => add({ ...record, repoTags: [name] }, 'here'));
    },
    async remove(reference) {
      const record = await findRecord(reference);
      if (!record) return;
      await files.rm(join(records, `${hex(record.id)}.json`), { force: true });
      await files.rm(join(trees, hex(record.id)), { recursive: true, force: true });
    },
  };
}

const without = (list: readonly string[], gone: readonly string[]): string[] => list.filter((item) => !gone.includes(item));

const withTags = (record: ImageRecord, repoTags: readonly string[], pulledTags: readonly string[]): ImageRecord => {
  const { pulledTags: _before, ...rest } = record;
  return { ...rest, repoTags, ...(pulledTags.length > 0 && { pulledTags }) };
};

function hex(id: string): string {
  return id.replace(/^sha256:/, '');
}

function toImage(record: ImageRecord): Image {
  const user = record.config.user.split(':')[0] ?? '';
  return {
    id: record.id,
    repoTags: record.repoTags,
    repoDigests: record.repoDigests,
    sizeBytes: record.sizeBytes,
    ...(/^\d+$/.test(user) ? { uid: Number(user) } : user ? { username: user } : {}),
    pinned: false,
  };
}

function isImageRecord(value: unknown): value is ImageRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, repoTags, repoDigests, config }: Partial<Record<keyof ImageRecord, unknown>> = value;
  return typeof id === 'string' && Array.isArray(repoTags) && Array.isArray(repoDigests) && typeof config === 'object' && config !== null;
}
