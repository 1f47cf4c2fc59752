import type { UpgradeExchange } from '../http.ts';
import { sendText } from '../respond.ts';
import { acceptSpdy, type SpdyRefusals } from '../spdy-handshake.ts';
import { asExchange } from '../upgrade-exchange.ts';
import { acceptWebSocket, isWebSocketRequest, offeredSubProtocols } from '../websocket-handshake.ts';
import { webSocketStream } from '../websocket-stream.ts';
import { containerdError, type DialPort } from './forward.ts';
import { forwardedPorts } from './ports.ts';
import { serveSpdyForward, type ForwardServing } from './spdy-server.ts';
import { serveWebSocketForward, WEBSOCKET_FORWARD_PROTOCOLS } from './websocket-server.ts';

export const SPDY_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** SPDY frames inside a WebSocket's binary messages. */
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

export interface PortForwardOptions extends Omit<ForwardServing, 'dial' | 'describe'> {
  /** How the pod is called in error texts: its sandbox id. */
  readonly pod?: string;
  /** Name of the query parameter that holds the ports of the old WebSocket form. Default `port`, the kubelet's. */
  readonly portParameter?: string;
}

// The original's streaming server answers a request without versions with an empty 200, and the kubelet in front of it this.
const REFUSALS: SpdyRefusals = { missing: [500, 'invalid upgrade response: status code 200'], repeats: 1 };

/**
 * Serves port-forward to whichever client: SPDY, the SPDY tunnel inside a WebSocket, or the old WebSocket form. `dial`
 * opens a connection inside the pod (with `allowHalfOpen`, so that half-closes pass); its rejection's message goes to the
 * client. Refusals are answered here. Resolves when the client is gone.
 */
export async function servePortForward(upgrade: UpgradeExchange, dial: DialPort, options: PortForwardOptions = {}): Promise<void> {
  const serving: ForwardServing = { ...options, dial, describe: containerdError(options.pod ?? '') };
  if (!isWebSocketRequest(upgrade)) {
    const accepted = acceptSpdy(upgrade, [SPDY_FORWARD_PROTOCOL], REFUSALS);
    if (accepted) await serveSpdyForward(accepted.transport, serving);
    return;
  }
  if (offeredSubProtocols(upgrade).includes(TUNNEL_PROTOCOL)) {
    const accepted = await acceptWebSocket(upgrade, () => TUNNEL_PROTOCOL);
    if (accepted) await serveSpdyForward(webSocketStream(accepted.webSocket), serving);
    return;
  }
  const wanted = forwardedPorts(upgrade.target.query, options.portParameter);
  if ('error' in wanted) {
    sendText(asExchange(upgrade), 400, wanted.error);
    return;
  }
  const accepted = await acceptWebSocket(
    upgrade,
    (offered) => offered.find((protocol) => Object.hasOwn(WEBSOCKET_FORWARD_PROTOCOLS, protocol)) ?? null,
  );
  if (accepted) {
    await serveWebSocketForward(accepted.webSocket, WEBSOCKET_FORWARD_PROTOCOLS[accepted.protocol] ?? false, wanted.ports, serving);
  }
}
