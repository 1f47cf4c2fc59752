/** JSON Web Tokens as ServiceAccounts use them: RS256 and ES256/384/512 (kubernetes `pkg/serviceaccount/jwt.go`). */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Characters of the longest token that is looked at. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

type Algorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512';
const DIGESTS: Readonly<Record<Algorithm, string>> = { RS256: 'sha256', ES256: 'sha256', ES384: 'sha384', ES512: 'sha512' };
const CURVES: Readonly<Record<string, Algorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** A public key with what a token's header must say of it. */
export interface TokenKey {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly publicKey: KeyObject;
}

/** The public half of a key (a public key counts as its own). Throws for keys that cannot sign tokens. */
export function tokenKey(key: KeyObject): TokenKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('base64url'), algorithm: algorithmOf(publicKey), publicKey };
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const algorithm = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined) throw new Error(`keys of type ${String(key.asymmetricKeyType)} cannot sign tokens`);
  return algorithm;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs claims; they stand in the token in the order that they have. */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const { id, algorithm } = tokenKey(key);
  const input = `${encode({ alg: algorithm, kid: id })}.${encode(claims)}`;
  const signature = sign(DIGESTS[algorithm], Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** A token taken apart; nothing is verified yet. */
export interface ParsedJwt {
  readonly algorithm: unknown;
  readonly keyId: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly input: string;
  readonly signature: Buffer;
}

const PART = /^[A-Za-z0-9_-]+$/;

/** Takes a compact token apart; undefined when it is none. */
export function parseJwt(token: string): ParsedJwt | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || ![head, body, signature].every((part) => PART.test(part))) return undefined;
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined) return undefined;
  return {
    algorithm: header['alg'],
    keyId: header['kid'],
    claims,
    input: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether one of the keys has signed the token. The key decides the algorithm, never the token. */
export function signatureHolds(token: ParsedJwt, keys: readonly TokenKey[]): boolean {
  const named = keys.filter((key) => key.id === token.keyId);
  return (named.length > 0 ? named : keys).some(
    (key) =>
      token.algorithm === key.algorithm &&
      verify(DIGESTS[key.algorithm], Buffer.from(token.input), { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, token.signature),
  );
}

/** The key set that verifiers of tokens fetch (RFC 7517). */
export function jsonWebKeySet(keys: readonly TokenKey[]): { keys: Record<string, unknown>[] } {
  return {
    keys: keys.map(({ id, algorithm, publicKey }) => {
      const { kty, ...rest } = publicKey.export({ format: 'jwk' });
      return { use: 'sig', kty, kid: id, alg: algorithm, ...rest };
    }),
  };
}
