/** Static pods from a file or a directory of files (kubernetes `pkg/kubelet/config/file.go`). */
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { podKey, type NodePod } from '../pods/pod.ts';
import type { PodSource } from './api-source.ts';
import { MAX_MANIFEST_BYTES, readManifest } from './manifest.ts';

export interface FileSourceOptions {
  readonly host: Host;
  readonly log: Logger;
  readonly path: string;
  readonly nodeName: string;
  /** How often everything is read again, whatever the watch says. */
  readonly everyMs: number;
  /** The whole set that the files ask for. */
  readonly changed: (pods: readonly NodePod[]) => void;
}

/** Changes that come together are read together. */
const SETTLE_MS = 50;

export function startFileSource(options: FileSourceOptions): PodSource {
  const { host, log, path, everyMs, changed } = options;
  let closed = false;
  let last = '';
  let reading: Promise<void> = Promise.resolve();
  let soon = false;

  async function read(): Promise<void> {
    if (closed) return;
    const pods = await readPath(options);
    const text = JSON.stringify(pods);
    if (text === last) return;
    last = text;
    changed(pods);
  }
  const again = (): Promise<void> =>
    (reading = reading.then(read).catch((error: unknown) => log.error('Static pods could not be read', { path, err: errorText(error) })));
  const synced = again();

  let watcher: FSWatcher | undefined;
  function follow(): void {
    if (watcher || closed) return;
    try {
      watcher = watch(path, () => {
        if (soon) return;
        soon = true;
        host.clock.after(SETTLE_MS, () => {
          soon = false;
          void again();
        });
      });
      watcher.on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // What is not there yet is found by the next full reading.
      watcher = undefined;
    }
  }
  follow();
  const timer = host.clock.every(everyMs, () => {
    follow();
    void again();
  });
  return {
    synced,
    close() {
      closed = true;
      timer.cancel();
      watcher?.close();
    },
  };
}

async function readPath(options: FileSourceOptions): Promise<NodePod[]> {
  const { host, log, path } = options;
  const stats = await host.files.stat(path).catch(() => undefined);
  if (stats === undefined) {
    log.v(1, 'Path does not exist, ignoring', { path });
    return [];
  }
  if (!stats.isDirectory()) return readFile(options, path);
  const pods = new Map<string, NodePod>();
  for (const name of (await host.files.readdir(path)).sort()) {
    if (name.startsWith('.')) continue;
    for (const pod of await readFile(options, join(path, name))) {
      if (pods.has(podKey(pod))) log.error('Static pod has a duplicate name, ignoring', { pod: podKey(pod), file: name });
      else pods.set(podKey(pod), pod);
    }
  }
  return [...pods.values()];
}

/** The pods of one file; none, and a line in the log, when it cannot be read as such. */
async function readFile({ host, log, nodeName }: FileSourceOptions, path: string): Promise<NodePod[]> {
  try {
    const stats = await host.files.stat(path);
    if (!stats.isFile()) return [];
    if (stats.size > MAX_MANIFEST_BYTES) throw new Error(`the file is longer than ${MAX_MANIFEST_BYTES} bytes`);
    return readManifest(await host.files.readFile(path, 'utf8'), { nodeName, kind: 'file', location: path });
  } catch (error) {
    log.error('Could not process manifest file', { path, err: errorText(error) });
    return [];
  }
}
