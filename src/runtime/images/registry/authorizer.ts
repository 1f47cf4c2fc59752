/** Proves to one registry who asks: basic, or a token from the service that it names (containerd `remotes/docker/authorizer.go`). */
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Credential } from './credential.ts';
import { exchange, readAnswer, RegistryError, statusText } from './exchange.ts';

export interface Authorizer {
  /** The header for a request; undefined when nothing was asked for. Rejects with `RegistryError` when no token is given out. */
  header(signal?: AbortSignal): Promise<string | undefined>;
  /** Takes in what a 401 says; whether it is worth asking again. Throws `RegistryError` with why the registry refuses. */
  refused(wwwAuthenticate: string): boolean;
}

export interface AuthorizerOptions {
  readonly registry: string;
  /** `repository:library/busybox:pull`. */
  readonly scope: string;
  readonly credential: Credential;
  readonly insecure: boolean;
}

/** Bytes of a token service's answer. */
const MAX_ANSWER = 1 << 20;
/** Characters of a token. */
const MAX_TOKEN = 64 << 10;
/** Refusals of one registry before it is believed. */
const MAX_REFUSALS = 2;
const DENIED = 'authorization failed';

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { credential } = options;
  let challenge: Challenge | undefined;
  let token: Promise<string> | undefined;
  let refusals = 0;
  return {
    async header(signal) {
      if (credential.registryToken !== '') return `Bearer ${credential.registryToken}`;
      if (challenge === undefined) return undefined;
      if (challenge.scheme === 'basic') return basic(credential);
      token ??= fetchToken(options, challenge, signal).catch((error: unknown) => {
        token = undefined;
        throw error;
      });
      return `Bearer ${await token}`;
    },
    refused(wwwAuthenticate) {
      refusals += 1;
      const [first] = parseChallenges(wwwAuthenticate);
      const said = first?.parameters['error'];
      if (challenge !== undefined && said) throw new RegistryError(`server message: ${said}: ${DENIED}`);
      if (first === undefined || refusals > MAX_REFUSALS) return false;
      if (first.scheme === 'basic' && (credential.username === '' || credential.secret === ''))
        throw new RegistryError(`${DENIED}: no basic auth credentials`);
      if (first.scheme === 'bearer' && !first.parameters['realm']) throw new RegistryError('no realm specified for token auth challenge');
      challenge = first;
      token = undefined;
      return true;
    },
  };
}

const basic = ({ username, secret }: Credential): string => `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;

async function fetchToken(options: AuthorizerOptions, { parameters }: Challenge, signal: AbortSignal | undefined): Promise<string> {
  const { credential } = options;
  const kind = credential.secret === '' ? 'anonymous' : 'oauth';
  const realm = realmOf(parameters['realm'] ?? '', options);
  const scope = [...new Set([...(parameters['scope'] ?? '').split(' '), options.scope])].filter((part) => part !== '').join(' ');
  const service = parameters['service'] ?? '';
  const common = { insecure: options.insecure, ...(signal && { signal }) };
  try {
    if (credential.secret !== '' && credential.username === '')
      return await tokenOf(
        await exchange(realm.href, {
          ...common,
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
          body: new URLSearchParams({
            scope,
            service,
            client_id: 'nodelet',
            grant_type: 'refresh_token',
            refresh_token: credential.secret,
          }).toString(),
        }),
        'POST',
      );
    if (service !== '') realm.searchParams.append('service', service);
    for (const part of scope.split(' ')) if (part !== '') realm.searchParams.append('scope', part);
    const known = credential.secret !== '';
    return await tokenOf(
      await exchange(realm.href, { ...common, method: 'GET', ...(known && { authorization: basic(credential) }) }),
      'GET',
    );
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new RegistryError(`failed to authorize: failed to fetch ${kind} token: ${error.message}`, { cause: error, retry: error.retry });
  }
}

/** Where tokens are given out. A password goes over plain http only where the registry itself is asked over it. */
function realmOf(text: string, { registry, credential }: AuthorizerOptions): URL {
  const realm = URL.canParse(text) ? new URL(text) : null;
  if (realm === null || (realm.protocol !== 'http:' && realm.protocol !== 'https:'))
    throw new RegistryError(`invalid token auth challenge realm: ${JSON.stringify(text.slice(0, 200))}`);
  if (credential.secret !== '' && realm.protocol === 'http:' && registry.startsWith('https:'))
    throw new RegistryError(`the credentials are not sent to ${realm.origin}: it is not encrypted, and the registry is`);
  realm.username = '';
  realm.password = '';
  return realm;
}

async function tokenOf(answer: Awaited<ReturnType<typeof exchange>>, method: string): Promise<string> {
  const body = await readAnswer(answer, MAX_ANSWER);
  if (answer.status < 200 || answer.status >= 300)
    throw new RegistryError(`unexpected status from ${method} request to ${answer.url}: ${statusText(answer)}`, {
      retry: answer.status >= 500,
    });
  const token = tokenIn(body);
  if (token === undefined) throw new RegistryError('no token');
  return token;
}

function tokenIn(body: Buffer): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new RegistryError('unable to decode token response: it is not JSON');
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { token, access_token: access }: { token?: unknown; access_token?: unknown } = value;
  const found = typeof token === 'string' && token !== '' ? token : access;
  return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) && found.length <= MAX_TOKEN ? found : undefined;
}
