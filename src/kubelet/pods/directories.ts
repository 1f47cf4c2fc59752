/** Where the kubelet keeps a pod's things. */
import { join } from 'node:path';

export const podDirectory = (rootDir: string, uid: string): string => join(rootDir, 'pods', uid);
