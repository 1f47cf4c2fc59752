/** The HTTP server kit's words: what a handler gets, whichever protocol the client speaks. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** The request line's target, taken apart but not cleaned. */
export interface RequestTarget {
  /** Path as sent, percent-encoding kept. */
  readonly rawPath: string;
  /** Path with percent-encoding undone once; `null` when it cannot be undone (400). */
  readonly path: string | null;
  readonly query: URLSearchParams;
  /** Without the question mark. */
  readonly rawQuery: string;
}

/** Who is at the other end of the connection. */
export interface Peer {
  readonly address: string;
  /** The client's certificate chain in DER, leaf first; empty without one. Not verified by the kit. */
  readonly certificates: readonly Uint8Array[];
}

/** One request and the answer to it. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly method: string;
  readonly target: RequestTarget;
  readonly peer: Peer;
  /** Aborted when the connection closes before the answer is complete. */
  readonly signal: AbortSignal;
}

/** A request to leave HTTP (exec, attach, port-forward). The handler answers on the socket itself. */
export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came after the request's head. */
  readonly head: Buffer;
  readonly method: string;
  readonly target: RequestTarget;
  readonly peer: Peer;
  readonly signal: AbortSignal;
}

/** PEM texts; `reload` swaps them on a running server. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Ask clients for a certificate; verification is the handler's. */
  readonly requestClientCert: boolean;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  /** OpenSSL's names of key exchange groups, in order, with colons between. */
  readonly curves?: string;
  /** Names of CAs offered to the client in the handshake, as PEM. */
  readonly clientCAs?: string;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Plain HTTP when absent. */
  readonly tls?: TlsMaterial;
  /** Errors that it throws are logged by the kit and cut the connection, as a Go handler's panic does. */
  readonly handle: (exchange: Exchange) => void | Promise<void>;
  /** Without it an upgrade request goes to `handle` like any other. */
  readonly upgrade?: (exchange: UpgradeExchange) => void | Promise<void>;
  /** Bytes; default 1 MiB as Go's. */
  readonly maxHeaderSize?: number;
  /** How long an idle keep-alive connection stays, in ms. Default 90 s. */
  readonly idleTimeoutMs?: number;
  /** How long a client may take over a request's head, in ms. Default 32 s. */
  readonly headersTimeoutMs?: number;
  readonly onError?: (error: unknown) => void;
}

export interface HttpServerHandle {
  readonly address: { readonly host: string; readonly port: number };
  reload(tls: TlsMaterial): void;
  /** Stops listening, gives running answers `graceMs`, then cuts every connection. */
  close(graceMs?: number): Promise<void>;
}
