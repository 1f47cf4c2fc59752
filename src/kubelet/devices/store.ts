/** The checkpoint of devices on disk: read once, written whenever something changed. */
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { CHECKPOINT_FILE, checkpointText, parseCheckpoint, type CheckpointData } from './checkpoint.ts';

export interface CheckpointStore {
  /** What an earlier kubelet left; undefined without, or when it cannot be read, which is told. */
  read(): Promise<CheckpointData | undefined>;
  /** Resolves when what stands now is in the file; rejects when it cannot be written. */
  save(): Promise<void>;
  /** No writes any more; resolves when the last is done. */
  close(): Promise<void>;
}

/** `data` is asked for at each write. */
export function openCheckpoint({ files }: Host, directory: string, log: Logger, data: () => Promise<CheckpointData>): CheckpointStore {
  const path = join(directory, CHECKPOINT_FILE);
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let closed = false;

  async function write(): Promise<void> {
    if (closed) return;
    try {
      const fresh = `${path}.new`;
      await files.writeFile(fresh, checkpointText(await data()), { mode: 0o600 });
      await files.rename(fresh, path);
    } catch (error) {
      throw new Error(`failed to write checkpoint file ${JSON.stringify(CHECKPOINT_FILE)}: ${errorText(error)}`, { cause: error });
    }
  }

  return {
    async read() {
      let text: string;
      try {
        text = await files.readFile(path, 'utf8');
      } catch {
        return undefined;
      }
      try {
        return parseCheckpoint(text);
      } catch (error) {
        log.error('Continue after failing to read checkpoint file. Device allocation info may NOT be up-to-date', {
          err: errorText(error),
        });
        return undefined;
      }
    },
    save() {
      // Changes that come while a write is under way share the next one.
      next ??= writing
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          writing = write();
          return writing;
        });
      return next;
    },
    async close() {
      closed = true;
      await (next ?? writing).catch(() => undefined);
    },
  };
}
