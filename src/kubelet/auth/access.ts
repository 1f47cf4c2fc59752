/** The kubelet's authentication and authorization, as its configuration says (kubernetes `cmd/kubelet/app/auth.go`). */
import { parseDuration } from '../../api/duration.ts';
import { resources } from '../../api/resources.ts';
import { StatusError } from '../../api/status.ts';
import type { SubjectAccessReview, TokenReview } from '../../api/types.ts';
import { bearerAuthenticator } from '../../auth/bearer.ts';
import { cachedAuthenticator, cachedAuthorizer } from '../../auth/cache.ts';
import { alwaysAllow, authenticatorChain } from '../../auth/chain.ts';
import type { Authenticator, Authorizer, TokenAuthenticator } from '../../auth/types.ts';
import { webhookAuthorizer, webhookTokenAuthenticator } from '../../auth/webhook.ts';
import { x509Authenticator } from '../../auth/x509/x509.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { ConfigError, type KubeletConfiguration } from '../config.ts';
import { watchClientCA } from './client-ca.ts';

export interface AccessOptions {
  readonly config: Pick<KubeletConfiguration, 'authentication' | 'authorization'>;
  /** Asks the API server; absent without a kubeconfig. */
  readonly client: Pick<KubeClient, 'create'> | undefined;
  readonly host: Host;
  readonly log: Logger;
  /** Called with the PEM of the client authorities when their file has changed. */
  readonly onClientCA?: (pem: string) => void;
  readonly observer?: AccessObserver;
}

/** What is told of access control's work, for those who count. Times in seconds. */
export interface AccessObserver {
  /** One request to the API server; `code` is the answer's status, `<error>` without one. */
  reviewed(kind: 'token' | 'access', code: string, seconds: number): void;
  /** A token was looked up: in the cache, or with the API server. */
  tokenLookup(hit: boolean, seconds: number): void;
  tokenFetch(change: 'began' | 'ok' | 'error'): void;
  /** A client certificate was accepted that is good for so long. */
  certificate(remainingSeconds: number): void;
}

export interface KubeletAccess {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** PEM of the client authorities; absent when none are configured. */
  clientCA(): string | undefined;
  close(): void;
}

/** Builds what the secure server asks. Throws ConfigError for a mode that needs an API server when there is none. */
export async function kubeletAccess(options: AccessOptions): Promise<KubeletAccess> {
  const { config, client, host, log, observer } = options;
  const { clock } = host;
  const { x509, webhook, anonymous } = config.authentication;
  const authenticators: Authenticator[] = [];
  if (webhook.enabled && client === undefined) throw new ConfigError('no client provided, cannot use webhook authentication');
  const authorize = kubeletAuthorizer(options);
  const ca = x509.clientCAFile === '' ? undefined : await watchClientCA(x509.clientCAFile, host, log, (pem) => options.onClientCA?.(pem));
  if (ca !== undefined)
    authenticators.push(
      x509Authenticator(
        () => ca.current(),
        clock,
        (notAfter) => observer?.certificate((notAfter - clock.now()) / 1000),
      ),
    );
  if (webhook.enabled && client !== undefined) {
    const ttl = parseDuration(webhook.cacheTTL);
    const ask = webhookTokenAuthenticator(
      (review, signal) => timedReview(options, 'token', () => reviewToken(client, review, signal)),
      clock,
    );
    authenticators.push(bearerAuthenticator(countedLookups(options, ask, { clock, successTtlMs: ttl, failureTtlMs: ttl })));
  }
  return {
    authenticate: authenticatorChain(authenticators, { anonymous: anonymous.enabled }),
    authorize,
    clientCA: () => ca?.current(),
    close: () => ca?.close(),
  };
}

/** Remembers tokens, and tells which of them were remembered. */
function countedLookups(
  { observer, host }: AccessOptions,
  ask: TokenAuthenticator,
  cache: Parameters<typeof cachedAuthenticator>[1],
): TokenAuthenticator {
  if (observer === undefined) return cachedAuthenticator(ask, cache);
  let asked = 0;
  const cached = cachedAuthenticator(async (token, audiences) => {
    asked += 1;
    observer.tokenFetch('began');
    const result = await ask(token, audiences);
    observer.tokenFetch(result.kind === 'user' ? 'ok' : 'error');
    return result;
  }, cache);
  return async (token, audiences) => {
    const began = host.clock.monotonic();
    const before = asked;
    const answer = cached(token, audiences);
    // A lookup that is not remembered asks at once.
    const hit = asked === before;
    try {
      return await answer;
    } finally {
      observer.tokenLookup(hit, (host.clock.monotonic() - began) / 1000);
    }
  };
}

async function timedReview<T>({ observer, host }: AccessOptions, kind: 'token' | 'access', review: () => Promise<T>): Promise<T> {
  const began = host.clock.monotonic();
  let code = '<error>';
  try {
    const answer = await review();
    code = '201';
    return answer;
  } catch (error) {
    if (error instanceof StatusError) code = String(error.status.code);
    throw error;
  } finally {
    observer?.reviewed(kind, code, (host.clock.monotonic() - began) / 1000);
  }
}

function kubeletAuthorizer(options: AccessOptions): Authorizer {
  const { config, client, host } = options;
  const { mode, webhook } = config.authorization;
  if (mode === 'AlwaysAllow') return alwaysAllow;
  if (client === undefined) throw new ConfigError('no client provided, cannot use webhook authorization');
  const ask = webhookAuthorizer((review, signal) => timedReview(options, 'access', () => reviewAccess(client, review, signal)), host.clock);
  return cachedAuthorizer(ask, {
    clock: host.clock,
    allowTtlMs: parseDuration(webhook.cacheAuthorizedTTL),
    denyTtlMs: parseDuration(webhook.cacheUnauthorizedTTL),
  });
}

async function reviewToken(client: Pick<KubeClient, 'create'>, review: TokenReview, signal: AbortSignal): Promise<TokenReview> {
  return client.create(resources['tokenreviews.authentication.k8s.io'], review, { signal });
}

async function reviewAccess(
  client: Pick<KubeClient, 'create'>,
  review: SubjectAccessReview,
  signal: AbortSignal,
): Promise<SubjectAccessReview> {
  return client.create(resources['subjectaccessreviews.authorization.k8s.io'], review, { signal });
}
