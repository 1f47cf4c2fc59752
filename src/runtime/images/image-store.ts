import type { Image } from '../runtime.ts';
import type { ImageConfig } from './image-config.ts';

/** An image that can be run. */
export interface RunnableImage {
  readonly image: Image;
  readonly config: ImageConfig;
  /** Directory of the root file system; `/` for the image `host`. */
  readonly root: string;
}

/** The images of one directory. */
export interface ImageStore {
  list(): Promise<Image[]>;
  /** By reference, id, or id prefix; null when there is none. */
  find(reference: string): Promise<RunnableImage | null>;
  /** Reads a docker archive or an OCI layout (a tar, plain or gzipped, or a directory); the references it now answers to, or the ids of untagged images. */
  load(file: string, signal?: AbortSignal): Promise<string[]>;
  /** Gives an image another name. Rejects with `notFound`, or `invalidArgument` for a name that is none. */
  tag(from: string, to: string): Promise<void>;
  /** Removes an image with all its names; one that is not there is fine. */
  remove(reference: string): Promise<void>;
  readonly directory: string;
}
