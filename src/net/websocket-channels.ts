import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../util/clock.ts';

export interface ChannelOptions {
  /** Ends the connection when no message came or went for so long, in ms. Pings do not count. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  /** A message without its channel byte. Empty messages and undecodable base64 are dropped before. */
  readonly onMessage: (channel: number, payload: Buffer) => void;
}

/** Several byte streams over one WebSocket: the first byte of a message names its channel. */
export interface Channels {
  /** Sends one message; resolves when it has left this process, or was dropped because the client is gone. */
  send(channel: number, payload: Buffer): Promise<void>;
  /** Closes with code 1000; resolves when the connection is closed. */
  close(): Promise<void>;
}

const OPEN = 1;
const CLOSED = 3;

/** `base64`: messages are text, the channel is a digit (wsstream `Base64WebSocketProtocol`). */
export function createChannels(webSocket: WebSocket, base64: boolean, options: ChannelOptions): Channels {
  let lastActive = options.clock.monotonic();
  const idle = options.clock.every(Math.max(1, Math.min(options.idleTimeoutMs / 2, 60_000)), () => {
    if (options.clock.monotonic() - lastActive >= options.idleTimeoutMs) webSocket.terminate();
  });
  webSocket.once('close', () => idle.cancel());
  webSocket.on('message', (data: RawData) => {
    lastActive = options.clock.monotonic();
    const message = bytesOf(data);
    const first = message[0];
    if (first === undefined) return;
    if (!base64) {
      options.onMessage(first, message.subarray(1));
      return;
    }
    const text = message.toString('latin1', 1);
    if (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) options.onMessage(first - 0x30, Buffer.from(text, 'base64'));
  });
  return {
    send: (channel, payload) => {
      if (webSocket.readyState !== OPEN) return Promise.resolve();
      lastActive = options.clock.monotonic();
      const message = base64 ? `${channel}${payload.toString('base64')}` : Buffer.concat([Buffer.from([channel]), payload]);
      return new Promise((resolve) => webSocket.send(message, { binary: !base64 }, () => resolve()));
    },
    close: () => closeWebSocket(webSocket),
  };
}

/** Closes with code 1000 once all that was sent has left, and resolves when the connection is closed. */
export function closeWebSocket(webSocket: WebSocket): Promise<void> {
  if (webSocket.readyState === CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    webSocket.once('close', () => resolve());
    // The peer's close frame waits behind what it sent before: that has to be read, and is dropped.
    webSocket.resume();
    webSocket.close(1000);
  });
}

/** A message's bytes, whichever form the library hands them over in. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
