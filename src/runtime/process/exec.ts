import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { CommandIO, CommandResult } from '../../net/remotecommand/io.ts';
import { RuntimeError } from '../runtime.ts';
import { checkArguments, pathOf } from './command-line.ts';
import { identityArguments } from './container-start.ts';
import { stateWord, type Container } from './container-keeper.ts';
import type { RuntimeContext } from './context.ts';
import { plainArguments } from './plain.ts';
import { startCommand, type StartedCommand } from './exec-start.ts';
import { childrenOf, verdictOf } from './processes.ts';
import { TOOLS_IN_CONTAINER } from './scripts.ts';
import { execError } from './start-errors.ts';
import { openTerminal } from './terminal.ts';

/** Bytes of each stream that ExecSync keeps (containerd `maxExecSyncDataLength`). */
const MAX_SYNC_OUTPUT = 16 * 2 ** 20;

export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
}

/**
 * Runs a command in a container's namespaces, root, cgroup, user and environment. The command outlives a client that
 * vanishes, as it does under containerd. A command that cannot be started is a `failed` result in containerd's words.
 */
export async function runExec(context: RuntimeContext, container: Container, options: ExecOptions, io: CommandIO): Promise<CommandResult> {
  requireRunning(container);
  const args = await enterArguments(context, container, options);
  if (options.tty) return runInTerminal(context, container, options, io, args);
  const { stdin, stdout, stderr, verdict, ended } = await startCommand(context, container.dir, args, io.stdin !== null);
  if (verdict.mark !== 'ok') {
    const complaint = await collect(stderr, 1024);
    stdout.destroy();
    const text = verdict.text || complaint.toString().trim();
    return { kind: 'failed', message: execError({ ...verdict, text }, options.command[0] ?? '', randomBytes(32).toString('hex')).message };
  }
  if (stdin === null) io.stdin?.resume();
  else if (io.stdin) feed(io.stdin, stdin);
  drain(stdout, io.stdout, io.signal);
  drain(stderr, io.stderr, io.signal);
  return { kind: 'exited', code: await ended };
}

/** Runs a command to its end and keeps its output. Rejects with `deadlineExceeded` after `timeoutSeconds`, when that is not 0. */
export async function runExecSync(
  context: RuntimeContext,
  container: Container,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }> {
  requireRunning(container);
  const args = await enterArguments(context, container, { command, tty: false });
  let late = false;
  let started: StartedCommand | undefined;
  const stop = (): void => {
    if (started === undefined) return;
    killExec(context, started.pid);
    started.stdout.destroy();
    started.stderr.destroy();
  };
  const expire = (): void => {
    late = true;
    stop();
  };
  const timer = timeoutSeconds > 0 ? context.host.clock.after(timeoutSeconds * 1000, expire) : null;
  try {
    started = await startCommand(context, container.dir, args, false);
    if (late) stop();
    const { verdict, ended } = started;
    const [stdout, stderr, exitCode] = await Promise.all([
      collect(started.stdout, MAX_SYNC_OUTPUT),
      collect(started.stderr, MAX_SYNC_OUTPUT),
      ended,
    ]);
    if (late)
      throw new RuntimeError(
        'deadlineExceeded',
        `failed to exec in container: timeout ${timeoutSeconds}s exceeded: context deadline exceeded`,
      );
    if (verdict.mark !== 'ok') {
      throw execError(
        { ...verdict, text: verdict.text || stderr.subarray(0, 1024).toString().trim() },
        command[0] ?? '',
        randomBytes(32).toString('hex'),
      );
    }
    return { stdout, stderr, exitCode };
  } finally {
    timer?.cancel();
  }
}

function requireRunning(container: Container): void {
  if (container.state.phase !== 'running')
    throw new RuntimeError('unknown', `failed to exec in container: container is in ${stateWord(container)} state`);
}

/** Arguments for `sh` that end in the command inside the container. */
async function enterArguments(context: RuntimeContext, container: Container, options: ExecOptions): Promise<string[]> {
  const { record, state } = container;
  const env = options.tty && !record.env.some((entry) => entry.startsWith('TERM=')) ? [...record.env, 'TERM=xterm'] : record.env;
  checkArguments(options.command, env);
  if (context.plain) return plainArguments(context, record, '', options.command, env);
  const groups = (await context.cgroups?.joinFiles(record.cgroup)) ?? [];
  const tool = (name: string): string[] => [
    `${TOOLS_IN_CONTAINER}/ld.so`,
    '--inhibit-cache',
    '--library-path',
    TOOLS_IN_CONTAINER,
    `${TOOLS_IN_CONTAINER}/${name}`,
  ];
  // A shell's job control needs a terminal whose session and process groups are of its own pid namespace.
  const inside = [...(options.tty ? [...tool('setsid'), '--ctty'] : []), ...tool('sh')];
  const join = ['nsenter', '--target', String(state.pid), '--mount', '--net', '--uts', '--ipc', '--pid', '--'];
  const script = [
    `${TOOLS_IN_CONTAINER}/exec.sh`,
    record.workdir,
    pathOf(env),
    options.command[0] ?? '',
    identityArguments(context, record).join(' '),
  ];
  return [`${context.tools.scripts}/enter.sh`, String(groups.length), ...groups, ...join, ...inside, ...script, ...env, ...options.command];
}

function killExec(context: RuntimeContext, pid: number | undefined): void {
  if (pid === undefined) return;
  for (const child of childrenOf(pid)) context.host.processes.kill(child, 'SIGKILL');
  context.host.processes.kill(pid, 'SIGKILL');
}

/** A process that does not read its input, or closes it, is no error. */
function feed(source: Readable, input: Writable): void {
  input.on('error', () => source.unpipe(input).resume());
  source.on('error', () => input.end());
  source.on('close', () => input.end());
  source.pipe(input);
}

/** Carries output to the client with backpressure; without a client, or after it has gone, drops it. */
function drain(output: Readable, to: Writable | null, signal: AbortSignal): void {
  output.on('error', () => undefined);
  if (!to) {
    output.resume();
    return;
  }
  const drop = (): void => void output.unpipe(to).resume();
  to.on('error', drop);
  signal.addEventListener('abort', drop, { once: true });
  output.pipe(to, { end: false });
}

async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk) || size >= limit) continue;
      chunks.push(chunk.subarray(0, limit - size));
      size += chunk.length;
    }
  } catch {
    // A stream that was destroyed at the deadline has given what it gave.
  }
  return Buffer.concat(chunks);
}

async function runInTerminal(
  context: RuntimeContext,
  container: Container,
  options: ExecOptions,
  io: CommandIO,
  args: readonly string[],
): Promise<CommandResult> {
  const id = randomBytes(32).toString('hex');
  const verdictFile = `${container.dir}/exec-${id}`;
  const terminal = await openTerminal(context, ['sh', `${context.tools.scripts}/say-to.sh`, verdictFile, 'sh', ...args]);
  io.onResize((size) => terminal.resize(size));
  if (io.stdin) {
    const { stdin } = io;
    stdin.on('data', (chunk: Buffer) => {
      if (!terminal.write(chunk)) stdin.pause();
    });
    terminal.onDrain(() => stdin.resume());
    stdin.on('error', () => undefined);
    // The end of a client's input is the end-of-file character to whoever reads the terminal.
    if (!io.signal.aborted) stdin.on('end', () => void (io.signal.aborted || terminal.write(Buffer.from([4]))));
  }
  drain(terminal.output, io.stdout, io.signal);
  const code = await terminal.exited;
  const said = await context.host.files.readFile(verdictFile, 'utf8').catch(() => '');
  await context.host.files.rm(verdictFile, { force: true });
  const verdict = verdictOf(said);
  if (verdict.mark === 'ok') return { kind: 'exited', code };
  return { kind: 'failed', message: execError(verdict, options.command[0] ?? '', id).message };
}
