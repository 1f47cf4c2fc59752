/** Programs that tests run: to their end, or for as long as a test looks at them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

/** The bundled command: this run's own, see build.ts, or the one in dist/. */
export const PROGRAM = resolve(process.env['NODELET_TEST_PROGRAM'] ?? 'dist/nodelet.js');

export interface Result {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** It gets a session of its own, and with it the CPU that the kernel gives a session. */
  readonly ownSession?: boolean;
  readonly input?: string;
  /** It is killed after that long; 60 s if absent. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end. */
export async function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const program = startProgram(command, args, options);
  program.end(options.input ?? '');
  const timer = setTimeout(() => program.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const code = await program.ended;
  clearTimeout(timer);
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** Runs a verb of nodelet to its end. */
export function nodelet(...args: string[]): Promise<Result> {
  return runProgram(process.execPath, [PROGRAM, ...args], { timeoutMs: 30_000 });
}

export interface RunningProgram {
  readonly pid: number | undefined;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly write: (text: string) => void;
  /** Ends its standard input, after this text. */
  readonly end: (text?: string) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code, once its output is complete; null after a signal. */
  readonly ended: Promise<number | null>;
}

/** Starts a program whose output is collected. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, 'env' | 'ownSession'> = {},
): RunningProgram {
  const child: ChildProcess = spawn(command, args, {
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.ownSession === true,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (output.stderr += String(chunk)));
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<number | null>((ok, failed) => {
    child.once('error', failed);
    child.once('close', (code) => ok(code));
  });
  ended.catch(() => undefined);
  return {
    pid: child.pid,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    write: (text) => child.stdin?.write(text),
    end: (text) => child.stdin?.end(text),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
