import { constants, fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { createLineWriter, nanoTime, type LineWriter, type OutputStream } from './cri-lines.ts';
import { readJson, writeAtomically } from './records.ts';
import { helperEnvironment } from './tools.ts';

/** Bytes read from a raw file at a time. */
const CHUNK = 256 * 1024;
/** Consumed bytes of a raw file after which their space is given back. */
const PUNCH_EVERY = 4 * 1024 * 1024;
/** A difference between the clocks beyond which the wall clock was set. */
const CLOCK_STEP_MS = 20;
/** At most so often is the cursor written while output flows. */
const CURSOR_EVERY_MS = 100;

/** How far raw output is in the log file. */
interface Cursor {
  readonly stdout: number;
  readonly stderr: number;
  /** Inode and size of the log file that these offsets belong to. */
  readonly inode: number;
  readonly size: number;
}

/** Where the raw output of a container lies and where its log goes. */
export interface LogPlaces {
  readonly stdout: string;
  readonly stderr: string;
  readonly cursor: string;
  /** Absolute path of the log file; empty when the container has none. */
  readonly log: string;
}

/** Carries a container's raw output into its log file. */
export interface LogPump {
  /** Raw output may have grown: carries it over. Calls while one runs are joined into one more. */
  wake(): Promise<void>;
  /** Carries the rest, an unterminated last line included. */
  finish(): Promise<void>;
  /** The log file was moved away. */
  reopen(): Promise<void>;
  /** Keeps raw output from `offset()` on readable until `done` is called. */
  hold(stream: OutputStream, offset: () => number): { readonly done: () => void };
  close(): Promise<void>;
}

interface Source {
  readonly stream: OutputStream;
  readonly path: string;
  lines: LineWriter;
  handle: FileHandle | null;
  /** Bytes that are in the log file. */
  written: number;
  /** Bytes whose space was given back. */
  punched: number;
}

/**
 * Opens the pump. After a restart the log file's tail beyond the stored cursor is cut off and written anew, so that
 * no line is lost or doubled. A log file that cannot be written is reported once; output stays in the raw files.
 */
export async function openLogPump(host: Host, places: LogPlaces, log: Logger): Promise<LogPump> {
  const { files, clock } = host;
  const buffer = Buffer.allocUnsafe(CHUNK);
  const cursor = (await readJson(files, places.cursor, isCursor)) ?? { stdout: 0, stderr: 0, inode: 0, size: 0 };
  const sources: Source[] = (['stdout', 'stderr'] as const).map((stream) => ({
    stream,
    path: places[stream],
    lines: createLineWriter(stream),
    handle: null,
    written: cursor[stream],
    punched: Math.floor(cursor[stream] / PUNCH_EVERY) * PUNCH_EVERY,
  }));
  const holds = new Set<{ readonly stream: OutputStream; readonly offset: () => number }>();
  let wallOffset = clock.now() - clock.monotonic();
  let target: { readonly handle: FileHandle; readonly inode: number; size: number } | null = null;
  let savedAt = -Infinity;
  let dirty = false;
  let tail: Promise<void> = Promise.resolve();
  let queued: Promise<void> | null = null;
  let closed = false;

  /** Now, finer than a millisecond, and in step with the wall clock when that is set. */
  function time(): string {
    if (Math.abs(clock.now() - clock.monotonic() - wallOffset) > CLOCK_STEP_MS) wallOffset = clock.now() - clock.monotonic();
    return nanoTime(wallOffset + clock.monotonic());
  }

  /** One thing at a time, in order. */
  function serially(work: () => Promise<void>): Promise<void> {
    const done = tail
      .then(work)
      .catch((error: unknown) =>
        log.error('Container output could not be written to its log', { log: places.log, error: errorText(error) }),
      );
    tail = done;
    return done;
  }

  async function openTarget(): Promise<void> {
    if (!places.log) return;
    const open = (): Promise<FileHandle> => files.open(places.log, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o640);
    const handle = await open().catch(async () => {
      await files.mkdir(dirname(places.log), { recursive: true, mode: 0o755 });
      return open();
    });
    const stat = await handle.stat();
    target = { handle, inode: stat.ino, size: stat.size };
    if (stat.ino === cursor.inode && stat.size > cursor.size) {
      await handle.truncate(cursor.size);
      target.size = cursor.size;
    }
  }

  async function save(): Promise<void> {
    if (!dirty) return;
    dirty = false;
    savedAt = clock.monotonic();
    const [stdout, stderr] = sources;
    const now: Cursor = { stdout: stdout?.written ?? 0, stderr: stderr?.written ?? 0, inode: target?.inode ?? 0, size: target?.size ?? 0 };
    await writeAtomically(files, places.cursor, JSON.stringify(now));
  }

  async function append(lines: Buffer): Promise<void> {
    if (lines.length === 0) return;
    if (target) {
      await target.handle.appendFile(lines);
      target.size += lines.length;
    }
    dirty = true;
  }

  async function carry(source: Source): Promise<void> {
    source.handle ??= await files.open(source.path, 'r').catch(() => null);
    if (!source.handle) return;
    for (;;) {
      const position = source.written + source.lines.pending;
      const { bytesRead } = await source.handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      try {
        await append(source.lines.push(Buffer.from(buffer.subarray(0, bytesRead)), time()));
      } catch (error) {
        // What was not written is read again from the raw file the next time.
        source.lines = createLineWriter(source.stream);
        throw error;
      }
      source.written = position + bytesRead - source.lines.pending;
      if (clock.monotonic() - savedAt >= CURSOR_EVERY_MS) await save();
      await giveBack(source);
    }
  }

  /** Punches consumed output out of the raw file, once the cursor that says so is on disk and no reader needs it. */
  async function giveBack(source: Source): Promise<void> {
    const needed = [...holds].filter((hold) => hold.stream === source.stream).map((hold) => hold.offset());
    const free = Math.floor(Math.min(source.written, ...needed) / PUNCH_EVERY) * PUNCH_EVERY;
    if (free <= source.punched) return;
    await save();
    const args = [
      '--punch-hole',
      '--keep-size',
      '--offset',
      String(source.punched),
      '--length',
      String(free - source.punched),
      source.path,
    ];
    source.punched = free;
    const outcome = await host.processes.run('fallocate', args, { env: { ...helperEnvironment } });
    if (outcome.code !== 0)
      log.v(2, 'Space of raw output could not be given back', { file: source.path, error: outcome.stderr.toString().trim() });
  }

  async function round(): Promise<void> {
    for (const source of sources) await carry(source);
    await save();
  }

  /** Asked at once: the size of an open file is in memory, and most who ask find nothing. */
  const hasMore = ({ handle, written, lines }: Source): boolean => handle === null || fstatSync(handle.fd).size > written + lines.pending;

  function wake(): Promise<void> {
    if (closed || !sources.some(hasMore)) return Promise.resolve();
    queued ??= serially(async () => {
      queued = null;
      await round();
    });
    return queued;
  }

  await openTarget();
  return {
    wake,
    finish: () =>
      serially(async () => {
        await round();
        for (const source of sources) {
          const pending = source.lines.pending;
          await append(source.lines.end(time()));
          source.written += pending;
        }
        await save();
      }),
    reopen: () =>
      serially(async () => {
        await round();
        await target?.handle.close();
        await openTarget();
        dirty = true;
        await save();
      }),
    hold(stream, offset) {
      const hold = { stream, offset };
      holds.add(hold);
      return { done: () => void holds.delete(hold) };
    },
    async close() {
      if (closed) return;
      closed = true;
      await serially(async () => {
        await save();
        await target?.handle.close();
        for (const source of sources) await source.handle?.close();
      });
    },
  };
}

function isCursor(value: unknown): value is Cursor {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['stdout', 'stderr', 'inode', 'size'].every((key) => Number.isSafeInteger(Reflect.get(value, key)))
  );
}
