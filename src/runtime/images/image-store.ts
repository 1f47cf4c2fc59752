import type { Image, PullAuth } from '../runtime.ts';
import type { ImageConfig } from './image-config.ts';
import type { PullProgress } from './registry/pull.ts';

/** An image that can be run. */
export interface RunnableImage {
  readonly image: Image;
  readonly config: ImageConfig;
  /** Directory of the root file system; `/` for the image `host`. */
  readonly root: string;
}

export interface StorePullOptions {
  readonly auth?: PullAuth;
  readonly signal?: AbortSignal;
  readonly progress?: (progress: PullProgress) => void;
  /** Also a name that was given by `load` or `tag` is asked for at its registry, and is the registry's from then on. */
  readonly replace?: boolean;
}

/** The images of one directory. */
export interface ImageStore {
  list(): Promise<Image[]>;
  /** By reference, id, or id prefix; null when there is none. */
  find(reference: string): Promise<RunnableImage | null>;
  /** Reads a docker archive or an OCI layout (a tar, plain or gzipped, or a directory); the references it now answers to, or the ids of untagged images. */
  load(file: string, signal?: AbortSignal): Promise<string[]>;
  /**
   * Makes the image that its registry has under this name now available; its id. A name that was given here, by `load` or
   * `tag`, is this machine's own: no registry is asked for it. Rejects with `RuntimeError` in containerd's words.
   */
  pull(reference: string, options?: StorePullOptions): Promise<string>;
  /** Gives an image another name. Rejects with `notFound`, or `invalidArgument` for a name that is none. */
  tag(from: string, to: string): Promise<void>;
  /** Removes an image with all its names; one that is not there is fine. */
  remove(reference: string): Promise<void>;
  readonly directory: string;
}
