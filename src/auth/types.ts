/** Who asks and what for: the words that authentication and authorization share, for both halves. */

/** A user as authenticators see it (authentication.k8s.io UserInfo). */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** What an authorizer is asked (apiserver `authorizer.Attributes`). */
export type Attributes = ResourceAttributes | NonResourceAttributes;

export interface ResourceAttributes {
  readonly kind: 'resource';
  readonly user: UserInfo;
  readonly verb: string;
  readonly namespace: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly path?: string;
  /** As the request has it; the Node authorizer reads `spec.nodeName=…` from it. */
  readonly fieldSelector?: string;
}

export interface NonResourceAttributes {
  readonly kind: 'nonResource';
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: string;
}

/** An authorizer's answer; `noOpinion` passes the question on. */
export type Decision =
  | { readonly decision: 'allow'; readonly reason: string }
  | { readonly decision: 'deny' | 'noOpinion'; readonly reason: string; readonly error?: string };

export type Authorizer = (attributes: Attributes) => Promise<Decision> | Decision;

/** What a request offers as proof: the client's certificate chain (DER, leaf first) and its headers. */
export interface Credentials {
  readonly certificates: readonly Uint8Array[];
  readonly authorization: string | undefined;
  /** The Sec-WebSocket-Protocol header of an upgrade request, which may carry a bearer token. */
  readonly webSocketProtocols?: string | undefined;
  /** Whom a token must be meant for; the server's own audiences when absent. */
  readonly audiences?: readonly string[];
}

/**
 * Authentication of one credential: a user; nothing (this authenticator has no opinion); or a
 * rejection with the reason that goes to the log, never to the client.
 */
export type AuthenticationResult =
  | { readonly kind: 'user'; readonly user: UserInfo; readonly audiences?: readonly string[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'rejected'; readonly reason: string };

export type Authenticator = (credentials: Credentials) => Promise<AuthenticationResult>;

/** Authentication of a bearer token, for the given audiences or the server's own. */
export type TokenAuthenticator = (token: string, audiences?: readonly string[]) => Promise<AuthenticationResult>;
