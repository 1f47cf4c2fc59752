/** Tokens of a pod's ServiceAccount, kept until four fifths of their life are over (kubernetes `pkg/kubelet/token/token_manager.go`). */
import { timeOrUndefined } from '../../api/time.ts';
import { resources } from '../../api/resources.ts';
import type { ObjectOf, TokenRequest } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';

type TokenProjection = ObjectOf<'core/v1.ServiceAccountTokenProjection'>;

export interface TokenManager {
  token(pod: NodePod, projection: TokenProjection): Promise<string>;
  forget(podUid: string): void;
}

interface Entry {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** A little earlier for some than for others, so that not all ask at once. */
  readonly jitterMs: number;
}

const MAX_TTL_MS = 24 * 3600 * 1000;
const MAX_JITTER_MS = 10_000;
const DEFAULT_SECONDS = 3600;

export function createTokenManager(client: KubeClient | undefined, now: () => number, log: Logger): TokenManager {
  const entries = new Map<string, Entry>();
  const stale = ({ issuedAt, expiresAt, jitterMs }: Entry, at: number): boolean =>
    issuedAt > at || at > issuedAt + MAX_TTL_MS - jitterMs || at > expiresAt - (expiresAt - issuedAt) * 0.2 - jitterMs;

  async function request(pod: NodePod, { audience, expirationSeconds = DEFAULT_SECONDS }: TokenProjection): Promise<Entry> {
    if (client === undefined) throw new Error('cannot use TokenManager when kubelet is in standalone mode');
    const { name, namespace, uid } = pod.metadata;
    const issuedAt = now();
    const body: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience === undefined || audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const account = pod.spec.serviceAccountName ?? 'default';
    const answer = await client.createSubresource<TokenRequest>(resources.serviceaccounts, account, 'token', body, { namespace });
    const { token, expirationTimestamp } = answer.status ?? {};
    if (token === undefined || token === '') throw new Error('the API server sent no token');
    const expiresAt = timeOrUndefined(expirationTimestamp) ?? issuedAt + expirationSeconds * 1000;
    return { token, issuedAt, expiresAt, jitterMs: Math.random() * MAX_JITTER_MS };
  }

  return {
    async token(pod, projection) {
      const { name, namespace, uid } = pod.metadata;
      const key = JSON.stringify([uid, pod.spec.serviceAccountName, projection.audience, projection.expirationSeconds]);
      const known = entries.get(key);
      if (known && !stale(known, now())) return known.token;
      try {
        const entry = await request(pod, projection);
        entries.set(key, entry);
        return entry.token;
      } catch (error) {
        if (known === undefined) throw new Error(`failed to fetch token: ${errorText(error)}`, { cause: error });
        if (now() >= known.expiresAt) throw new Error(`token ${key} expired and refresh failed: ${errorText(error)}`, { cause: error });
        log.warn('Token could not be renewed; the old one stays', { pod: `${namespace}/${name}`, err: errorText(error) });
        return known.token;
      }
    },
    forget(podUid) {
      const prefix = `["${podUid}"`;
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}
