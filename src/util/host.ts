import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import * as fsPromises from 'node:fs/promises';
import { systemClock, type Clock } from './clock.ts';

/** The file operations that the product uses; tests wrap them to inject faults. */
export type Files = Pick<
  typeof fsPromises,
  | 'access'
  | 'appendFile'
  | 'chmod'
  | 'chown'
  | 'copyFile'
  | 'lchown'
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'mkdtemp'
  | 'open'
  | 'opendir'
  | 'readFile'
  | 'readdir'
  | 'readlink'
  | 'realpath'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'symlink'
  | 'truncate'
  | 'unlink'
  | 'utimes'
  | 'writeFile'
>;

/** What a finished command left behind. `code` is null when a signal ended it. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Bytes of each stream that are kept; the rest is read and dropped. Default 1 MiB. */
  readonly maxOutput?: number;
}

/** Processes of this machine. */
export interface Processes {
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Runs a command to its end. Rejects only when it cannot be started. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<CommandOutcome>;
  /** Sends a signal by name or number; false when there is no such process. */
  kill(pid: number, signal: NodeJS.Signals | number): boolean;
}

/** The one seam to time, files and processes. */
export interface Host {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
}

const DEFAULT_MAX_OUTPUT = 1 << 20;

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal }),
    });
    const limit = options.maxOutput ?? DEFAULT_MAX_OUTPUT;
    const stdout = keep(child.stdout, limit);
    const stderr = keep(child.stderr, limit);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout: stdout(), stderr: stderr() }));
    // A command that ends without reading its input closes the pipe: that is no error of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

function keep(stream: NodeJS.ReadableStream, limit: number): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    const room = limit - size;
    if (room <= 0) return;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    size += Math.min(chunk.length, room);
  });
  return () => Buffer.concat(chunks);
}

function kill(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** This machine. */
export const systemHost: Host = {
  clock: systemClock,
  files: fsPromises,
  processes: { spawn: (command, args, options) => spawn(command, args, options), run, kill },
};
