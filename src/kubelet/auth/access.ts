/** The kubelet's authentication and authorization, as its configuration says (kubernetes `cmd/kubelet/app/auth.go`). */
import { parseDuration } from '../../api/duration.ts';
import { resources } from '../../api/resources.ts';
import type { SubjectAccessReview, TokenReview } from '../../api/types.ts';
import { bearerAuthenticator } from '../../auth/bearer.ts';
import { cachedAuthenticator, cachedAuthorizer } from '../../auth/cache.ts';
import { alwaysAllow, authenticatorChain } from '../../auth/chain.ts';
import type { Authenticator, Authorizer } from '../../auth/types.ts';
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
  const { config, client, host, log } = options;
  const { clock } = host;
  const { x509, webhook, anonymous } = config.authentication;
  const authenticators: Authenticator[] = [];
  if (webhook.enabled && client === undefined) throw new ConfigError('no client provided, cannot use webhook authentication');
  const authorize = kubeletAuthorizer(options);
  const ca = x509.clientCAFile === '' ? undefined : await watchClientCA(x509.clientCAFile, host, log, (pem) => options.onClientCA?.(pem));
  if (ca !== undefined) authenticators.push(x509Authenticator(() => ca.current(), clock));
  if (webhook.enabled && client !== undefined) {
    const ttl = parseDuration(webhook.cacheTTL);
    const ask = webhookTokenAuthenticator((review, signal) => reviewToken(client, review, signal), clock);
    authenticators.push(bearerAuthenticator(cachedAuthenticator(ask, { clock, successTtlMs: ttl, failureTtlMs: ttl })));
  }
  return {
    authenticate: authenticatorChain(authenticators, { anonymous: anonymous.enabled }),
    authorize,
    clientCA: () => ca?.current(),
    close: () => ca?.close(),
  };
}

function kubeletAuthorizer({ config, client, host }: AccessOptions): Authorizer {
  const { mode, webhook } = config.authorization;
  if (mode === 'AlwaysAllow') return alwaysAllow;
  if (client === undefined) throw new ConfigError('no client provided, cannot use webhook authorization');
  const ask = webhookAuthorizer((review, signal) => reviewAccess(client, review, signal), host.clock);
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
