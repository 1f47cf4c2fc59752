/**
 * Authentication and authorization that another server decides: TokenReview and SubjectAccessReview
 * (apiserver `plugin/pkg/authenticator/token/webhook`, `plugin/pkg/authorizer/webhook`).
 */
import { hasReason, StatusError } from '../api/status.ts';
import type { SubjectAccessReview, SubjectAccessReviewSpec, TokenReview } from '../api/types.ts';
import type { Clock } from '../util/clock.ts';
import { errorText } from '../util/log.ts';
import type { Attributes, AuthenticationResult, Authorizer, Decision, TokenAuthenticator, UserInfo } from './types.ts';

/** Sends a review and gives back the server's answer; rejects with a StatusError or the socket's error. */
export type ReviewToken = (review: TokenReview, signal: AbortSignal) => Promise<TokenReview>;
export type ReviewAccess = (review: SubjectAccessReview, signal: AbortSignal) => Promise<SubjectAccessReview>;

/** 500 ms, growing by half, a fifth of it by chance, five attempts in all (webhook `DefaultRetryBackoff`). */
const RETRY = { firstMs: 500, factor: 1.5, jitter: 0.2, attempts: 5 } as const;
/** One review with all its attempts (token cache `sharedLookupTimeout`). */
const REVIEW_TIMEOUT_MS = 30_000;

/** Asks a TokenReview for each token; the API server's own audiences are meant. */
export function webhookTokenAuthenticator(review: ReviewToken, clock: Clock): TokenAuthenticator {
  return async (token) => {
    try {
      const request: TokenReview = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: {},
        spec: { token },
      };
      return authenticationOf(await withRetry(clock, (signal) => review(request, signal)));
    } catch (error) {
      return { kind: 'rejected', reason: errorText(error) };
    }
  };
}

function authenticationOf({ status }: TokenReview): AuthenticationResult {
  if (status?.authenticated !== true)
    return status?.error === undefined || status.error === '' ? { kind: 'none' } : { kind: 'rejected', reason: status.error };
  const { username = '', uid, groups = [], extra } = status.user ?? {};
  const user: UserInfo = { name: username, ...(uid !== undefined && { uid }), groups, ...(extra && { extra }) };
  return { kind: 'user', user, ...(status.audiences && { audiences: status.audiences }) };
}

/** Asks a SubjectAccessReview for each question. A call that fails is no opinion with an error, never a yes. */
export function webhookAuthorizer(review: ReviewAccess, clock: Clock): Authorizer {
  return async (attributes) => {
    const request: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: accessReviewSpec(attributes),
    };
    try {
      return decisionOf(await withRetry(clock, (signal) => review(request, signal)));
    } catch (error) {
      return { decision: 'noOpinion', reason: '', error: errorText(error) };
    }
  };
}

/** The question as a SubjectAccessReview asks it; empty texts are left out. */
export function accessReviewSpec(attributes: Attributes): SubjectAccessReviewSpec {
  const { user, verb } = attributes;
  return {
    ...(attributes.kind === 'nonResource'
      ? { nonResourceAttributes: { path: attributes.path, verb } }
      : {
          resourceAttributes: filled({
            namespace: attributes.namespace,
            verb,
            group: attributes.group,
            version: attributes.version,
            resource: attributes.resource,
            subresource: attributes.subresource,
            name: attributes.name,
          }),
        }),
    user: user.name,
    ...(user.groups.length > 0 && { groups: [...user.groups] }),
    ...(user.extra && { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
    ...(user.uid !== undefined && { uid: user.uid }),
  };
}

function filled<T extends Record<string, string>>(fields: T): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== '') kept[key] = fields[key];
  return kept;
}

function decisionOf({ status }: SubjectAccessReview): Decision {
  const { allowed = false, denied = false, reason = '' } = status ?? {};
  if (allowed && denied) return { decision: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' };
  if (denied) return { decision: 'deny', reason };
  return { decision: allowed ? 'allow' : 'noOpinion', reason };
}

/** Calls until it works, the error is of a kind that stays, or attempts or time run out. */
async function withRetry<T>(clock: Clock, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cut = new AbortController();
  const timer = clock.after(REVIEW_TIMEOUT_MS, () => cut.abort(new Error('context deadline exceeded')));
  try {
    for (let attempt = 1, waitMs: number = RETRY.firstMs; ; attempt++, waitMs *= RETRY.factor) {
      try {
        return await call(cut.signal);
      } catch (error) {
        if (attempt === RETRY.attempts || cut.signal.aborted || !isPassing(error)) throw error;
        await clock.sleep(waitMs * (1 + Math.random() * RETRY.jitter), cut.signal);
      }
    }
  } finally {
    timer.cancel();
  }
}

/** Errors that may be over soon. A refused connection is not one: the server is down (webhook `DefaultShouldRetry`). */
function isPassing(error: unknown): boolean {
  if (error instanceof StatusError) {
    const { code, details } = error.status;
    return (
      hasReason(error, 'InternalError') ||
      hasReason(error, 'TooManyRequests') ||
      hasReason(error, 'Timeout') ||
      [429, 500, 504].includes(code) ||
      (details?.retryAfterSeconds ?? 0) > 0
    );
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'ECONNRESET' || code.startsWith('ERR_HTTP2_');
}
