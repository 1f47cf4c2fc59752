import { createHash } from 'node:crypto';
import { emptyImageConfig } from './image-config.ts';
import type { RunnableImage } from './image-store.ts';

/** The reference under which this machine's own root file system can be run. */
export const HOST_REFERENCE = 'docker.io/library/host:latest';

/** The image `host`: the machine's root, copy-on-write. It is always there and cannot be removed. */
export const hostImage: RunnableImage = {
  root: '/',
  config: { ...emptyImageConfig, cmd: ['/bin/sh'] },
  image: {
    id: `sha256:${createHash('sha256').update('nodelet image: the root file system of this machine').digest('hex')}`,
    repoTags: [HOST_REFERENCE],
    repoDigests: [],
    sizeBytes: 0,
    pinned: true,
  },
};
