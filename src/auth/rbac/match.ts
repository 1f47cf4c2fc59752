/** Whether a rule allows a request (kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go`). */
import type { PolicyRule } from '../../api/types.ts';
import type { Attributes } from '../types.ts';

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && list.includes(value);
const hasOrAll = (list: readonly string[] | undefined, value: string): boolean => has(list, value) || has(list, '*');

/** One rule against one request. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false;
  if (attributes.kind === 'nonResource') return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, attributes.path));
  return (
    hasOrAll(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes.resource, attributes.subresource) &&
    nameMatches(rule.resourceNames ?? [], attributes.name)
  );
}

function resourceMatches(rules: readonly string[], resource: string, subresource: string): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return rules.some((rule) => rule === '*' || rule === combined || (subresource !== '' && rule === `*/${subresource}`));
}

const nameMatches = (names: readonly string[], name: string): boolean => names.length === 0 || names.includes(name);

/** A pattern that ends in `*` is a prefix of text, not of path segments. */
function urlMatches(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}
