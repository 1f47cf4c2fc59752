/** What exec, attach and port-forward share: parameters, and the way from a runtime's target to the client. */
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { parseDuration } from '../../../api/duration.ts';
import type { UpgradeExchange } from '../../../net/http.ts';
import { TUNNEL_PROTOCOL } from '../../../net/portforward/server.ts';
import { BackendError, proxyUpgrade, type ProxyTarget } from '../../../net/proxy.ts';
import { V5_PROTOCOL } from '../../../net/remotecommand/translate.ts';
import { goHttpError, sendText } from '../../../net/respond.ts';
import { asExchange } from '../../../net/upgrade-exchange.ts';
import { gateIsOn } from '../feature-gates.ts';
import { formValues } from '../form.ts';
import { redirectToStream } from '../legacy/cri.ts';
import type { StreamKind } from '../legacy/stream-tokens.ts';
import type { KubeletRequest, ServerContext } from '../request.ts';
import { grpcText, streamingStatus } from '../runtime-errors.ts';

/** Which streams the client wants. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Reads `input`, `output`, `error` and `tty`, of the query or a form, where exactly `1` is yes; undefined when no stream is wanted, and answered. */
export async function streamOptions(request: KubeletRequest): Promise<StreamOptions | undefined> {
  const { values } = await formValues(request);
  const is = (name: string): boolean => values.get(name) === '1';
  const tty = is('tty');
  // A terminal's output is one stream (cri-streaming `NewOptions`).
  const options = { stdin: is('input'), stdout: is('output'), stderr: is('error') && !tty, tty };
  if (options.stdin || options.stdout || options.stderr) return options;
  sendText(request.exchange, 400, 'you must specify at least 1 of stdin, stdout, stderr');
  return undefined;
}

/** How long a stream may be silent, in ms. */
export function idleTimeout({ config }: ServerContext): number {
  return parseDuration(config.streamingConnectionIdleTimeout);
}

type Target = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'local' };

/** A conversation with a container, and who can hold which end of it. */
export interface Streaming<T extends Target> {
  readonly kind: StreamKind;
  /** Asks the runtime where the conversation is. */
  ask(): Promise<T>;
  /** Holds the conversation here. */
  serve(upgrade: UpgradeExchange, target: Extract<T, { kind: 'local' }>): Promise<void>;
  /** Whether a client speaks what runtimes' own servers do not know: WebSocket v5, or the SPDY tunnel. */
  isNewer(upgrade: UpgradeExchange): boolean;
  /** Ends such a client's WebSocket here and goes on as SPDY to the runtime's server. */
  translate(upgrade: UpgradeExchange, backend: ProxyTarget): Promise<void>;
}

/**
 * Asks the runtime for a target and serves it: on this connection, or by splicing the connection to the runtime's own server,
 * for newer clients by translating for it. A request that does not ask to leave HTTP is refused after the runtime was asked,
 * as in the original.
 */
export async function serveTarget<T extends Target>(request: KubeletRequest, streaming: Streaming<T>): Promise<void> {
  const { exchange, upgrade, context } = request;
  if (upgrade === undefined && redirectToStream(request, streaming.kind)) return;
  let target: T;
  try {
    target = await streaming.ask();
  } catch (error) {
    const status = streamingStatus(error);
    sendText(exchange, status, grpcText(error), status === 429 ? { 'Retry-After': '60' } : {});
    return;
  }
  if (upgrade === undefined) {
    goHttpError(exchange, 500, 'Upgrade request required');
    return;
  }
  handOver(exchange, upgrade);
  const newer = streaming.isNewer(upgrade) && gateIsOn(context.config, 'ExtendWebSocketsToKubelet');
  if (newer) context.metrics.webSocket(streaming.kind);
  if (target.kind === 'local') {
    if (!newer) hideNewerProtocols(upgrade);
    await streaming.serve(upgrade, target as Extract<T, { kind: 'local' }>);
    return;
  }
  try {
    if (newer) await streaming.translate(upgrade, { url: target.url });
    else await proxyUpgrade(upgrade, { url: target.url });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    goHttpError(asExchange(upgrade), 500, error.message);
  }
}

/** With the gate off, what is served here speaks what a runtime's own server would. */
function hideNewerProtocols({ request }: UpgradeExchange): void {
  const offered = request.headers['sec-websocket-protocol'];
  if (offered === undefined) return;
  const known = offered.split(',').filter((protocol) => protocol.trim() !== V5_PROTOCOL && protocol.trim() !== TUNNEL_PROTOCOL);
  request.headers['sec-websocket-protocol'] = known.length === 0 ? 'none' : known.join(',');
}

/** Lets go of the socket: from here on the stream answers for itself, refusals too. */
function handOver({ response }: KubeletRequest['exchange'], { socket }: UpgradeExchange): void {
  if (response instanceof ServerResponse && socket instanceof Socket) response.detachSocket(socket);
}
