import { Duplex } from 'node:stream';
import { MAX_DATA_PAYLOAD } from './frames.ts';
import type { StreamHeaders } from './header-block.ts';

/** One stream of a SPDY connection. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: StreamHeaders;
  /**
   * Its bytes, both ways. Reading ends at the peer's FIN or RST, or with the connection; writing to a stream or a
   * connection that is gone drops the bytes silently, as the original does.
   */
  readonly io: Duplex;
  /** Ends both directions with RST_STREAM(CANCEL), unless this side has already said its last word. */
  reset(): void;
}

/** What a stream asks of its connection. */
export interface FrameSink {
  /** Sends a DATA frame; a promise when the peer is behind: more may follow when it resolves. */
  data(stream: number, payload: Buffer, fin: boolean): Promise<void> | null;
  reset(stream: number): void;
  /** Both directions have ended. */
  done(stream: number): void;
}

/** A stream with the side that its connection works. */
export interface StreamEnd extends SpdyStream {
  /** Hands over received bytes; a promise when the reader is behind: the connection reads on when it resolves. */
  deliver(payload: Buffer): Promise<void> | null;
  /** The peer sends no more on this stream. */
  ended(): void;
  /** Neither side sends any more. */
  abandon(): void;
}

/** Bytes of one stream that wait for its reader before the connection stops reading. */
const READ_AHEAD = 256 * 1024;

export function createStream(id: number, headers: StreamHeaders, sink: FrameSink): StreamEnd {
  const state = { received: false, sent: false, discard: false };
  let caughtUp: (() => void) | null = null;
  const wake = (): void => {
    caughtUp?.();
    caughtUp = null;
  };
  const settle = (): void => {
    if (state.received && state.sent) sink.done(id);
  };
  const io = new Duplex({
    readableHighWaterMark: READ_AHEAD,
    writableHighWaterMark: 2 * MAX_DATA_PAYLOAD,
    read: wake,
    write: (chunk: Buffer, _encoding, callback) => {
      if (state.sent) callback();
      else after(sendAll(chunk), callback);
    },
    writev: (chunks: readonly { readonly chunk: Buffer }[], callback) => {
      if (state.sent) callback();
      else after(sendEach(chunks), callback);
    },
    final: (callback) => {
      if (state.sent) {
        callback();
        return;
      }
      state.sent = true;
      after(sink.data(id, Buffer.alloc(0), true), callback);
      settle();
    },
    destroy: (error, callback) => {
      state.discard = true;
      wake();
      callback(error);
    },
  });
  // Destroying a stream with an error is its owner's affair; the connection goes on.
  io.on('error', () => undefined);

  function sendAll(chunk: Buffer, from = 0): Promise<void> | null {
    for (let at = from; at < chunk.length && !state.sent; at += MAX_DATA_PAYLOAD) {
      const behind = sink.data(id, chunk.subarray(at, at + MAX_DATA_PAYLOAD), false);
      if (behind !== null) return behind.then(() => sendAll(chunk, at + MAX_DATA_PAYLOAD) ?? undefined);
    }
    return null;
  }

  function sendEach(chunks: readonly { readonly chunk: Buffer }[], from = 0): Promise<void> | null {
    for (const [at, { chunk }] of chunks.entries()) {
      if (at < from) continue;
      const behind = sendAll(chunk);
      if (behind !== null) return behind.then(() => sendEach(chunks, at + 1) ?? undefined);
    }
    return null;
  }

  function ended(): void {
    if (state.received) return;
    state.received = true;
    if (!state.discard) io.push(null);
    settle();
  }

  function abandon(): void {
    state.sent = true;
    ended();
    wake();
    settle();
  }

  return {
    id,
    headers,
    io,
    deliver: (payload) => {
      if (state.received || state.discard || payload.length === 0 || io.push(payload)) return null;
      return new Promise((resolve) => (caughtUp = resolve));
    },
    ended,
    abandon,
    reset: () => {
      if (!state.sent) sink.reset(id);
      state.discard = true;
      abandon();
    },
  };
}

/** Sending never fails (a gone connection drops bytes), so there is no error to hand on. */
function after(work: Promise<void> | null, callback: () => void): void {
  if (work === null) callback();
  else void whenDone(work, callback);
}

async function whenDone(work: Promise<void>, callback: () => void): Promise<void> {
  await work;
  callback();
}
