/** What exec, attach and port-forward share: parameters, and the way from a runtime's target to the client. */
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { parseDuration } from '../../../api/duration.ts';
import type { UpgradeExchange } from '../../../net/http.ts';
import { BackendError, proxyUpgrade } from '../../../net/proxy.ts';
import { goHttpError, sendText } from '../../../net/respond.ts';
import { asExchange } from '../../../net/upgrade-exchange.ts';
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

/**
 * Asks the runtime for a target and serves it: on this connection by `serve`, or by splicing the connection to the runtime's
 * own server. A request that does not ask to leave HTTP is refused after the runtime was asked, as in the original.
 */
export async function serveTarget<T extends Target>(
  request: KubeletRequest,
  kind: StreamKind,
  ask: () => Promise<T>,
  serve: (upgrade: UpgradeExchange, target: Extract<T, { kind: 'local' }>) => Promise<void>,
): Promise<void> {
  const { exchange, upgrade } = request;
  if (upgrade === undefined && redirectToStream(request, kind)) return;
  let target: T;
  try {
    target = await ask();
  } catch (error) {
    sendText(exchange, streamingStatus(error), grpcText(error));
    return;
  }
  if (upgrade === undefined) {
    goHttpError(exchange, 500, 'Upgrade request required');
    return;
  }
  handOver(exchange, upgrade);
  if (target.kind === 'local') {
    await serve(upgrade, target as Extract<T, { kind: 'local' }>);
    return;
  }
  try {
    await proxyUpgrade(upgrade, { url: target.url });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    goHttpError(asExchange(upgrade), 500, error.message);
  }
}

/** Lets go of the socket: from here on the stream answers for itself, refusals too. */
function handOver({ response }: KubeletRequest['exchange'], { socket }: UpgradeExchange): void {
  if (response instanceof ServerResponse && socket instanceof Socket) response.detachSocket(socket);
}
