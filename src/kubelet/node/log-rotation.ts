/** Keeps container logs short: the full one is put aside, older ones are compressed, the oldest go (kubernetes `pkg/kubelet/logs/container_log_manager.go`). */
import { createReadStream, createWriteStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';

export interface LogRotationOptions {
  readonly host: Host;
  readonly runtime: Pick<Runtime, 'listContainers' | 'containerStatus' | 'reopenContainerLog'>;
  readonly log: Logger;
  readonly maxBytes: number;
  /** Files of one container, the current one included. At least 2. */
  readonly maxFiles: number;
}

const COMPRESSED = '.gz';
const TEMPORARY = '.tmp';

/** One pass over the logs of all running containers. */
export async function rotateLogs(options: LogRotationOptions, signal?: AbortSignal): Promise<void> {
  const { runtime, log } = options;
  for (const { id, state } of await runtime.listContainers()) {
    if (signal?.aborted) return;
    if (state !== 'running') continue;
    try {
      const { logPath } = await runtime.containerStatus(id);
      if (logPath !== '') await rotateLog(options, id, logPath);
    } catch (error) {
      log.warn('A container log could not be rotated', { container: id, err: errorText(error) });
    }
  }
}

/** Rotates one log when it is too long. */
export async function rotateLog(options: LogRotationOptions, id: string, path: string): Promise<void> {
  const { host, runtime, maxBytes, maxFiles } = options;
  const { files, clock } = host;
  const size = await files.stat(path).then(
    (stats) => stats.size,
    () => undefined,
  );
  if (size === undefined) return;
  if (size < maxBytes) return;
  const rotated = await cleanUp(options, path);
  // Room for the one that is put aside now, and for the new one.
  const spare = Math.max(0, rotated.length - (maxFiles - 2));
  for (const name of rotated.slice(0, spare)) await files.rm(join(dirname(path), name), { force: true });
  for (const name of rotated.slice(spare)) if (!name.endsWith(COMPRESSED)) await compress(host, join(dirname(path), name));
  const aside = `${path}.${stamp(clock.now())}`;
  await files.rename(path, aside);
  try {
    await runtime.reopenContainerLog(id);
  } catch (error) {
    // The runtime goes on writing into the file: it gets its name back.
    await files.rename(aside, path);
    throw error;
  }
}

/** The rotated files of a log, oldest first, without what an interrupted compression left. */
async function cleanUp({ host }: LogRotationOptions, path: string): Promise<string[]> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = (await host.files.readdir(directory)).filter((name) => name.startsWith(prefix)).sort();
  const whole: string[] = [];
  for (const name of names) {
    const compressed = names.includes(`${name}${COMPRESSED}`);
    if (name.endsWith(TEMPORARY) || compressed) await host.files.rm(join(directory, name), { force: true });
    else whole.push(name);
  }
  return whole;
}

async function compress({ files }: Host, path: string): Promise<void> {
  const temporary = `${path}${TEMPORARY}`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary));
    await files.rename(temporary, `${path}${COMPRESSED}`);
    await files.rm(path, { force: true });
  } finally {
    await files.rm(temporary, { force: true });
  }
}

/** `20260102-150405`. */
const stamp = (now: number): string => {
  const [, date = '', time = ''] = /^(.*)T(.*)\./.exec(new Date(now).toISOString()) ?? [];
  return `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
};
