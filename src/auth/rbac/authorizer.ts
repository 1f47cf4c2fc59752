/** Role-based authorization (kubernetes `plugin/pkg/auth/authorizer/rbac/rbac.go`). */
import type { PolicyRule } from '../../api/types.ts';
import { aggregateText } from '../chain.ts';
import type { Authorizer, UserInfo } from '../types.ts';
import { type Grant, grantFinder, missingRoleText, type RbacReader, rulesOf } from './bindings.ts';
import { ruleAllows } from './match.ts';

/** Allows what a role allows that is bound to the user, and says by which binding. Never denies. */
export function rbacAuthorizer(reader: RbacReader): Authorizer {
  const find = grantFinder(reader);
  return (attributes) => {
    const missing: string[] = [];
    for (const grant of find(attributes.user, attributes.kind === 'resource' ? attributes.namespace : '')) {
      const rules = rulesOf(reader, grant.roleRef, grant.namespace);
      if (rules === undefined) missing.push(missingRoleText(grant.roleRef));
      else if (rules.some((rule) => ruleAllows(rule, attributes))) return { decision: 'allow', reason: allowedBy(grant) };
    }
    return { decision: 'noOpinion', reason: missing.length === 0 ? '' : `RBAC: ${aggregateText(missing)}` };
  };
}

function allowedBy({ kind, name, namespace, roleRef, subject }: Grant): string {
  const binding = kind === 'ClusterRoleBinding' ? name : `${name}/${namespace}`;
  const subjectNamespace = subject.namespace ?? namespace;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subjectNamespace}` : subject.name;
  const quote = JSON.stringify;
  return `RBAC: allowed by ${kind} ${quote(binding)} of ${roleRef.kind} ${quote(roleRef.name)} to ${subject.kind} ${quote(who)}`;
}

/** A user's rules, and what could not be looked up. */
export interface UserRules {
  readonly rules: readonly PolicyRule[];
  readonly errors: readonly string[];
}

export type RuleResolver = (user: UserInfo, namespace: string) => UserRules;

/** Lists every rule that a user has in a namespace (cluster-wide rules alone for an empty one). */
export function ruleResolver(reader: RbacReader): RuleResolver {
  const find = grantFinder(reader);
  return (user, namespace) => {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    for (const grant of find(user, namespace)) {
      const found = rulesOf(reader, grant.roleRef, grant.namespace);
      if (found === undefined) errors.push(missingRoleText(grant.roleRef));
      else rules.push(...found);
    }
    return { rules, errors };
  };
}
