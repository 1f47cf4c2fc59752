/** Audit events, `audit.k8s.io/v1` at level Metadata: who asked for what, and what became of it; never bodies (apiserver `pkg/audit`). */
import type { RequestInfo } from '../../api/request-info.ts';
import type { StatusError } from '../../api/status.ts';
import { microTime } from '../../api/time.ts';
import type { UserInfo } from '../../auth/types.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';

/** What is known of a request once it is over, or once a long answer has begun. */
export interface AuditFacts {
  readonly id: string;
  readonly exchange: Exchange | UpgradeExchange;
  readonly info: RequestInfo;
  /** ms since 1970. */
  readonly receivedAt: number;
  user?: UserInfo;
  /** Whom the request acts as, when that is someone else. */
  impersonated?: UserInfo;
  decision?: { readonly decision: 'allow' | 'forbid'; readonly reason: string };
  failure?: StatusError['status'];
}

export type AuditStage = 'ResponseStarted' | 'ResponseComplete';

/** Longest text from a request that is written down, in characters. */
const MAX_TEXT = 4096;

/** One event as JSON text without a newline. */
export function auditEvent(facts: AuditFacts, stage: AuditStage, code: number, now: number): string {
  const { exchange, info, decision, failure } = facts;
  const agent = exchange.request.headers['user-agent'];
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: facts.id,
    stage,
    requestURI: cut(exchange.request.url ?? exchange.target.rawPath),
    verb: info.verb,
    user: userOf(facts.user),
    ...(facts.impersonated && { impersonatedUser: userOf(facts.impersonated) }),
    ...(exchange.peer.address !== '' && { sourceIPs: [exchange.peer.address] }),
    ...(agent !== undefined && { userAgent: cut(agent) }),
    ...(info.isResource && { objectRef: objectRef(info) }),
    responseStatus: {
      metadata: {},
      ...(failure && { status: failure.status, message: failure.message, reason: failure.reason, details: failure.details }),
      code,
    },
    requestReceivedTimestamp: microTime(facts.receivedAt),
    stageTimestamp: microTime(now),
    ...(decision && {
      annotations: { 'authorization.k8s.io/decision': decision.decision, 'authorization.k8s.io/reason': decision.reason },
    }),
  });
}

function userOf(user: UserInfo | undefined): object {
  if (!user) return {};
  const { name, uid, groups, extra } = user;
  return { username: cut(name), ...(uid !== undefined && { uid }), groups, ...(extra && { extra }) };
}

function objectRef({ resource, namespace, name, group, version, subresource }: RequestInfo): object {
  const all = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === '' ? [] : [[key, cut(value)]])));
}

const cut = (text: string): string => (text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text);
