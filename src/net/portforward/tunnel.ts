import { upgradeBackend, type ProxyTarget } from '../backend.ts';
import { upgradeHeaders } from '../forward-headers.ts';
import type { UpgradeExchange } from '../http.ts';
import { relayRefusal } from '../proxy.ts';
import { splice } from '../splice.ts';
import { acceptWebSocket, isWebSocketRequest, offeredSubProtocols } from '../websocket-handshake.ts';
import { webSocketStream } from '../websocket-stream.ts';
import { SPDY_FORWARD_PROTOCOL, TUNNEL_PROTOCOL } from './server.ts';

/** True for a port-forward that comes as SPDY frames inside a WebSocket. */
export function wantsTunnel(upgrade: UpgradeExchange): boolean {
  return isWebSocketRequest(upgrade) && offeredSubProtocols(upgrade).includes(TUNNEL_PROTOCOL);
}

/**
 * Ends the WebSocket of a tunnelled port-forward here and goes on as SPDY towards the backend (apiserver
 * `streamtunnel.go`). The backend is asked first: its refusal is the client's answer. Rejects with `BackendError`.
 */
export async function tunnelPortForward(upgrade: UpgradeExchange, target: ProxyTarget): Promise<void> {
  const headers = {
    ...upgradeHeaders(upgrade.request, upgrade.peer.address, /^(sec-websocket-.*|upgrade|connection|x-stream-protocol-version)$/),
    Connection: 'Upgrade',
    Upgrade: 'SPDY/3.1',
    'X-Stream-Protocol-Version': SPDY_FORWARD_PROTOCOL,
  };
  const answer = await upgradeBackend(target, 'POST', headers, upgrade.signal);
  if (answer.kind === 'answered') {
    await relayRefusal(upgrade, answer.response);
    return;
  }
  const accepted = await acceptWebSocket(upgrade, () => TUNNEL_PROTOCOL);
  if (!accepted) {
    answer.socket.destroy();
    return;
  }
  if (answer.head.length > 0) answer.socket.unshift(answer.head);
  await splice(webSocketStream(accepted.webSocket), answer.socket);
}
