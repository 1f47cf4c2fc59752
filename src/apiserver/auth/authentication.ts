/** Who is asking the API server (kubernetes `pkg/kubeapiserver/authenticator/config.go`). */
import { createHash } from 'node:crypto';
import { resources } from '../../api/resources.ts';
import { parseTime } from '../../api/time.ts';
import type { KubeObject } from '../../api/types.ts';
import { bearerAuthenticator, unionTokens } from '../../auth/bearer.ts';
import { bootstrapTokenAuthenticator, type BootstrapTokenSecret } from '../../auth/bootstrap-token.ts';
import { cachedAuthenticator } from '../../auth/cache.ts';
import { authenticatorChain } from '../../auth/chain.ts';
import type { LiveObject, TokenIssuer, TokenLookups } from '../../auth/service-account-token.ts';
import type { Authenticator, Credentials, TokenAuthenticator, UserInfo } from '../../auth/types.ts';
import { x509Authenticator } from '../../auth/x509/x509.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';
import type { Clock } from '../../util/clock.ts';
import type { ObjectReader } from '../endpoint.ts';

export interface ApiAuthenticationOptions {
  /** PEM bundle of the authorities whose client certificates count; a function is asked at every request. */
  readonly clientCA?: string | (() => string);
  readonly tokens: TokenIssuer;
  /** Users by token (`--token-auth-file`). */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>;
  /** Where bootstrap tokens are looked up (`--enable-bootstrap-token-auth`); without it there are none. */
  readonly bootstrapTokens?: ObjectReader | undefined;
  readonly anonymous: boolean;
  readonly clock: Clock;
}

/** How long a good token is believed without looking again (`TokenSuccessCacheTTL`). */
const TOKEN_TTL_MS = 10_000;

/** The chain: client certificate, static token, ServiceAccount token, bootstrap token, anonymous. */
export function apiAuthentication(options: ApiAuthenticationOptions): Authenticator {
  const { clock } = options;
  // Tokens that are written down stand before the others, as the original's own do: a token that nobody knows is
  // `invalid bearer token` first, whatever else is wrong with it.
  const fixed = bearerAuthenticator(staticTokenAuthenticator(options.staticTokens ?? new Map(), options.tokens.audiences));
  const tokens = cachedAuthenticator(unionTokens(options.tokens.authenticate, ...bootstrapTokens(options)), {
    clock,
    successTtlMs: TOKEN_TTL_MS,
    failureTtlMs: 0,
  });
  return authenticatorChain(
    [fixed, ...(options.clientCA === undefined ? [] : [x509Authenticator(options.clientCA, clock)]), bearerAuthenticator(tokens)],
    { anonymous: options.anonymous },
  );
}

function bootstrapTokens({ bootstrapTokens: objects, tokens: { audiences }, clock }: ApiAuthenticationOptions): TokenAuthenticator[] {
  if (objects === undefined) return [];
  const secret = (name: string): BootstrapTokenSecret | undefined => {
    const found = objects.get(resources.secrets, 'kube-system', name);
    if (found === undefined) return undefined;
    const data = Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const);
    return { type: found.type ?? '', deleted: found.metadata.deletionTimestamp !== undefined, data: Object.fromEntries(data) };
  };
  return [bootstrapTokenAuthenticator({ secret, clock, audiences })];
}

/** What a request offers as proof of who it is from. */
export function credentialsOf({ request, peer }: Exchange | UpgradeExchange): Credentials {
  const { authorization, upgrade } = request.headers;
  const protocols = request.headers['sec-websocket-protocol'];
  const isWebSocket = upgrade?.toLowerCase() === 'websocket';
  return {
    certificates: peer.certificates,
    authorization,
    ...(isWebSocket && protocols !== undefined && { webSocketProtocols: protocols }),
  };
}

function staticTokenAuthenticator(users: ReadonlyMap<string, UserInfo>, audiences: readonly string[]): TokenAuthenticator {
  // Looked up by hash, so that the time taken says nothing about the tokens that exist.
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
  const known = new Map([...users].map(([token, user]) => [digest(token), user]));
  return (token, wanted = audiences) => {
    const user = known.get(digest(token));
    const matching = audiences.filter((audience) => wanted.includes(audience));
    return Promise.resolve(user === undefined || matching.length === 0 ? { kind: 'none' } : { kind: 'user', user, audiences: matching });
  };
}

/** Reads a token file: lines of `token,user,uid[,"group,group"]`. Later lines win. Throws an Error that names the line. */
export function parseTokenFile(text: string): Map<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const fields = csvFields(line);
    const [token = '', name = '', uid = '', groups = ''] = fields;
    if (fields.length < 3)
      throw new Error(
        `token file line ${String(index + 1)} must have at least 3 columns (token, user name, user uid), found ${String(fields.length)}`,
      );
    if (token !== '') users.set(token, { name, uid, groups: trimmed(groups.split(',')).filter((group) => group !== '') });
  }
  return users;
}

const trimmed = (texts: readonly string[]): string[] => texts.map((text) => text.trim());

/** The fields of one line; a comma inside quotes belongs to its field, two quotes in there are one. */
function csvFields(line: string): string[] {
  const fields = [''];
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    const last = fields.length - 1;
    if (c === ',' && !quoted) fields.push('');
    else if (c !== '"') fields[last] = `${fields[last] ?? ''}${c}`;
    else if (quoted && line[i + 1] === '"') fields[last] = `${fields[last] ?? ''}${line[++i] ?? ''}`;
    else quoted = !quoted;
  }
  return trimmed(fields);
}

/** The lookups that token checks make, over what is stored. */
export function tokenLookups(objects: ObjectReader): TokenLookups {
  const live = (object: KubeObject | undefined): LiveObject | undefined => {
    if (object === undefined) return undefined;
    const { uid = '', deletionTimestamp } = object.metadata;
    return { uid, deleted: deletionTimestamp === undefined ? undefined : parseTime(deletionTimestamp) };
  };
  return {
    serviceAccount: (namespace, name) => live(objects.get(resources.serviceaccounts, namespace, name)),
    pod: (namespace, name) => live(objects.get(resources.pods, namespace, name)),
    node: (name) => live(objects.get(resources.nodes, '', name)),
    secret: (namespace, name) => {
      const secret = objects.get(resources.secrets, namespace, name);
      const base = live(secret);
      return base && { ...base, token: Buffer.from(secret?.data?.['token'] ?? '', 'base64').toString() };
    },
  };
}
