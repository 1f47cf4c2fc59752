/** Sends a container's log file to a client, following it across rotation when asked (cri-client `pkg/logs/logs.go` `ReadLogs`). */
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { Host } from '../../../util/host.ts';
import { watchDirectory } from '../../../util/watch-directory.ts';
import { createLineFilter } from './line-filter.ts';
import type { LogOptions } from './options.ts';
import { filesAfter, olderFiles, OPEN_FILE, plainFile, type LogFile } from './rotation.ts';
import { tailStart } from './tail.ts';

/** How often the file and the container are looked at when no event comes. */
const POLL_MS = 500;
const OPEN_ATTEMPTS = 3;

export interface StreamLogOptions {
  readonly path: string;
  readonly containerId: string;
  readonly options: LogOptions;
  readonly host: Host;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  /** Sends a part; false when the client is gone. */
  readonly send: (part: Buffer) => Promise<boolean>;
}

/** A log that cannot be read; the message is what the client sees. */
export class LogReadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LogReadError';
  }
}

/** Sends the log to its end; when following, until the container has ended or the client is gone. Throws LogReadError. */
export async function streamLog(request: StreamLogOptions): Promise<void> {
  const { path, options, host } = request;
  const filter = createLineFilter(options);
  let file = await openLog(host, path, options.follow);
  /** Files that come after this one, oldest first. */
  let queue: LogFile[] = [];
  // Watching begins before the first read, so that no line falls between.
  const changes = options.follow ? await watchLog(request) : undefined;
  try {
    if (options.tailLines !== undefined) file = plainFile(file.handle, file.older, await tailStart(file.handle, options.tailLines));
    for (let ending = !options.follow; ;) {
      const bytes = await file.read();
      if (bytes !== undefined) {
        const part = filter.feed(bytes);
        if (part.length > 0 && !(await request.send(part))) return;
        if (filter.done || request.signal.aborted) return;
        continue;
      }
      const [next, ...rest] = queue;
      if (next !== undefined) {
        queue = rest;
        await file.close();
        file = next;
        continue;
      }
      // The last lines may have come between the end that was read and the rotation: it is read once more before it is left.
      if (options.follow) queue = await filesAfter(host, path, file);
      if (queue.length > 0) continue;
      if (ending || changes === undefined) return;
      // One more look at the file after the container's end: its last lines may just have been written.
      ending = !(await changes.next());
      if (request.signal.aborted) return;
    }
  } finally {
    changes?.close();
    await Promise.all([file, ...queue].map((open) => open.close()));
  }
}

/** Logs lie as `ROOT/POD/CONTAINER/0.log`: a link that leads out of the root, or to what is no file, is refused, as pods may have put it there. */
async function openInside(host: Host, path: string): Promise<FileHandle> {
  const { files } = host;
  const [real, root] = await Promise.all([files.realpath(path), files.realpath(join(dirname(path), '../..'))]);
  if (!real.startsWith(root === '/' ? root : `${root}/`))
    throw new LogReadError(`failed to open log file ${JSON.stringify(path)}: path escapes from parent`);
  const handle = await files.open(real, OPEN_FILE);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new LogReadError(`failed to open log file ${JSON.stringify(path)}: not a regular file`);
}

async function openLog(host: Host, path: string, follow: boolean): Promise<LogFile> {
  try {
    for (let attempt = 1; ; attempt++) {
      const handle = await openInside(host, path);
      const older = follow ? await olderFiles(host, path, handle).catch(() => undefined) : undefined;
      if (older !== undefined || !follow || attempt === OPEN_ATTEMPTS) return plainFile(handle, older);
      // It was rotated in this moment.
      await handle.close();
    }
  } catch (error) {
    if (error instanceof LogReadError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = code === 'ENOENT' ? `lstat ${path}: no such file or directory` : error instanceof Error ? error.message : String(error);
    throw new LogReadError(`failed to try resolving symlinks in path ${JSON.stringify(path)}: ${why}`);
  }
}

interface Changes {
  /** Waits for a change; false when the container has ended. */
  next(): Promise<boolean>;
  close(): void;
}

async function watchLog({ path, containerId, host, runtime, signal }: StreamLogOptions): Promise<Changes> {
  const stop = new AbortController();
  let changed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    changed = true;
    wake?.();
  };
  const name = basename(path);
  const watcher = watchDirectory(dirname(path), (file) => {
    if (file === null || file === name) notify();
  });
  runtime.onEvent((event) => {
    if (event.id === containerId) notify();
  }, stop.signal);
  const timer = host.clock.every(POLL_MS, notify);
  signal.addEventListener('abort', notify);
  return {
    async next() {
      if (!changed && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
      wake = undefined;
      return isRunning(runtime, containerId);
    },
    close() {
      stop.abort();
      timer.cancel();
      watcher.close();
      signal.removeEventListener('abort', notify);
    },
  };
}

async function isRunning(runtime: Runtime, id: string): Promise<boolean> {
  try {
    return (await runtime.containerStatus(id)).state === 'running';
  } catch {
    // Removed, or the runtime is away: what is in the file is sent and the answer ends.
    return false;
  }
}
