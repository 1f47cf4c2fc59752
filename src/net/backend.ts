import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

/** Where a proxied request goes. */
export interface ProxyTarget {
  /** The whole URL, http or https, with path and query as they are to be sent. */
  readonly url: string;
  readonly tls?: BackendTls;
  /** Set on the request to the backend, in place of the client's own of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long connecting may take, in ms. Default 30 s. */
  readonly dialTimeoutMs?: number;
}

/** PEM texts. Without `ca` the machine's own authorities count. */
export interface BackendTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly insecureSkipVerify?: boolean;
}

/**
 * The backend could not be asked. `dial`: no connection, or it broke before an answer; the message is Go's, as
 * `dial tcp 10.0.0.5:10250: connect: connection refused`. `answer`: it answered what must not be passed on.
 */
export class BackendError extends Error {
  readonly kind: 'dial' | 'answer';

  constructor(kind: 'dial' | 'answer', message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'BackendError';
    this.kind = kind;
  }
}

export type HeaderLines = Record<string, string | string[]>;

const DEFAULT_DIAL_TIMEOUT = 30_000;

/** Begins a request to the backend on a connection of its own. */
export function requestBackend(target: ProxyTarget, method: string, headers: HeaderLines): ClientRequest {
  const url = new URL(target.url);
  const secure = url.protocol === 'https:';
  const tls = target.tls ?? {};
  const request = (secure ? httpsRequest : httpRequest)({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 443 : 80),
    method,
    // As it was given: URL would fold dot segments and re-escape.
    path: target.url.slice(url.protocol.length + 2).replace(/^[^/?]*/, '') || '/',
    headers: mergeHeaders(headers, target.headers ?? {}),
    setHost: headers['host'] === undefined && headers['Host'] === undefined,
    agent: false,
    ...(secure && {
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.cert !== undefined && { cert: tls.cert }),
      ...(tls.key !== undefined && { key: tls.key }),
      servername: tls.servername ?? (/^[\d.]+$|:/.test(url.hostname) ? '' : url.hostname),
      rejectUnauthorized: !tls.insecureSkipVerify,
      ALPNProtocols: ['http/1.1'],
    }),
  });
  const timer = setTimeout(
    () => request.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })),
    target.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT,
  );
  // Node leaves Nagle's delay on for TLS clients: each small frame of a stream would wait 40 ms for the one before it.
  request.setNoDelay(true);
  request.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer)));
  request.once('close', () => clearTimeout(timer));
  return request;
}

/** What came back for a request to leave HTTP. */
export type UpgradeAnswer =
  | { readonly kind: 'upgraded'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly kind: 'answered'; readonly response: IncomingMessage };

/** Asks the backend to leave HTTP. Rejects with `BackendError`. */
export function upgradeBackend(target: ProxyTarget, method: string, headers: HeaderLines, signal: AbortSignal): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const request = requestBackend(target, method, headers);
    const onAbort = (): void => void request.destroy(new Error('the client went away'));
    signal.addEventListener('abort', onAbort, { once: true });
    request.once('close', () => signal.removeEventListener('abort', onAbort));
    request.on('error', (error) => reject(new BackendError('dial', dialText(error, target), error)));
    request.once('upgrade', (response, socket, head) => {
      socket.on('error', () => socket.destroy());
      signal.removeEventListener('abort', onAbort);
      resolve({ kind: 'upgraded', response, socket, head });
    });
    request.once('response', (response) => resolve({ kind: 'answered', response }));
    if (signal.aborted) onAbort();
    else request.end();
  });
}

const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A failed request's error in Go's words. */
export function dialText(error: Error & { code?: string }, target: ProxyTarget): string {
  const url = new URL(target.url);
  const code = error.code ?? '';
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`;
  const known = CONNECT_ERRORS[code];
  if (known !== undefined) return `dial tcp ${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}: ${known}`;
  if (code === 'EPROTO' && /wrong version number|packet length too long/.test(error.message))
    return 'tls: first record does not look like a TLS handshake';
  if (code === 'ECONNRESET' || error.message === 'socket hang up') return 'EOF';
  if (/^(ERR_TLS|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO)/.test(code)) return `tls: failed to verify certificate: x509: ${error.message}`;
  return error.message;
}

/** The client's lines with the target's own in their place. Node keeps names apart that differ in case only. */
function mergeHeaders(lines: HeaderLines, own: Readonly<Record<string, string>>): HeaderLines {
  const replaced = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const kept = Object.entries(lines).filter(([name]) => !replaced.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
}
