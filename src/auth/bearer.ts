/** Bearer tokens in requests (apiserver `pkg/authentication/request/bearertoken`, `websocket`). */
import { firstUser } from './chain.ts';
import type { Authenticator, TokenAuthenticator } from './types.ts';

/** The token of an Authorization header; undefined when the header is absent or of another kind. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const [scheme = '', token = ''] = (authorization ?? '').trim().split(' ');
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

const PROTOCOL_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** A WebSocket request's token, why it is refused, or undefined without one. */
export type ProtocolToken = { readonly token: string } | { readonly reason: string } | undefined;

/** The token that a browser hides in Sec-WebSocket-Protocol. */
export function webSocketToken(header: string | undefined): ProtocolToken {
  if (header === undefined) return undefined;
  const protocols = split(header);
  const carriers = protocols.filter((protocol) => protocol.startsWith(PROTOCOL_PREFIX));
  const [carrier] = carriers;
  if (carrier === undefined) return undefined;
  if (carriers.length > 1) return { reason: 'multiple base64.bearer.authorization tokens specified' };
  const encoded = carrier.slice(PROTOCOL_PREFIX.length);
  if (!/^[A-Za-z0-9_-]*$/.test(encoded) || encoded.length % 4 === 1)
    return { reason: 'invalid base64.bearer.authorization token encoding' };
  let token: string;
  try {
    token = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64url'));
  } catch {
    return { reason: 'invalid base64.bearer.authorization token' };
  }
  if (protocols.length === 1) return { reason: 'missing additional subprotocol' };
  return token === '' ? undefined : { token };
}

/** The header without the token, as handlers and backends may see it. */
export function withoutWebSocketToken(header: string): string {
  return split(header)
    .filter((protocol) => !protocol.startsWith(PROTOCOL_PREFIX))
    .join(', ');
}

function split(header: string): string[] {
  return header
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
}

/** Authenticates the token of the Authorization header, or of the WebSocket protocol list. No token: no opinion. */
export function bearerAuthenticator(authenticate: TokenAuthenticator): Authenticator {
  const check: TokenAuthenticator = async (token, audiences) => {
    const result = await authenticate(token, audiences);
    return result.kind === 'none' ? { kind: 'rejected', reason: 'invalid bearer token' } : result;
  };
  return (credentials) => {
    const { audiences } = credentials;
    const token = bearerToken(credentials.authorization);
    const hidden = webSocketToken(credentials.webSocketProtocols);
    return firstUser([
      ...(token === undefined ? [] : [() => check(token, audiences)]),
      ...(hidden === undefined
        ? []
        : [
            () =>
              'token' in hidden ? check(hidden.token, audiences) : Promise.resolve({ kind: 'rejected' as const, reason: hidden.reason }),
          ]),
    ]);
  };
}

/** Asks every token authenticator in turn; the first user wins. */
export function unionTokens(...authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return (token, audiences) => firstUser(authenticators.map((authenticate) => () => authenticate(token, audiences)));
}
