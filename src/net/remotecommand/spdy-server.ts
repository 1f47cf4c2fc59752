import type { Duplex } from 'node:stream';
import { systemClock } from '../../util/clock.ts';
import { openSpdy, type SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { endingText, type CommandVersion } from './ending.ts';
import { DEFAULT_CREATION_TIMEOUT, DEFAULT_IDLE_TIMEOUT, type CommandOptions, type RunToEnd } from './options.ts';
import { createOutput, flushed } from './output.ts';
import { createResizes } from './resize.ts';

/**
 * Serves one command over SPDY (CRI streaming server, `remotecommand/httpstream.go`): waits for the client's streams, runs
 * the command, ends the outputs, writes the status, then resets what is left and says GOAWAY. When the client vanishes
 * the command goes on: its stdin ends and its output is dropped.
 */
export async function serveSpdyCommand(transport: Duplex, version: CommandVersion, options: CommandOptions, run: RunToEnd): Promise<void> {
  const expected = expectedStreams(version, options);
  const streams = new Map<string, SpdyStream>();
  const clock = options.clock ?? systemClock;
  const complete = deferred();
  const connection = openSpdy(transport, {
    role: 'server',
    clock,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT,
    onStream: (stream) => {
      const type = stream.headers['streamtype'] ?? '';
      if (expected.has(type) && !streams.has(type)) streams.set(type, stream);
      if (streams.size === expected.size) complete.resolve(true);
      return true;
    },
  });
  connection.signal.addEventListener('abort', () => complete.resolve(false));
  const timer = clock.after(options.creationTimeoutMs ?? DEFAULT_CREATION_TIMEOUT, () => complete.resolve(false));
  const ready = await complete.promise;
  timer.cancel();
  if (ready) await converse(connection, streams, version, run);
  await connection.close();
}

async function converse(
  connection: SpdyConnection,
  streams: ReadonlyMap<string, SpdyStream>,
  version: CommandVersion,
  run: RunToEnd,
): Promise<void> {
  const output = (name: string): ReturnType<typeof createOutput> | null => {
    const io = streams.get(name)?.io;
    return io === undefined
      ? null
      : createOutput(
          (part) => written(io, part),
          () => ended(io),
        );
  };
  const [stdout, stderr, error] = [output('stdout'), output('stderr'), streams.get('error')?.io];
  const resizes = createResizes();
  streams.get('resize')?.io.on('data', (chunk: Buffer) => resizes.push(chunk));
  const ending = await run({
    stdin: streams.get('stdin')?.io ?? null,
    stdout,
    stderr,
    onResize: (listener) => resizes.onResize(listener),
    signal: connection.signal,
  });
  // What the command did not read must not keep the connection from reading on.
  streams.get('stdin')?.io.destroy();
  await Promise.all([flushed(stdout), flushed(stderr)]);
  const text = endingText(version, ending);
  if (error && text !== '') await written(error, Buffer.from(text));
}

function expectedStreams(version: CommandVersion, options: CommandOptions): Set<string> {
  const names = new Set(['error']);
  if (options.stdin) names.add('stdin');
  if (options.stdout) names.add('stdout');
  if (options.stderr && !options.tty) names.add('stderr');
  if (options.tty && version >= 3) names.add('resize');
  return names;
}

function written(io: Duplex, part: Buffer): Promise<void> {
  return new Promise((resolve) => io.write(part, () => resolve()));
}

function ended(io: Duplex): Promise<void> {
  return new Promise((resolve) => io.end(resolve));
}

function deferred(): { promise: Promise<boolean>; resolve: (value: boolean) => void } {
  let resolve: (value: boolean) => void = () => undefined;
  const promise = new Promise<boolean>((settle) => (resolve = settle));
  return { promise, resolve };
}
