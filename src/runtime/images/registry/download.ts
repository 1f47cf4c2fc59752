/** Blobs on their way to the disk: checked while they come, and continued where they broke off. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';
import { hashFor } from './digest.ts';
import { bodyOf, RegistryError, type Answer } from './exchange.ts';
import type { Descriptor } from './registry-client.ts';

export interface DownloadOptions {
  readonly host: Host;
  /** Directory of half and whole blobs, by digest. */
  readonly directory: string;
  readonly fetch: (digest: string, offset: number) => Promise<Answer>;
  /** Called as bytes come, with how many are there in all. */
  readonly progress: (received: number) => void;
  readonly signal?: AbortSignal;
  /** Without a byte for that long a transfer counts as broken. */
  readonly idleMs?: number;
  /** Before the first repetition; twice as long before each later one. */
  readonly retryMs?: number;
}

const IDLE = 60_000;
const RETRY = 500;
/** Attempts in a row that bring nothing new. */
const MAX_VAIN = 5;

/** Brings a blob to the disk; the path of its file. Rejects with `RegistryError` for other content than the digest says. */
export async function downloadBlob(blob: Descriptor, options: DownloadOptions): Promise<string> {
  const { files, clock } = options.host;
  const path = join(options.directory, blob.digest.replace(':', '-'));
  let vain = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const before = await sizeOf(options.host, path);
    try {
      await attempt(blob, path, before, options);
      return path;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      vain = (await sizeOf(options.host, path)) > before ? 1 : vain + 1;
      if (!error.retry) {
        await files.rm(path, { force: true });
        throw error;
      }
      if (vain >= MAX_VAIN) throw error;
      await clock.sleep((options.retryMs ?? RETRY) * 2 ** (vain - 1), options.signal);
    }
  }
}

async function attempt(blob: Descriptor, path: string, before: number, options: DownloadOptions): Promise<void> {
  const { digest, size } = blob;
  let hash = hashFor(digest);
  let have = before <= size ? before : 0;
  if (have > 0) for await (const chunk of createReadStream(path, { end: have - 1 }) as AsyncIterable<Buffer>) hash.update(chunk);
  if (have < size || size === 0) {
    const answer = await options.fetch(digest, have);
    if (have > 0 && !continuesAt(answer, have)) {
      have = 0;
      hash = hashFor(digest);
    }
    options.progress(have);
    const file = await options.host.files.open(path, have > 0 ? 'r+' : 'w', 0o600);
    try {
      for await (const chunk of bodyOf(answer.body, answer.url, options.idleMs ?? IDLE)) {
        options.signal?.throwIfAborted();
        if (have + chunk.length > size)
          throw new RegistryError(`failed size validation: ${have + chunk.length} != ${size}: failed precondition`);
        await file.write(chunk, 0, chunk.length, have);
        hash.update(chunk);
        have += chunk.length;
        options.progress(have);
      }
      if (have < size) throw new RegistryError(`failed size validation: ${have} != ${size}: failed precondition`, { retry: true });
      await file.truncate(size);
    } finally {
      answer.body.destroy();
      await file.close();
    }
  }
  const found = `${digest.slice(0, digest.indexOf(':'))}:${hash.digest('hex')}`;
  if (found !== digest) throw new RegistryError(`unexpected commit digest ${found}, expected ${digest}: failed precondition`);
  options.progress(size);
}

/** Whether the answer goes on where the file ends; a server may as well begin again. */
function continuesAt({ status, headers }: Answer, offset: number): boolean {
  const range = /^bytes (\d+)-/.exec(headers['content-range'] ?? '');
  return status === 206 && (range === null || Number(range[1]) === offset);
}

async function sizeOf({ files }: Host, path: string): Promise<number> {
  return (await files.stat(path).catch(() => null))?.size ?? 0;
}
