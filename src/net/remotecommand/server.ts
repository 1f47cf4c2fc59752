import { errorText } from '../../util/log.ts';
import { goSlice } from '../go-text.ts';
import type { UpgradeExchange } from '../http.ts';
import { acceptSpdy, type SpdyRefusals } from '../spdy-handshake.ts';
import { acceptWebSocket, isWebSocketRequest } from '../websocket-handshake.ts';
import type { CommandVersion, Ending } from './ending.ts';
import type { CommandIO, CommandResult } from './io.ts';
import type { CommandOptions } from './options.ts';
import { serveSpdyCommand } from './spdy-server.ts';
import { serveWebSocketCommand, WEBSOCKET_COMMAND_PROTOCOLS } from './websocket-server.ts';

/** SPDY sub-protocols of exec and attach, and the version that each is. */
export const SPDY_COMMAND_PROTOCOLS: Readonly<Record<string, CommandVersion>> = {
  'v4.channel.k8s.io': 4,
  'v3.channel.k8s.io': 3,
  'v2.channel.k8s.io': 2,
  'channel.k8s.io': 1,
};

const V5 = 'v5.channel.k8s.io';

const REFUSALS: SpdyRefusals = { missing: [400, 'unable to upgrade: X-Stream-Protocol-Version is required'], repeats: 2 };

/**
 * Serves exec or attach to whichever client: negotiates SPDY or WebSocket, hands the streams to `run`, and tells the client
 * how it ended. Refusals are answered here. Resolves when the conversation is over, also when the client vanished: then
 * `run` goes on with stdin at its end and its output dropped, as the original's processes do (`io.signal` tells).
 */
export async function serveCommand(
  upgrade: UpgradeExchange,
  options: CommandOptions,
  run: (io: CommandIO) => Promise<CommandResult>,
): Promise<void> {
  if (isWebSocketRequest(upgrade)) {
    const accepted = await acceptWebSocket(upgrade, chooseWebSocketProtocol);
    const protocol = accepted && WEBSOCKET_COMMAND_PROTOCOLS[accepted.protocol];
    if (!protocol) return;
    await serveWebSocketCommand(accepted.webSocket, protocol, options, (io) => runToEnd(io, options, protocol.version, run));
    return;
  }
  const accepted = acceptSpdy(upgrade, Object.keys(SPDY_COMMAND_PROTOCOLS), REFUSALS);
  if (!accepted) return;
  const version = SPDY_COMMAND_PROTOCOLS[accepted.protocol] ?? 1;
  await serveSpdyCommand(accepted.transport, version, options, (io) => runToEnd(io, options, version, run));
}

/** Version 5 wherever it stands in the client's list, since a hop that knows it ends it; else the first that is known. */
function chooseWebSocketProtocol(offered: readonly string[]): string | null {
  if (offered.includes(V5)) return V5;
  return offered.find((protocol) => Object.hasOwn(WEBSOCKET_COMMAND_PROTOCOLS, protocol)) ?? null;
}

async function runToEnd(
  io: CommandIO,
  options: CommandOptions,
  version: CommandVersion,
  run: (io: CommandIO) => Promise<CommandResult>,
): Promise<Ending> {
  const result = await run(io).catch((error: unknown): CommandResult => ({ kind: 'failed', message: errorText(error) }));
  return describe(result, options, version);
}

/** The texts of the original, where version 5 is a translation: it rewrites exit codes and wraps errors once more. */
function describe(result: CommandResult, options: CommandOptions, version: CommandVersion): Ending {
  if (result.kind === 'exited') {
    const text =
      version === 5
        ? `command terminated with exit code ${result.code}`
        : `error executing command ${goSlice(options.command ?? [])}, exit code ${result.code}`;
    return { kind: 'exited', code: result.code, text };
  }
  const action = options.command ? 'error executing command in container' : 'error attaching to container';
  const message = `${action}: ${result.message}`;
  return { kind: 'failed', message: version === 5 ? `Internal error occurred: ${message}` : message };
}
