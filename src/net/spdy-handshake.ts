import type { Duplex } from 'node:stream';
import { goHeader, headerHas } from './go-text.ts';
import type { UpgradeExchange } from './http.ts';
import { goHttpError } from './respond.ts';
import { asExchange } from './upgrade-exchange.ts';

/** What the ways of refusing differ in, between exec/attach and port-forward. */
export interface SpdyRefusals {
  /** Status and text when the client names no version. */
  readonly missing: readonly [number, string];
  /** How often the original writes the text of a failed negotiation. */
  readonly repeats: number;
}

const HEADER = 'X-Stream-Protocol-Version';

/**
 * Negotiates a SPDY sub-protocol (the client's order decides) and answers 101. Returns the protocol and the transport
 * for frames, or null when it has answered an error, with the texts of `httpstream.Handshake` and `spdy.UpgradeResponse`.
 */
export function acceptSpdy(
  upgrade: UpgradeExchange,
  accepted: readonly string[],
  refusals: SpdyRefusals,
): { readonly protocol: string; readonly transport: Duplex } | null {
  const { request, socket } = upgrade;
  const offered = offeredVersions(request.headers[HEADER.toLowerCase()]);
  if (offered.length === 0) {
    goHttpError(asExchange(upgrade), ...refusals.missing);
    return null;
  }
  const protocol = offered.find((version) => accepted.includes(version));
  if (protocol === undefined) {
    const text = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${accepted.join(' ')}]`;
    const body = Array.from({ length: refusals.repeats }, () => text).join('\n');
    goHttpError(asExchange(upgrade), 403, body, { 'X-Accepted-Stream-Protocol-Versions': [...accepted] });
    return null;
  }
  if (!headerHas(request.headers.connection, 'upgrade') || !headerHas(request.headers.upgrade, 'spdy/3.1')) {
    const text = `unable to upgrade: missing upgrade headers in request: ${goHeader(request.rawHeaders)}`;
    goHttpError(asExchange(upgrade), 400, text, { [HEADER]: protocol });
    return null;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${HEADER}: ${protocol}\r\n\r\n`);
  if (upgrade.head.length > 0) socket.unshift(upgrade.head);
  return { protocol, transport: socket };
}

/** The versions that a client offers: repeated lines and comma lists alike, in order. */
export function offeredVersions(header: string | string[] | undefined): string[] {
  return String(header ?? '')
    .split(',')
    .map((version) => version.trim())
    .filter((version) => version !== '');
}
