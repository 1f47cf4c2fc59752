/** Roles and bindings (`pkg/apis/rbac/validation/validation.go`). */
import { invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { dnsSubdomain, pathSegment } from '../names.ts';
import { jsonEqual } from '../own.ts';
import { labelSelectorFaults } from '../selectors.ts';
import type { ClusterRole, ClusterRoleBinding, Loose, PolicyRule, RoleRef, Subject } from '../types.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Pushes what is wrong with the rules of a Role or ClusterRole. */
export function validateRole(errors: FieldError[], role: Loose<ClusterRole>, namespaced: boolean): void {
  for (const [i, rule] of (role.rules ?? []).entries()) validateRule(errors, `rules[${i}]`, rule, namespaced);
  const aggregation = role.aggregationRule;
  if (aggregation === undefined) return;
  const selectors = aggregation.clusterRoleSelectors ?? [];
  if (selectors.length === 0)
    errors.push(
      required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
    );
  for (const [i, selector] of selectors.entries())
    errors.push(...labelSelectorFaults(selector, `aggregationRule.clusterRoleSelectors[${i}]`));
}

function validateRule(errors: FieldError[], at: string, rule: Loose<PolicyRule>, namespaced: boolean): void {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (verbs.length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (namespaced)
      errors.push(invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      errors.push(
        invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
      );
    }
    return;
  }
  if (apiGroups.length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
}

/** Pushes what is wrong with a RoleBinding or ClusterRoleBinding. */
export function validateBinding(errors: FieldError[], binding: Loose<ClusterRoleBinding>, namespaced: boolean): void {
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
  if (apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', apiGroup, [GROUP]));
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (name === '') errors.push(required('roleRef.name'));
  else for (const fault of pathSegment(name)) errors.push(invalidValue('roleRef.name', name, fault));
  for (const [i, subject] of (binding.subjects ?? []).entries()) validateSubject(errors, `subjects[${i}]`, subject);
}

function validateSubject(errors: FieldError[], at: string, { kind = '', apiGroup = '', name = '', namespace = '' }: Loose<Subject>): void {
  if (name === '') errors.push(required(`${at}.name`));
  if (kind === 'ServiceAccount') {
    if (name !== '') for (const fault of dnsSubdomain(name)) errors.push(invalidValue(`${at}.name`, name, fault));
    if (apiGroup !== '') errors.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
    if (namespace === '') errors.push(required(`${at}.namespace`));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== GROUP) errors.push(notSupported(`${at}.apiGroup`, apiGroup, [GROUP]));
  } else errors.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
}

/** What a binding binds never changes; the value shows with Go's field names. */
export function validateBindingUpdate(
  errors: FieldError[],
  binding: Loose<ClusterRoleBinding>,
  before: Loose<ClusterRoleBinding>,
  namespaced: boolean,
): void {
  validateBinding(errors, binding, namespaced);
  if (jsonEqual(binding.roleRef ?? {}, before.roleRef ?? {})) return;
  errors.push(invalidValue('roleRef', goNames(binding.roleRef ?? {}), 'cannot change roleRef'));
}

const goNames = ({ apiGroup = '', kind = '', name = '' }: Loose<RoleRef>): object => ({ APIGroup: apiGroup, Kind: kind, Name: name });
