import { setMaxListeners } from 'node:events';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { systemClock } from '../../util/clock.ts';
import { createChannels, type Channels } from '../websocket-channels.ts';
import { forward } from './forward.ts';
import type { ForwardServing } from './spdy-server.ts';

/** WebSocket sub-protocols of the old form of port-forward, and whether their messages are base64 text. */
export const WEBSOCKET_FORWARD_PROTOCOLS: Readonly<Record<string, boolean>> = {
  '': false,
  'v4.channel.k8s.io': false,
  'v4.base64.channel.k8s.io': true,
};

const DEFAULT_IDLE_TIMEOUT = 4 * 3_600_000;
/** Bytes of one port that wait for the pod before the socket is paused. */
const READ_AHEAD = 256 * 1024;
const MAX_PART = 32_768;

/**
 * Forwards the ports of a query over one WebSocket (`portforward/websocket.go`): port number i has channel 2i for data and
 * 2i+1 for its error text; each begins with the port, little-endian. All ports are dialled at once; when all have ended
 * the socket is closed with 1000.
 */
export async function serveWebSocketForward(
  webSocket: WebSocket,
  base64: boolean,
  ports: readonly number[],
  serving: ForwardServing,
): Promise<void> {
  const inputs: Duplex[] = [];
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  const clock = serving.clock ?? systemClock;
  const channels = createChannels(webSocket, base64, {
    idleTimeoutMs: serving.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT,
    clock,
    onMessage: (channel, payload) => {
      const stream = channel % 2 === 0 ? inputs[channel / 2] : undefined;
      if (stream && !stream.destroyed && payload.length > 0 && !stream.push(payload)) webSocket.pause();
    },
  });
  ports.forEach((_port, index) => inputs.push(dataStream(webSocket, channels, index * 2)));
  webSocket.once('close', () => {
    for (const stream of inputs) if (!stream.destroyed) stream.push(null);
    gone.abort();
  });
  await Promise.all(
    ports.map(async (port, index) => {
      const named = Buffer.from([port & 0xff, port >>> 8]);
      await channels.send(index * 2, named);
      await channels.send(index * 2 + 1, named);
      const stream = inputs[index];
      if (!stream) return;
      const text = await forward({ client: stream, port, dial: serving.dial, describe: serving.describe, signal: gone.signal, clock });
      await flushed(stream);
      if (text) await channels.send(index * 2 + 1, Buffer.from(text));
    }),
  );
  inputs.forEach((stream) => stream.destroy());
  await channels.close();
}

function dataStream(webSocket: WebSocket, channels: Channels, channel: number): Duplex {
  const send = async (chunk: Buffer, callback: () => void): Promise<void> => {
    for (let at = 0; at < chunk.length; at += MAX_PART) await channels.send(channel, chunk.subarray(at, at + MAX_PART));
    callback();
  };
  return new Duplex({
    readableHighWaterMark: READ_AHEAD,
    read: () => webSocket.resume(),
    write: (chunk: Buffer, _encoding, callback) => void send(chunk, callback),
  });
}

function flushed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.once('close', resolve).end(resolve);
  });
}
