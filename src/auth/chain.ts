/** Puts authenticators and authorizers together (apiserver `pkg/authentication/request/union`, `group`, `pkg/authorization/union`). */
import { ANONYMOUS, type AuthenticationResult, type Authenticator, type Authorizer, type Decision, type UserInfo } from './types.ts';

export const AUTHENTICATED_GROUP = 'system:authenticated';
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated';

/** What Go's aggregate of errors says: one as it is, several in brackets, repetitions once. */
export function aggregateText(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

/** Asks every authenticator in turn; the first user wins, rejections count only when there is none. */
export function unionAuthenticators(...authenticators: readonly Authenticator[]): Authenticator {
  return (credentials) => firstUser(authenticators.map((authenticate) => () => authenticate(credentials)));
}

/** Runs the attempts in order until one gives a user; otherwise all rejections in one, or nothing. */
export async function firstUser(attempts: readonly (() => Promise<AuthenticationResult>)[]): Promise<AuthenticationResult> {
  const reasons: string[] = [];
  for (const attempt of attempts) {
    const result = await attempt();
    if (result.kind === 'user') return result;
    if (result.kind === 'rejected') reasons.push(result.reason);
  }
  return reasons.length === 0 ? { kind: 'none' } : { kind: 'rejected', reason: aggregateText(reasons) };
}

/** The user with the group of all who are authenticated, unless the groups already say which it is. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.name === ANONYMOUS.name) return user;
  if (user.groups.includes(AUTHENTICATED_GROUP) || user.groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
}

/**
 * The whole chain of a server: all authenticators, then the anonymous user when that is switched on. A credential that
 * was recognised and refused never becomes anonymous.
 */
export function authenticatorChain(authenticators: readonly Authenticator[], options: { readonly anonymous: boolean }): Authenticator {
  const union = unionAuthenticators(...authenticators);
  return async (credentials) => {
    const result = await union(credentials);
    if (result.kind === 'user') return { ...result, user: withAuthenticatedGroup(result.user) };
    if (result.kind === 'none' && options.anonymous) return { kind: 'user', user: ANONYMOUS };
    return result;
  };
}

/** Asks every authorizer in turn; the first that allows or denies decides. Without one, all reasons by lines and all errors. */
export function union(...authorizers: readonly Authorizer[]): Authorizer {
  return async (attributes) => {
    const reasons: string[] = [];
    const errors: string[] = [];
    for (const authorize of authorizers) {
      const decision = await authorize(attributes);
      if (decision.decision !== 'noOpinion') return decision;
      if (decision.reason !== '') reasons.push(decision.reason);
      if (decision.error !== undefined) errors.push(decision.error);
    }
    return { decision: 'noOpinion', reason: reasons.join('\n'), ...(errors.length > 0 && { error: aggregateText(errors) }) };
  };
}

/** Allows the members of `system:masters` everything, without a reason (apiserver `authorizerfactory.NewPrivilegedGroups`). */
export function privilegedGroup(group = 'system:masters'): Authorizer {
  const allow: Decision = { decision: 'allow', reason: '' };
  const pass: Decision = { decision: 'noOpinion', reason: '' };
  return ({ user }) => (user.groups.includes(group) ? allow : pass);
}

/** Allows everything (mode AlwaysAllow). */
export const alwaysAllow: Authorizer = () => ({ decision: 'allow', reason: '' });
