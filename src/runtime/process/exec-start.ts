/** Starts a command in a container with pipes to this program. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants as system } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { errorText } from '../../util/log.ts';
import { RuntimeError } from '../runtime.ts';
import type { RuntimeContext } from './context.ts';
import { NoPipes } from './launcher.ts';
import { pipeOf, readVerdict, type ScriptVerdict } from './processes.ts';
import { helperEnvironment } from './tools.ts';

export interface StartedCommand {
  /** The process outside the container that stands for the command. */
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** What the helpers said of its start. */
  readonly verdict: ScriptVerdict;
  /** The exit code once all output has been read; 128 and the signal's number when one ended it. */
  readonly ended: Promise<number>;
}

/** Runs `sh` with these arguments; `place` is a directory for what it needs. Resolves when the command runs, or could not be started. */
export async function startCommand(
  context: RuntimeContext,
  place: string,
  args: readonly string[],
  stdin: boolean,
): Promise<StartedCommand> {
  // The plain runtime is at home where there may be no launcher's tools.
  if (context.plain) return startHere(args, stdin);
  try {
    return await startByLauncher(context, place, args, stdin);
  } catch (error) {
    // Named pipes want room on the disk and a launcher that knows of them; a command can do without either.
    if (!(error instanceof NoPipes)) throw error;
    context.log.warn('A command is started without the launcher', { error: error.message });
    return startHere(args, stdin);
  }
}

async function startHere(args: readonly string[], stdin: boolean): Promise<StartedCommand> {
  const child = spawn('sh', args, {
    detached: true,
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...helperEnvironment },
    cwd: '/',
  });
  child.unref();
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(new RuntimeError('unknown', `failed to exec in container: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? system.signals[signal] : 0)));
  });
  ended.catch(() => undefined);
  const verdict = await readVerdict(pipeOf(child, 3));
  return { pid: child.pid, stdin: child.stdin, stdout: pipeOf(child, 1), stderr: pipeOf(child, 2), verdict, ended };
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

/** Forking this process would hold its loop up; and real pipes can be opened again as /dev/stdout, which a child's sockets cannot. */
async function startByLauncher(context: RuntimeContext, place: string, args: readonly string[], stdin: boolean): Promise<StartedCommand> {
  const directory = `${place}/exec-${randomBytes(8).toString('hex')}`;
  const path = (index: number): string => `${directory}/${index}`;
  // Both ends of each: until the command has its own, a reader would take their absence for the end.
  const held: number[] = [];
  const letGo = (): void => {
    for (const fd of held.splice(0)) closeSync(fd);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    makePlace(directory, stdin);
    // A session of its own: a signal to its process group must reach nothing of ours.
    const { pid, exited } = await context.launcher.pipe(directory, ['setsid', 'sh', ...args]);
    for (const index of stdin ? [0, 1, 2, 3] : [1, 2, 3]) held.push(openSync(path(index), O_RDWR | O_NONBLOCK));
    const [stdout, stderr, said] = [reader(path(1)), reader(path(2)), reader(path(3))];
    const ended = codeAfter(exited, [stdout, stderr]);
    // A command that ends without a word leaves no other trace than this.
    exited.then(letGo, letGo);
    const verdict = await readVerdict(said);
    return { pid, stdin: stdin && verdict.mark === 'ok' ? writer(path(0)) : null, stdout, stderr, verdict, ended };
  } finally {
    letGo();
  }
}

/** A directory for the pipes of a command; without input of its own, nothing is what it reads. */
function makePlace(directory: string, stdin: boolean): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
    if (!stdin) symlinkSync('/dev/null', `${directory}/0`);
  } catch (error) {
    throw new NoPipes(`no pipes could be made in ${directory}: ${errorText(error)}`);
  }
}

function codeAfter(exited: Promise<number>, outputs: readonly Socket[]): Promise<number> {
  const closed = outputs.map((output) => new Promise<void>((resolve) => output.once('close', () => resolve())));
  const ended = Promise.all([exited, ...closed]).then(([code]) => code);
  // Whoever started the command may not wait for its end.
  ended.catch(() => undefined);
  return ended;
}

function reader(path: string): Socket {
  return new Socket({ fd: openSync(path, O_RDONLY | O_NONBLOCK), readable: true, writable: false });
}

/** Null when the command has ended already. */
function writer(path: string): Socket | null {
  try {
    return new Socket({ fd: openSync(path, O_WRONLY | O_NONBLOCK), readable: false, writable: true });
  } catch {
    return null;
  }
}
