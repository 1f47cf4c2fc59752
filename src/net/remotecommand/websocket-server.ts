import { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { systemClock } from '../../util/clock.ts';
import { createChannels } from '../websocket-channels.ts';
import { endingText, type CommandVersion } from './ending.ts';
import { DEFAULT_IDLE_TIMEOUT, type CommandOptions, type RunToEnd } from './options.ts';
import { createOutput, flushed } from './output.ts';
import { createResizes } from './resize.ts';

/** A WebSocket sub-protocol of remote commands. */
export interface WebSocketCommandProtocol {
  readonly version: CommandVersion;
  /** Messages are text: the channel as a digit, the rest in base64. */
  readonly base64: boolean;
}

export const WEBSOCKET_COMMAND_PROTOCOLS: Readonly<Record<string, WebSocketCommandProtocol>> = {
  '': { version: 1, base64: false },
  'channel.k8s.io': { version: 1, base64: false },
  'base64.channel.k8s.io': { version: 1, base64: true },
  'v4.channel.k8s.io': { version: 4, base64: false },
  'v4.base64.channel.k8s.io': { version: 4, base64: true },
  'v5.channel.k8s.io': { version: 5, base64: false },
};

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const CHANNELS = 5;
/** Bytes of stdin that wait for the command before the socket is paused. */
const READ_AHEAD = 256 * 1024;

/**
 * Serves one command over WebSocket channels (`wsstream/conn.go`, `remotecommand/websocket.go`): an empty message as
 * greeting, one message a write, the status on channel 3, close code 1000. When the client vanishes the command goes on.
 */
export async function serveWebSocketCommand(
  webSocket: WebSocket,
  protocol: WebSocketCommandProtocol,
  options: CommandOptions,
  run: RunToEnd,
): Promise<void> {
  const hasStderr = options.stderr && !options.tty;
  const gone = new AbortController();
  const resizes = createResizes();
  const stdin = options.stdin ? new Readable({ highWaterMark: READ_AHEAD, read: () => webSocket.resume() }) : null;
  let stdinOver = false;
  const endStdin = (): void => {
    if (!stdinOver) stdin?.push(null);
    stdinOver = true;
  };
  const channels = createChannels(webSocket, protocol.base64, {
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT,
    clock: options.clock ?? systemClock,
    onMessage: (channel, payload) => {
      if (channel === CHANNEL.close && protocol.version === 5) closeChannel(payload);
      else if (channel === CHANNEL.resize && options.tty) resizes.push(payload);
      else if (channel === CHANNEL.stdin && stdin && !stdinOver && !stdin.destroyed && payload.length > 0 && !stdin.push(payload))
        webSocket.pause();
    },
  });
  const closeChannel = (payload: Buffer): void => {
    const [channel] = payload;
    if (payload.length !== 1 || channel === undefined || channel >= CHANNELS) webSocket.terminate();
    else if (channel === CHANNEL.stdin) endStdin();
  };
  webSocket.once('close', () => {
    endStdin();
    gone.abort();
  });
  const output = (channel: number): ReturnType<typeof createOutput> => createOutput((part) => channels.send(channel, part));
  const stdout = options.stdout ? output(CHANNEL.stdout) : null;
  const stderr = hasStderr ? output(CHANNEL.stderr) : null;
  await channels.send(stdout ? CHANNEL.stdout : stderr ? CHANNEL.stderr : CHANNEL.error, Buffer.alloc(0));
  const ending = await run({ stdin, stdout, stderr, onResize: (listener) => resizes.onResize(listener), signal: gone.signal });
  await Promise.all([flushed(stdout), flushed(stderr)]);
  const text = endingText(protocol.version, ending);
  if (text !== '') await channels.send(CHANNEL.error, Buffer.from(text));
  stdin?.destroy();
  await channels.close();
}
