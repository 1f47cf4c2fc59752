/** Issues and checks ServiceAccount tokens (kubernetes `pkg/serviceaccount`). */
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import type { Clock } from '../util/clock.ts';
import { goList } from './rbac/covers.ts';
import { jsonWebKeySet, parseJwt, type ParsedJwt, signatureHolds, signJwt, tokenKey, type TokenKey } from './jwt.ts';
import {
  type BoundClaims,
  type BoundRef,
  LEGACY_ISSUER,
  type LegacyClaims,
  readBoundClaims,
  readLegacyClaims,
  serviceAccountUser,
  serviceAccountUserName,
  writeBoundClaims,
  writeLegacyClaims,
} from './service-account-claims.ts';
import type { AuthenticationResult, TokenAuthenticator } from './types.ts';

/** What checking needs to know of an object; `deleted` in ms when its deletion has begun. */
export interface LiveObject {
  readonly uid: string;
  readonly deleted?: number | undefined;
}

/** Looks objects up as they are now. */
export interface TokenLookups {
  serviceAccount(namespace: string, name: string): LiveObject | undefined;
  pod(namespace: string, name: string): LiveObject | undefined;
  secret(namespace: string, name: string): (LiveObject & { readonly token: string }) | undefined;
  node(name: string): LiveObject | undefined;
}

export interface TokenIssuerOptions {
  /** Private key in PEM that signs new tokens. */
  readonly key: string;
  /** Public or private keys in PEM that verify tokens, several a text; the signing key alone when there are none. */
  readonly verifyingKeys?: readonly string[];
  readonly issuer: string;
  /** Whom tokens for this server are meant for; the issuer when absent. */
  readonly audiences?: readonly string[];
  readonly clock: Clock;
  readonly lookups: TokenLookups;
}

export interface TokenRequested extends BoundClaims {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** Seconds after which a use of the token is worth a warning. */
  readonly warnAfterSeconds?: number;
}

export interface TokenIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  issue(request: TokenRequested): string;
  issueLegacy(claims: LegacyClaims): string;
  readonly authenticate: TokenAuthenticator;
  /** The documents for verifiers elsewhere (`/.well-known/openid-configuration`, `/openid/v1/jwks`). */
  discovery(jwksUri: string): Record<string, unknown>;
  jwks(): { keys: Record<string, unknown>[] };
}

/** How far clocks may differ, and how long a token lives on after its object's deletion (go-jose `DefaultLeeway`). */
const LEEWAY_SECONDS = 60;
const INVALIDATED = 'service account token has been invalidated';

/** Makes the issuer of a server's tokens, which also checks them. Throws when the key cannot sign tokens. */
export function serviceAccountIssuer(options: TokenIssuerOptions): TokenIssuer {
  const key = createPrivateKey(options.key);
  const others = (options.verifyingKeys ?? []).flatMap(keysOf);
  const keys = others.length > 0 ? others : [tokenKey(key)];
  const audiences = options.audiences ?? [options.issuer];
  const check = (token: string, wanted: readonly string[] = audiences): AuthenticationResult => {
    const parsed = parseJwt(token);
    const issuer = parsed?.claims['iss'];
    if (parsed === undefined || (issuer !== options.issuer && issuer !== LEGACY_ISSUER)) return { kind: 'none' };
    if (!signatureHolds(parsed, keys)) return rejected('go-jose/go-jose: error in cryptographic primitive');
    const meant = audiencesOf(parsed) ?? audiences;
    const matching = meant.filter((audience) => wanted.includes(audience));
    if (matching.length === 0) return rejected(`token audiences ${goList(meant)} is invalid for the target audiences ${goList(wanted)}`);
    const result = issuer === LEGACY_ISSUER ? checkLegacy(token, parsed, options.lookups) : checkBound(parsed, options);
    return result.kind === 'user' ? { ...result, audiences: matching } : result;
  };
  return {
    issuer: options.issuer,
    audiences,
    issue: (request) => signJwt(boundTokenClaims(request, options), key),
    issueLegacy: (claims) => signJwt(writeLegacyClaims(claims), key),
    authenticate: (token, wanted) => Promise.resolve(check(token, wanted)),
    discovery: (jwksUri) => ({
      issuer: options.issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: keys.map(({ algorithm }) => algorithm),
    }),
    jwks: () => jsonWebKeySet(keys),
  };
}

const PEM_KEY = /-----BEGIN ([A-Z ]*(?:PUBLIC|PRIVATE) KEY)-----[^-]+-----END \1-----/g;

/** The keys of a PEM text. Throws when there is none, or one that cannot sign tokens. */
function keysOf(pem: string): TokenKey[] {
  const found = pem.match(PEM_KEY) ?? [];
  if (found.length === 0) throw new Error('data does not contain any valid RSA or ECDSA public keys');
  return found.map((text) => tokenKey(createPublicKey(text)));
}

/** Makes the tokens that Secrets hold, which never expire. Throws when the key (PEM) cannot sign tokens. */
export function legacyTokenSigner(keyPem: string): (claims: LegacyClaims) => string {
  const key = createPrivateKey(keyPem);
  return (claims) => signJwt(writeLegacyClaims(claims), key);
}

const rejected = (reason: string): AuthenticationResult => ({ kind: 'rejected', reason });

function boundTokenClaims(request: TokenRequested, { issuer, clock }: TokenIssuerOptions): Record<string, unknown> {
  const now = Math.floor(clock.now() / 1000);
  const { warnAfterSeconds } = request;
  return {
    aud: [...request.audiences],
    exp: now + request.expirationSeconds,
    iat: now,
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': writeBoundClaims(request, warnAfterSeconds === undefined ? undefined : now + warnAfterSeconds),
    nbf: now,
    sub: serviceAccountUserName(request.namespace, request.serviceAccount.name),
  };
}

function audiencesOf({ claims }: ParsedJwt): readonly string[] | undefined {
  const { aud } = claims;
  if (typeof aud === 'string') return [aud];
  const list = Array.isArray(aud) ? aud.filter((item) => typeof item === 'string') : [];
  return list.length === 0 ? undefined : list;
}

function checkBound({ claims }: ParsedJwt, { clock, lookups }: TokenIssuerOptions): AuthenticationResult {
  const now = clock.now() / 1000;
  const seconds = (name: string): number | undefined => (typeof claims[name] === 'number' ? claims[name] : undefined);
  if (now - LEEWAY_SECONDS > (seconds('exp') ?? Infinity)) return rejected('service account token has expired');
  if (now + LEEWAY_SECONDS < (seconds('nbf') ?? 0)) return rejected('service account token is not valid yet');
  if (now + LEEWAY_SECONDS < (seconds('iat') ?? 0)) return rejected('service account token is issued in the future');
  const bound = readBoundClaims(claims);
  if (bound === undefined) return rejected('service account token claims could not be validated due to unexpected validation error');
  const { namespace, serviceAccount, pod, secret, node } = bound;
  const gone = ({ deleted }: LiveObject): boolean => deleted !== undefined && deleted / 1000 < now - LEEWAY_SECONDS;
  const account = lookups.serviceAccount(namespace, serviceAccount.name);
  if (account === undefined) return rejected(`serviceaccounts ${JSON.stringify(serviceAccount.name)} not found`);
  if (account.uid !== serviceAccount.uid)
    return rejected(`service account UID (${account.uid}) does not match claim (${serviceAccount.uid})`);
  if (gone(account)) return rejected(`service account ${namespace}/${serviceAccount.name} has been deleted`);
  const problemWith = (kind: string, ref: BoundRef | undefined, look: (name: string) => LiveObject | undefined): string | undefined => {
    if (ref === undefined) return undefined;
    const object = look(ref.name);
    if (object === undefined || gone(object)) return INVALIDATED;
    return object.uid === ref.uid ? undefined : `${kind} UID (${object.uid}) does not match service account ${kind} ref claim (${ref.uid})`;
  };
  const problem =
    problemWith('secret', secret, (name) => lookups.secret(namespace, name)) ??
    problemWith('pod', pod, (name) => lookups.pod(namespace, name)) ??
    // A pod's token names its node only for information.
    (pod === undefined ? problemWith('node', node, (name) => lookups.node(name)) : undefined);
  if (problem !== undefined) return rejected(problem);
  return { kind: 'user', user: serviceAccountUser(bound, typeof claims['jti'] === 'string' ? claims['jti'] : '') };
}

function checkLegacy(token: string, { claims }: ParsedJwt, lookups: TokenLookups): AuthenticationResult {
  const legacy = readLegacyClaims(claims);
  if (legacy === undefined) return rejected('claims of the legacy service account token are missing');
  const { namespace, serviceAccount, secretName } = legacy;
  const secret = lookups.secret(namespace, secretName);
  if (secret === undefined || secret.deleted !== undefined) return rejected('Token has been invalidated');
  if (secret.token !== token) return rejected("Token does not match server's copy");
  const account = lookups.serviceAccount(namespace, serviceAccount.name);
  if (account === undefined) return rejected(`serviceaccounts ${JSON.stringify(serviceAccount.name)} not found`);
  if (account.deleted !== undefined) return rejected(`ServiceAccount ${namespace}/${serviceAccount.name} has been deleted`);
  if (account.uid !== serviceAccount.uid)
    return rejected(`ServiceAccount UID (${account.uid}) does not match claim (${serviceAccount.uid})`);
  return { kind: 'user', user: serviceAccountUser(legacy, '') };
}
