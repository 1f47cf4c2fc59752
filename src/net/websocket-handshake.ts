import { WebSocketServer, type WebSocket } from 'ws';
import { headerHas } from './go-text.ts';
import type { UpgradeExchange } from './http.ts';
import { offeredVersions } from './spdy-handshake.ts';

/** Bytes of one message that are accepted (the limit of Go's x/net/websocket). */
const MAX_MESSAGE = 32 << 20;
/** Bytes of pongs that may wait for a client that pings and does not read. */
const MAX_UNSENT = 1 << 20;
const BEARER = 'base64url.bearer.authorization.k8s.io.';

/** True when a request asks for WebSocket, not for SPDY. */
export function isWebSocketRequest(upgrade: UpgradeExchange): boolean {
  const { headers } = upgrade.request;
  return headers.upgrade?.toLowerCase() === 'websocket' && headerHas(headers.connection, 'upgrade');
}

/** The WebSocket sub-protocols that a client offers, without the one that carries a token. */
export function offeredSubProtocols(upgrade: UpgradeExchange): string[] {
  return offeredVersions(upgrade.request.headers['sec-websocket-protocol']).filter((protocol) => !protocol.startsWith(BEARER));
}

/**
 * Answers a WebSocket handshake. `choose` picks from what the client offers; null refuses with 403. A client that offers
 * nothing gets the empty protocol. Resolves with null when the request was refused (texts of x/net/websocket).
 */
export function acceptWebSocket(
  upgrade: UpgradeExchange,
  choose: (offered: readonly string[]) => string | null,
): Promise<{ readonly webSocket: WebSocket; readonly protocol: string } | null> {
  const refusal = refuse(upgrade);
  const offered = offeredSubProtocols(upgrade);
  const protocol = offered.length === 0 ? '' : choose(offered);
  if (refusal !== null || protocol === null) {
    const { socket } = upgrade;
    socket.resume();
    socket.end(refusal ?? 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n', () => socket.destroy());
    return Promise.resolve(null);
  }
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: MAX_MESSAGE,
  });
  // The library refuses names with a slash, as the tunnel's is, and leaves the empty name out, which Go's server sends.
  delete upgrade.request.headers['sec-websocket-protocol'];
  server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve) => {
    server.on('wsClientError', () => {
      upgrade.socket.destroy();
      resolve(null);
    });
    server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (webSocket) => {
      webSocket.on('error', () => undefined);
      limitPongs(webSocket, upgrade);
      resolve({ webSocket, protocol });
    });
  });
}

function limitPongs(webSocket: WebSocket, upgrade: UpgradeExchange): void {
  webSocket.on('ping', () => {
    if (webSocket.bufferedAmount < MAX_UNSENT || webSocket.isPaused) return;
    webSocket.pause();
    upgrade.socket.once('drain', () => webSocket.resume());
  });
}

function refuse(upgrade: UpgradeExchange): string | null {
  const { headers } = upgrade.request;
  if (upgrade.method !== 'GET') return 'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\nbad method';
  if (headers['sec-websocket-version'] !== '13') {
    return 'HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\nmissing or bad WebSocket Version';
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    return 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nmismatch challenge/response';
  }
  return null;
}
