import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../util/clock.ts';
import { openSpdy } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { forward, type DialPort } from './forward.ts';
import { streamPort } from './ports.ts';

export interface ForwardServing {
  readonly dial: DialPort;
  readonly describe: (port: number, error: string) => string;
  readonly idleTimeoutMs?: number;
  /** How long the second stream of a pair may take. Default 30 s. */
  readonly creationTimeoutMs?: number;
  readonly clock?: Clock;
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

const DEFAULT_CREATION_TIMEOUT = 30_000;

/**
 * Forwards ports over one SPDY connection (CRI streaming server, `portforward/httpstream.go`): streams come in pairs of
 * data and error, matched by `requestid`, one pair a forwarded connection. Resolves when the client is gone.
 */
export async function serveSpdyForward(transport: Duplex, serving: ForwardServing): Promise<void> {
  const clock = serving.clock ?? systemClock;
  const pairs = new Map<string, Pair>();

  const complete = async (stream: { data: SpdyStream; error: SpdyStream }, port: number): Promise<void> => {
    const text = await forward({
      client: stream.data.io,
      port,
      dial: serving.dial,
      describe: serving.describe,
      signal: connection.signal,
      clock,
    });
    stream.data.io.end();
    stream.error.io.end(text ?? undefined);
  };

  const add = (stream: SpdyStream, type: 'data' | 'error', port: number): void => {
    const id = requestId(stream, type);
    const pair = pairs.get(id) ?? {};
    if (pair[type]) {
      pair.error?.io.write(`error processing stream for request ${id}: ${type} stream already assigned`);
      return;
    }
    pair[type] = stream;
    const { data, error } = pair;
    if (data && error) {
      pairs.delete(id);
      void complete({ data, error }, port);
    } else if (!pairs.has(id)) {
      pairs.set(id, pair);
      clock.after(serving.creationTimeoutMs ?? DEFAULT_CREATION_TIMEOUT, () => {
        if (pairs.get(id) !== pair) return;
        pairs.delete(id);
        pair.error?.io.write(`(conn=0, request=${id}) timed out waiting for streams`);
      });
    }
  };

  const connection = openSpdy(transport, {
    role: 'server',
    clock,
    ...(serving.idleTimeoutMs !== undefined && { idleTimeoutMs: serving.idleTimeoutMs }),
    onStream: (stream) => {
      const type = stream.headers['streamtype'];
      const port = streamPort(stream.headers['port']);
      if (port === null || (type !== 'data' && type !== 'error')) return false;
      // The client's half of the error stream carries nothing: it is read only to see its end.
      if (type === 'error') stream.io.resume();
      add(stream, type, port);
      return true;
    },
  });
  await new Promise<void>((resolve) => {
    if (connection.signal.aborted) resolve();
    else connection.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  pairs.clear();
  await connection.close();
}

/** Old clients send no id: their data stream comes right after its error stream. */
function requestId(stream: SpdyStream, type: 'data' | 'error'): string {
  return stream.headers['requestid'] ?? String(type === 'error' ? stream.id : stream.id - 2);
}
