/** The audit log: one event a line, appended to a file that is set aside when it is full (apiserver `plugin/pkg/audit/log`). */
import { createWriteStream, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, type WriteStream } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/log.ts';

export interface AuditLogOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Size at which the file is set aside, in bytes. */
  readonly maxBytes: number;
  /** Files set aside that are kept; 0 keeps all. */
  readonly maxBackups: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AuditLog {
  /** Writes one line. False when it had to be left out. */
  write(line: string): boolean;
  close(): Promise<void>;
}

/** Bytes that wait for a disk that does not keep up; events beyond them are left out, and said to be. */
const MAX_WAITING = 16 << 20;

/** Opens the log. Throws when it cannot be opened. */
export function openAuditLog({ path, maxBytes, maxBackups, clock, log }: AuditLogOptions): AuditLog {
  if (path === '-') {
    return {
      write: (line) => process.stdout.writableLength < MAX_WAITING && (process.stdout.write(`${line}\n`), true),
      close: () => Promise.resolve(),
    };
  }
  mkdirSync(dirname(path), { recursive: true });
  let failing = false;
  const fail = (message: string, fields: Record<string, unknown>): void => {
    if (!failing) log.error(message, { path, ...fields });
    failing = true;
  };
  // The file is opened at once: what waits for a file that is then set aside still belongs to it.
  const open = (): WriteStream => {
    const made = createWriteStream(path, { fd: openSync(path, 'a', 0o600) });
    made.on('error', (error) => fail('The audit log cannot be written', { error }));
    return made;
  };
  let stream = open();
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;

  const setAside = (): void => {
    try {
      renameSync(path, backupName(path, clock.now()));
      if (maxBackups > 0) for (const old of backups(path).slice(0, -maxBackups)) rmSync(old, { force: true });
    } catch (error) {
      fail('The audit log cannot be set aside', { error });
    }
    reopen();
    size = 0;
  };
  const reopen = (): void => {
    try {
      const next = open();
      stream.end();
      stream = next;
    } catch (error) {
      fail('The audit log cannot be opened', { error });
    }
  };

  return {
    write(line) {
      const bytes = Buffer.byteLength(line) + 1;
      if (size > 0 && size + bytes > maxBytes) setAside();
      if (stream.destroyed || stream.writableLength + bytes > MAX_WAITING) {
        fail('The audit log does not keep up: events are left out', {});
        if (stream.destroyed) reopen();
        return false;
      }
      size += bytes;
      stream.write(`${line}\n`, (error) => {
        if (!error) failing = false;
      });
      return true;
    },
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed) resolve();
        else stream.end(() => resolve()).once('error', () => resolve());
      }),
  };
}

/** `audit-2026-11-21T10-32-41.000.log`, beside the log. */
function backupName(path: string, now: number): string {
  const end = extname(path);
  return join(dirname(path), `${basename(path, end)}-${new Date(now).toISOString().replaceAll(':', '-').slice(0, -1)}${end}`);
}

/** The files set aside, oldest first. */
function backups(path: string): string[] {
  const end = extname(path);
  const start = `${basename(path, end)}-`;
  return readdirSync(dirname(path))
    .filter(
      (name) =>
        name.startsWith(start) &&
        name.endsWith(end) &&
        /^\d{4}-\d\d-\d\dT[\d.-]+$/.test(name.slice(start.length, name.length - end.length)),
    )
    .sort()
    .map((name) => join(dirname(path), name));
}
