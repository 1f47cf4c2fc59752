import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { FileHandle } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { CommandIO, CommandResult } from '../../net/remotecommand/io.ts';
import { RuntimeError } from '../runtime.ts';
import { stateWord, type Container } from './container-keeper.ts';
import type { RuntimeContext } from './context.ts';
import type { OutputStream } from './cri-lines.ts';
import { isAlive, parseProcessStat } from './processes.ts';
import { resizeBelow } from './terminal.ts';

const CHUNK = 64 * 1024;
/** How long a follower waits for a hint before it looks for itself. */
const LOOK_EVERY_MS = 1_000;

/**
 * Joins a running container: its output from now on, and its input. Ends when the container ends, or when the client's
 * input ends and the container keeps its own open (`stdinOnce` false, or a terminal); never tells the exit code.
 */
export async function runAttach(context: RuntimeContext, container: Container, io: CommandIO): Promise<CommandResult> {
  if (container.state.phase !== 'running') throw new RuntimeError('unknown', `container is in ${stateWord(container)} state`);
  const { config } = container.record;
  const leave = new AbortController();
  const signal = AbortSignal.any([leave.signal, io.signal]);
  // The followers know where they begin before any input can bring output about.
  const followers = [
    await openFollower(context, container, 'stdout'),
    ...(config.tty ? [] : [await openFollower(context, container, 'stderr')]),
  ];
  if (config.tty) io.onResize((size) => void resizeContainer(context, container, size));
  if (io.stdin) {
    if (config.stdin || config.tty) void feedThenLeave(context, container, io.stdin, leave, signal);
    else io.stdin.on('error', () => undefined).resume();
  }
  await Promise.all(
    followers.map((follower) => follow(context, container, follower, follower.stream === 'stdout' ? io.stdout : io.stderr, signal)),
  );
  leave.abort();
  return { kind: 'exited', code: 0 };
}

/** The end of the client's input ends the conversation, unless the container's input ends with it. */
async function feedThenLeave(
  context: RuntimeContext,
  container: Container,
  stdin: Readable,
  leave: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const ended = await feed(container, stdin, signal);
  if (!ended) return;
  const { stdinOnce, tty } = container.record.config;
  if (stdinOnce && !tty) await closeInput(context, container);
  else leave.abort();
}

interface Follower {
  readonly stream: OutputStream;
  readonly handle: FileHandle;
  offset: number;
}

async function openFollower(context: RuntimeContext, container: Container, stream: OutputStream): Promise<Follower> {
  const handle = await context.host.files.open(`${container.dir}/io/${stream}`, 'r');
  return { stream, handle, offset: (await handle.stat()).size };
}

/** Copies raw output as it grows, until the container has ended and all of it is out. */
async function follow(
  context: RuntimeContext,
  container: Container,
  follower: Follower,
  to: Writable | null,
  signal: AbortSignal,
): Promise<void> {
  const hold = container.pump?.hold(follower.stream, () => follower.offset);
  const buffer = Buffer.allocUnsafe(CHUNK);
  try {
    while (!signal.aborted) {
      const over = container.state.phase !== 'running';
      const read = await copySome(follower.handle, follower.offset, buffer, to, signal);
      follower.offset += read;
      if (read > 0) continue;
      if (over) return;
      await hint(context, container, signal);
    }
  } finally {
    hold?.done();
    await follower.handle.close();
  }
}

async function copySome(handle: FileHandle, offset: number, buffer: Buffer, to: Writable | null, signal: AbortSignal): Promise<number> {
  const { bytesRead } = await handle.read(buffer, 0, CHUNK, offset);
  if (bytesRead > 0 && to && !to.destroyed && !to.write(Buffer.from(buffer.subarray(0, bytesRead)))) await drained(to, signal);
  return bytesRead;
}

function drained(to: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) to.off(event, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) to.on(event, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/** Resolves when the container's files have changed, when it has ended, or after a while. */
function hint(context: RuntimeContext, container: Container, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      container.listeners.delete(done);
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = context.host.clock.after(LOOK_EVERY_MS, done);
    container.listeners.add(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/** Writes the client's input into the container's; true when it came to its end, false when the client vanished. */
function feed(container: Container, stdin: Readable, signal: AbortSignal): Promise<boolean> {
  const fd = openInput(container);
  if (fd === null) {
    stdin.on('error', () => undefined).resume();
    return Promise.resolve(false);
  }
  // The socket owns the descriptor: a file handle beside it would close it a second time.
  const pipe = new Socket({ fd, readable: false, writable: true });
  return new Promise((resolve) => {
    let over = false;
    const done = (ended: boolean): void => {
      if (over) return;
      over = true;
      stdin.unpipe(pipe).resume();
      pipe.destroySoon();
      resolve(ended);
    };
    pipe.on('error', () => done(false));
    stdin.on('error', () => done(false));
    stdin.on('end', () => done(!signal.aborted));
    signal.addEventListener('abort', () => done(false), { once: true });
    stdin.pipe(pipe, { end: false });
  });
}

/** Null when nobody reads the container's input any more: it has just ended. */
function openInput(container: Container): number | null {
  try {
    return openSync(`${container.dir}/io/stdin`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENXIO' || error.code === 'ENOENT')) return null;
    throw error;
  }
}

/** Tells the waiter to let go of the writing end of the container's input. */
async function closeInput(context: RuntimeContext, container: Container): Promise<void> {
  const waiter = await findWaiter(context, container);
  if (waiter !== null) context.host.processes.kill(waiter, 'SIGUSR1');
}

async function resizeContainer(
  context: RuntimeContext,
  container: Container,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  const waiter = await findWaiter(context, container);
  if (waiter === null) return;
  const text = await context.host.files.readFile(`/proc/${waiter}/task/${waiter}/children`, 'utf8').catch(() => '');
  for (const pid of text.split(' ').filter(Boolean)) await resizeBelow(context, Number(pid), size);
}

async function findWaiter(context: RuntimeContext, container: Container): Promise<number | null> {
  const stat = await context.host.files.readFile(`${container.dir}/waiter`, 'utf8').catch(() => '');
  const identity = parseProcessStat(stat);
  return identity && (await isAlive(context.host, identity)) ? identity.pid : null;
}
