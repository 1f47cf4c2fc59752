/** The directory in which all of `up` lies, and the lock that keeps a second one out. */
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Host } from '../../util/host.ts';
import { explainStartError, UserError } from '../user-error.ts';

export interface DataDir {
  readonly root: string;
  readonly kubeconfig: string;
  /** For a kubelet that is not `up`'s own. */
  readonly kubeletKubeconfig: string;
  readonly pki: string;
  readonly store: string;
  readonly kubelet: string;
  readonly images: string;
  readonly runtime: string;
  readonly podLogs: string;
  readonly containerLogs: string;
}

/** `~/.nodelet`. */
export function defaultDataDir(): string {
  return join(homedir(), '.nodelet');
}

export function dataDirAt(path: string): DataDir {
  const root = resolve(path);
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    kubeconfig: at('kubeconfig'),
    kubeletKubeconfig: at('kubelet.kubeconfig'),
    pki: at('pki'),
    store: at('store'),
    kubelet: at('kubelet'),
    images: at('images'),
    runtime: at('runtime'),
    podLogs: at('logs', 'pods'),
    containerLogs: at('logs', 'containers'),
  };
}

/** Makes the directory and takes its lock, which ends with the process. Throws a UserError when either cannot be. */
export async function openDataDir(dir: DataDir, host: Host): Promise<void> {
  try {
    await host.files.mkdir(dir.root, { recursive: true, mode: 0o700 });
    const probe = join(dir.root, '.writable');
    await host.files.writeFile(probe, '');
    await host.files.rm(probe);
  } catch (error) {
    throw explainStartError(error, `cannot write to the data directory ${dir.root}`) ?? error;
  }
  await lock(await host.files.realpath(dir.root));
}

/** An abstract socket: the kernel drops it when the process is gone, however it went. */
async function lock(path: string): Promise<void> {
  const name = process.platform === 'linux' ? `\0nodelet:${path}` : join(path, 'lock.sock');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((ok, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(
        error.code === 'EADDRINUSE'
          ? new UserError(`nodelet already runs with the data directory ${path}. Stop it first, or choose another with --data-dir.`)
          : error,
      ),
    );
    server.listen(name, ok);
  });
  server.unref();
}
