import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { TlsMaterial } from './http.ts';

/** The secure context of a server: the same record for the start and for a reload. */
export function secureContextOptions(tls: TlsMaterial): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
    ...(tls.curves !== undefined && { ecdhCurve: tls.curves }),
    ...(tls.clientCAs !== undefined && { ca: tls.clientCAs }),
    // A resumed session carries the client's leaf certificate only, without its chain: no tickets where certificates count.
    ...(tls.requestClientCert && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}
