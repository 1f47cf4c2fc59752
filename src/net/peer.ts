import type { Socket } from 'node:net';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import type { Peer } from './http.ts';

/** More certificates than this in a client's chain are not looked at. */
const MAX_CHAIN = 16;

/** Who is at the other end of a socket: the address without port, and the certificates that it showed. */
export function peerOf(socket: Socket): Peer {
  return { address: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''), certificates: certificatesOf(socket) };
}

function certificatesOf(socket: Socket): Uint8Array[] {
  if (!(socket instanceof TLSSocket)) return [];
  const chain: Uint8Array[] = [];
  // Node answers an empty object, or null on a closed socket, when the client showed no certificate.
  let next: Partial<DetailedPeerCertificate> | null | undefined = socket.getPeerCertificate(true);
  const seen = new Set<unknown>();
  while (next?.raw && !seen.has(next) && chain.length < MAX_CHAIN) {
    seen.add(next);
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}
