import { pipeline } from 'node:stream/promises';
import { errorText } from '../../util/log.ts';
import type { ProxyTarget } from '../backend.ts';
import type { UpgradeExchange } from '../http.ts';
import type { SpdyConnection } from '../spdy/connection.ts';
import { acceptWebSocket, isWebSocketRequest, offeredSubProtocols } from '../websocket-handshake.ts';
import { readEnding, type CommandVersion, type Ending } from './ending.ts';
import type { CommandIO } from './io.ts';
import type { CommandOptions } from './options.ts';
import { connectSpdy } from './spdy-client.ts';
import { serveWebSocketCommand } from './websocket-server.ts';

/** The first WebSocket sub-protocol that tells of a closed input. */
export const V5_PROTOCOL = 'v5.channel.k8s.io';
const UPSTREAM: Readonly<Record<string, CommandVersion>> = {
  [V5_PROTOCOL]: 4,
  'v4.channel.k8s.io': 4,
  'v3.channel.k8s.io': 3,
  'v2.channel.k8s.io': 2,
  'channel.k8s.io': 1,
};
/** Bytes of the backend's error stream that are kept. */
const MAX_STATUS = 1 << 20;

/** True for what has to be translated where the backend speaks SPDY only: WebSocket with v5 among its sub-protocols. */
export function wantsTranslation(upgrade: UpgradeExchange): boolean {
  return isWebSocketRequest(upgrade) && offeredSubProtocols(upgrade).includes(V5_PROTOCOL);
}

/**
 * Ends a WebSocket v5 conversation here and goes on as SPDY towards a kubelet or a CRI streaming server (apiserver
 * `streamtranslator.go`). The handshake is answered before the backend is asked: its failures arrive on the error channel.
 */
export async function translateCommand(upgrade: UpgradeExchange, target: ProxyTarget, options: CommandOptions): Promise<void> {
  const accepted = await acceptWebSocket(upgrade, (offered) => (offered.includes(V5_PROTOCOL) ? V5_PROTOCOL : null));
  if (!accepted) return;
  await serveWebSocketCommand(accepted.webSocket, { version: 5, base64: false }, options, (io) =>
    runRemote(target, options, io).catch((error: unknown): Ending => ({ kind: 'failed', message: errorText(error) })),
  );
}

async function runRemote(target: ProxyTarget, options: CommandOptions, io: CommandIO): Promise<Ending> {
  const { connection, protocol } = await connectSpdy(target, Object.keys(UPSTREAM), io.signal);
  const leave = (): void => void connection.close();
  io.signal.addEventListener('abort', leave, { once: true });
  try {
    return await converse(connection, UPSTREAM[protocol] ?? 1, options, io);
  } finally {
    io.signal.removeEventListener('abort', leave);
    void connection.close();
  }
}

async function converse(connection: SpdyConnection, version: CommandVersion, options: CommandOptions, io: CommandIO): Promise<Ending> {
  const error = await connection.open({ streamtype: 'error' });
  error.io.end();
  const status = collectText(error.io);
  const outputs: Promise<void>[] = [];
  // What comes back before the copying has begun waits in the stream.
  const stdin = io.stdin && (await connection.open({ streamtype: 'stdin' }));
  for (const [streamtype, sink] of [
    ['stdout', io.stdout],
    ['stderr', io.stderr],
  ] as const) {
    if (sink) outputs.push(pipeline((await connection.open({ streamtype })).io, sink));
  }
  if (options.tty && version >= 3) {
    const resize = await connection.open({ streamtype: 'resize' });
    io.onResize((size) => void resize.io.write(`${JSON.stringify({ Width: size.width, Height: size.height })}\n`));
  }
  // Input that the command never reads ends with the connection, not with an error.
  if (stdin && io.stdin) pipeline(io.stdin, stdin.io).catch(() => undefined);
  await Promise.all(outputs.map((output) => output.catch(() => undefined)));
  return readEnding(version, await status);
}

/** A stream's text to its end, at most `MAX_STATUS` bytes. */
function collectText(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      if (size < MAX_STATUS) chunks.push(chunk);
      size += chunk.length;
    });
    stream.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
