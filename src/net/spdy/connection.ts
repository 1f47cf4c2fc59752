import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../util/clock.ts';
import { closeGently } from '../close-gently.ts';
import { createDrain } from '../drain.ts';
import { gatherWrites } from '../gather-writes.ts';
import { readChunks } from '../chunk-reader.ts';
import { createFrameReader, dataHead, goAway, ping, rstStream, RST, SpdyError, synReply, synStream, type Frame } from './frames.ts';
import { createBlockReader, createBlockWriter, type StreamHeaders } from './header-block.ts';
import { createStream, type FrameSink, type SpdyStream, type StreamEnd } from './stream.ts';

export interface SpdyOptions {
  readonly role: 'server' | 'client';
  /** Asked for each stream that the peer opens: true accepts it (SYN_REPLY), false resets it. It may use the stream at once. */
  readonly onStream?: (stream: SpdyStream) => boolean;
  /** Ends a connection on which no frame came or went for so long, in ms. Default 4 h. */
  readonly idleTimeoutMs?: number;
  /** Sends a PING so often, in ms; only clients do. A missing answer is not an error. */
  readonly pingEveryMs?: number;
  readonly clock?: Clock;
}

export interface SpdyConnection {
  /** Opens a stream; resolves at the peer's reply. Rejects with `SpdyError` when it is refused or the connection ends. */
  open(headers: StreamHeaders): Promise<SpdyStream>;
  /** Resets what is still open, says GOAWAY, and ends the transport gently. Resolves when the transport is closed. */
  close(): Promise<void>;
  /** Aborted when the peer is gone, or broke the protocol; `reason` says which. */
  readonly signal: AbortSignal;
}

const DEFAULT_IDLE = 4 * 3_600_000;
/** Streams that one peer may have open at a time. */
const MAX_STREAMS = 4096;
/** Bytes of data that are on their way to the peer before streams wait: several frames then leave in one write. */
const MAX_IN_FLIGHT = 256 * 1024;
/** Bytes of answers that may wait for a peer that does not read them. */
const MAX_UNSENT = 256 * 1024;

/**
 * Speaks SPDY/3.1 over a transport, as moby/spdystream does: no flow control windows (TCP pushes back instead), frames of
 * the other parity's PING echoed, unknown streams ignored. A broken frame kills the connection without an answer.
 */
export function openSpdy(transport: Duplex, options: SpdyOptions): SpdyConnection {
  const clock = options.clock ?? systemClock;
  const server = options.role === 'server';
  const streams = new Map<number, StreamEnd>();
  const opening = new Map<number, { stream: StreamEnd; resolve: (stream: SpdyStream) => void; reject: (error: Error) => void }>();
  const gone = new AbortController();
  // Each forwarded connection listens.
  setMaxListeners(0, gone.signal);
  const writeBlock = createBlockWriter();
  const blocks = createBlockReader();
  let [nextOwn, nextPeer, lastPeer, nextPing] = [server ? 2 : 1, 1, 0, server ? 2 : 1];
  let closing = false;
  let unsent = 0;
  let stalled = false;
  let lastActive = clock.monotonic();

  const drained = createDrain(transport);
  const write = (bytes: Buffer): void => {
    lastActive = clock.monotonic();
    if (!transport.writable) return;
    unsent += bytes.length;
    transport.write(bytes, () => (unsent -= bytes.length));
  };
  const sink: FrameSink = {
    data: (stream, payload, fin) => {
      if (!transport.writable) return null;
      lastActive = clock.monotonic();
      gatherWrites(transport);
      transport.write(dataHead(stream, payload.length, fin));
      if (payload.length > 0) transport.write(payload);
      return transport.writableLength > MAX_IN_FLIGHT ? drained() : null;
    },
    reset: (stream) => write(rstStream(stream, RST.CANCEL)),
    done: (stream) => streams.delete(stream),
  };

  const end = (reason: Error): void => {
    if (gone.signal.aborted) return;
    gone.abort(reason);
    chunks.stop();
    idle.cancel();
    pinger?.cancel();
    blocks.close();
    for (const stream of streams.values()) stream.abandon();
    streams.clear();
    for (const waiter of opening.values()) waiter.reject(reason);
    opening.clear();
  };

  const accept = async (frame: Frame & { type: 'synStream' }): Promise<void> => {
    const headers = await blocks.read(frame.block);
    if (frame.stream < nextPeer || streams.size >= MAX_STREAMS || !options.onStream) {
      write(rstStream(frame.stream, frame.stream < nextPeer ? RST.PROTOCOL_ERROR : RST.REFUSED_STREAM));
      return;
    }
    nextPeer = frame.stream + 2;
    lastPeer = frame.stream;
    const stream = createStream(frame.stream, headers, sink);
    streams.set(frame.stream, stream);
    if (!options.onStream(stream)) {
      stream.reset();
      return;
    }
    write(synReply(frame.stream, writeBlock({})));
    if (frame.fin) stream.ended();
  };

  const answered = async (frame: Frame & { type: 'synReply' | 'headers' }): Promise<void> => {
    await blocks.read(frame.block);
    const waiter = opening.get(frame.stream);
    if (frame.type === 'synReply' && waiter) {
      opening.delete(frame.stream);
      waiter.resolve(waiter.stream);
    }
    if (frame.fin) streams.get(frame.stream)?.ended();
  };

  const refused = (stream: number, status: number): void => {
    opening.get(stream)?.reject(new SpdyError(`stream was reset with status ${status}`));
    opening.delete(stream);
    streams.get(stream)?.abandon();
  };

  const handle = (frame: Frame): Promise<void> | null => {
    switch (frame.type) {
      case 'data': {
        const stream = streams.get(frame.stream);
        const behind = stream?.deliver(frame.payload) ?? null;
        if (frame.fin) stream?.ended();
        return behind;
      }
      case 'synStream':
        return accept(frame);
      case 'synReply':
      case 'headers':
        return answered(frame);
      case 'rst':
        refused(frame.stream, frame.status);
        return null;
      case 'ping':
        if ((frame.id % 2 === 1) === server) write(ping(frame.id));
        return null;
      case 'goAway':
        throw new SpdyError('the peer went away');
      case 'settings':
      case 'windowUpdate':
      default:
        return null;
    }
  };

  const pump = async (): Promise<void> => {
    const read = createFrameReader();
    try {
      for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) {
        lastActive = clock.monotonic();
        for (const frame of read(chunk)) {
          stalled = frame.type === 'data';
          await handle(frame);
        }
        stalled = false;
        // A peer that sends PINGs and reads no answers must not fill this side's memory. Data that waits is no reason to
        // stop reading: two sides that both wait for the other to read would wait for ever.
        if (unsent > MAX_UNSENT) await drained();
      }
      end(new SpdyError('the connection ended'));
    } catch (error) {
      end(error instanceof Error ? error : new SpdyError(String(error)));
      if (!closing) transport.destroy();
    }
  };

  const close = async (): Promise<void> => {
    if (!closing) {
      closing = true;
      for (const stream of streams.values()) stream.reset();
      write(goAway(lastPeer, 0));
      end(new SpdyError('the connection was closed'));
    }
    await closeGently(transport);
  };

  const idleTimeout = options.idleTimeoutMs ?? DEFAULT_IDLE;
  const idle = clock.every(Math.max(1, Math.min(idleTimeout / 2, 60_000)), () => {
    if (clock.monotonic() - lastActive >= idleTimeout) void close();
  });
  const pinger =
    options.pingEveryMs === undefined
      ? null
      : clock.every(options.pingEveryMs, () => {
          write(ping(nextPing));
          nextPing += 2;
        });
  transport.on('error', () => undefined);
  const chunks = readChunks(transport);
  // The reading loop sees the end by itself, behind the frames that are still in hand; unless a stream's reader holds it up.
  transport.once('close', () => {
    if (stalled) end(new SpdyError('the connection was cut'));
  });
  void pump();

  return {
    signal: gone.signal,
    close,
    open: (headers) =>
      new Promise((resolve, reject) => {
        if (gone.signal.aborted) {
          reject(new SpdyError('the connection is closed'));
          return;
        }
        const stream = createStream(nextOwn, headers, sink);
        nextOwn += 2;
        streams.set(stream.id, stream);
        opening.set(stream.id, { stream, resolve, reject });
        write(synStream(stream.id, writeBlock(headers)));
      }),
  };
}
