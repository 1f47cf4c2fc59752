/** Removes images that no container uses: by age, and by room when the disk fills up (kubernetes `pkg/kubelet/images/image_gc_manager.go`). */
import type { Image, Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';

export interface ImageGcOptions {
  readonly runtime: Pick<Runtime, 'listImages' | 'listContainers' | 'removeImage'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Room of the images' file system in bytes; undefined when nobody knows. */
  readonly room: () => Promise<{ readonly capacity: number; readonly available: number } | undefined>;
  /** Per cent of the file system in use at which images are removed, and down to which. */
  readonly highPercent: number;
  readonly lowPercent: number;
  readonly minAgeMs: number;
  /** Images unused for longer go in any case; 0 for never. */
  readonly maxAgeMs: number;
  /** A warning about the node. */
  readonly warn: (reason: string, message: string) => void;
}

export interface ImageGc {
  /** One look; removes what is due. */
  collect(): Promise<void>;
  /** Removes every unused image, whatever its age. */
  removeUnused(): Promise<void>;
}

interface Seen {
  readonly detectedAt: number;
  lastUsedAt: number;
}

export function createImageGc(options: ImageGcOptions): ImageGc {
  const { runtime, clock, log } = options;
  const seen = new Map<string, Seen>();

  /** Images that may go, the one unused for longest first. */
  async function unused(): Promise<(Seen & { readonly image: Image })[]> {
    const now = clock.now();
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    const names = new Set(containers.flatMap((c) => [c.image, c.imageRef]));
    const used = (image: Image): boolean => [image.id, ...image.repoTags, ...image.repoDigests].some((name) => names.has(name));
    const present = new Set(images.map((image) => image.id));
    for (const id of seen.keys()) if (!present.has(id)) seen.delete(id);
    const free: (Seen & { readonly image: Image })[] = [];
    for (const image of images) {
      const known = seen.get(image.id) ?? { detectedAt: now, lastUsedAt: 0 };
      seen.set(image.id, known);
      if (used(image)) known.lastUsedAt = now;
      else if (!image.pinned) free.push({ ...known, image });
    }
    return free.sort((a, b) => a.lastUsedAt - b.lastUsedAt || a.detectedAt - b.detectedAt);
  }

  async function remove(image: Image): Promise<boolean> {
    try {
      await runtime.removeImage(image.id);
      log.info('Removed an unused image', { image: image.repoTags[0] ?? image.id, bytes: image.sizeBytes });
      return true;
    } catch (error) {
      log.warn('An unused image could not be removed', { image: image.id, err: errorText(error) });
      return false;
    }
  }

  /** Removes images until so many bytes are free; how many became free. */
  async function free(bytes: number, minAgeMs: number): Promise<number> {
    const now = clock.now();
    let freed = 0;
    for (const { image, lastUsedAt, detectedAt } of await unused()) {
      if (freed >= bytes) break;
      if (lastUsedAt === now || now - detectedAt < minAgeMs) continue;
      if (await remove(image)) freed += image.sizeBytes;
    }
    return freed;
  }

  return {
    async collect() {
      const now = clock.now();
      const idle = await unused();
      if (options.maxAgeMs > 0)
        for (const { image, lastUsedAt, detectedAt } of idle)
          if (now - Math.max(lastUsedAt, detectedAt) > options.maxAgeMs) await remove(image);
      const room = await options.room();
      if (room === undefined || room.capacity <= 0) return;
      const usedPercent = 100 - Math.floor((room.available * 100) / room.capacity);
      if (usedPercent < options.highPercent) return;
      const wanted = (room.capacity * (100 - options.lowPercent)) / 100 - room.available;
      const freed = await free(wanted, options.minAgeMs);
      if (freed < wanted)
        options.warn(
          'FreeDiskSpaceFailed',
          `Failed to garbage collect required amount of images. Attempted to free ${Math.ceil(wanted)} bytes, but only found ${freed} bytes eligible to free.`,
        );
    },
    async removeUnused() {
      await free(Infinity, 0);
    },
  };
}
