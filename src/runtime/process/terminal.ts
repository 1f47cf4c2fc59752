import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import type { TerminalSize } from '../../net/remotecommand/io.ts';
import type { RuntimeContext } from './context.ts';
import { childrenOf } from './processes.ts';
import { helperEnvironment } from './tools.ts';

/** A command that runs on a terminal of its own. */
export interface Terminal {
  readonly output: Readable;
  /** False when the other side is slow: wait for `onDrain`. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  resize(size: TerminalSize): void;
  /** The exit code, after the last output; 128 and the signal's number when one ended it. */
  readonly exited: Promise<number>;
}

/** The part of node-pty that is used; its own types know nothing of raw bytes. */
interface PtyModule {
  spawn(
    file: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: Record<string, string>; readonly encoding: null },
  ): {
    readonly pid: number;
    write(data: Buffer): void;
    resize(columns: number, rows: number): void;
    pause(): void;
    resume(): void;
    onData(listener: (data: Buffer) => void): unknown;
    onExit(listener: (exit: { exitCode: number; signal?: number }) => void): unknown;
  };
}

const MAX_CELLS = 65_535;

/** Starts a command on a terminal: by @lydell/node-pty where it is installed, else by `script`. */
export async function openTerminal(context: RuntimeContext, command: readonly string[]): Promise<Terminal> {
  const loaded: unknown = await import('@lydell/node-pty').catch(() => null);
  return isPtyModule(loaded) ? openPty(loaded, command) : openScript(context, command);
}

function openPty(module: PtyModule, command: readonly string[]): Terminal {
  const [file = 'sh', ...args] = command;
  const pty = module.spawn(file, args, { cwd: '/', env: { ...helperEnvironment }, encoding: null });
  const output = new PassThrough();
  pty.onData((data) => {
    if (!output.write(data)) pty.pause();
  });
  output.on('drain', () => pty.resume());
  return {
    output,
    write(data) {
      pty.write(data);
      return true;
    },
    onDrain: () => undefined,
    resize({ width, height }) {
      if (isSize(width, height)) pty.resize(width, height);
    },
    exited: new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        output.end();
        output.once('end', () => resolve(signal ? 128 + signal : exitCode));
      });
    }),
  };
}

/** `script` takes a shell text alone: the command comes through the environment, see relay.sh. */
export function openScript(context: RuntimeContext, command: readonly string[]): Terminal {
  const relayed = Object.fromEntries(command.map((word, index) => [`NODELET_ARG_${index}`, word]));
  const env = {
    ...helperEnvironment,
    ...relayed,
    NODELET_ARGC: String(command.length),
    NODELET_RELAY: `${context.tools.scripts}/relay.sh`,
  };
  const child = spawn('script', ['-qefc', 'exec sh "$NODELET_RELAY"', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    cwd: '/',
    env,
  });
  child.stdin.on('error', () => undefined);
  return {
    output: child.stdout,
    write: (data) => child.stdin.write(data),
    onDrain: (listener) => void child.stdin.on('drain', listener),
    resize: (size) => void resizeBelow(context, child.pid ?? 0, size),
    exited: new Promise((resolve) => {
      child.on('error', () => resolve(127));
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    }),
  };
}

/** Sets the size of the terminal that the child of `script` runs on. */
export async function resizeBelow(context: RuntimeContext, scriptPid: number, { width, height }: TerminalSize): Promise<void> {
  if (!isSize(width, height)) return;
  for (const pid of childrenOf(scriptPid)) {
    const device = await context.host.files.readlink(`/proc/${pid}/fd/0`).catch(() => '');
    if (/^\/dev\/pts\/\d+$/.test(device)) {
      await context.host.processes.run('stty', ['-F', device, 'rows', String(height), 'cols', String(width)], {
        env: { ...helperEnvironment },
      });
    }
  }
}

function isSize(width: number, height: number): boolean {
  return [width, height].every((cells) => Number.isInteger(cells) && cells >= 1 && cells <= MAX_CELLS);
}

function isPtyModule(value: unknown): value is PtyModule {
  return typeof value === 'object' && value !== null && 'spawn' in value && typeof value.spawn === 'function';
}
