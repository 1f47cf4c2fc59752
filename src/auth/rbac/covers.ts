/** Whether some rules grant at least what others do (kubernetes `component-helpers/auth/rbac/validation`). */
import type { PolicyRule } from '../../api/types.ts';
import type { UserInfo } from '../types.ts';
import type { UserRules } from './authorizer.ts';

/** The parts of `requested`, each of one verb on one thing, that no rule of `owned` covers; compacted. */
export function uncovered(owned: readonly PolicyRule[], requested: readonly PolicyRule[]): PolicyRule[] {
  return compacted(requested.flatMap(pieces).filter((piece) => !owned.some((rule) => covers(rule, piece))));
}

/** Takes a rule apart into rules that name one verb and one thing each. */
function pieces(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? [])
    for (const resource of rule.resources ?? [])
      for (const verb of rule.verbs) {
        const names = rule.resourceNames ?? [];
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (names.length === 0) parts.push(piece);
        for (const name of names) parts.push({ ...piece, resourceNames: [name] });
      }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  return parts;
}

function covers(owner: PolicyRule, piece: PolicyRule): boolean {
  const all = (list: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
    list?.includes('*') === true || (wanted ?? []).every((item) => list?.includes(item));
  const ownNames = owner.resourceNames ?? [];
  const names = piece.resourceNames ?? [];
  return (
    all(owner.verbs, piece.verbs) &&
    all(owner.apiGroups, piece.apiGroups) &&
    (piece.resources ?? []).every((resource) => coversResource(owner.resources ?? [], resource)) &&
    (piece.nonResourceURLs ?? []).every((url) => (owner.nonResourceURLs ?? []).some((own) => coversUrl(own, url))) &&
    (ownNames.length === 0 || (names.length > 0 && names.every((name) => ownNames.includes(name))))
  );
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true;
  const [, subresource] = resource.split('/');
  return subresource !== undefined && owned.includes(`*/${subresource}`);
}

const coversUrl = (own: string, url: string): boolean => own === url || (own.endsWith('*') && url.startsWith(own.replace(/\*+$/, '')));

/** Puts verbs on the same plain resource together (kubernetes `pkg/registry/rbac/validation` `CompactRules`). */
function compacted(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const out: PolicyRule[] = [];
  for (const rule of rules) {
    const plain = rule.resources?.length === 1 && rule.resourceNames === undefined;
    const key = JSON.stringify([rule.apiGroups, rule.resources]);
    const same = plain ? simple.get(key) : undefined;
    if (same !== undefined) {
      for (const verb of rule.verbs) if (!same.verbs.includes(verb)) same.verbs.push(verb);
      continue;
    }
    const copy = { ...rule, verbs: [...rule.verbs] };
    if (plain) simple.set(key, copy);
    out.push(copy);
  }
  return out;
}

/** Why a user may not grant rules; undefined when all of them are covered. */
export function escalationProblem(user: UserInfo, owned: UserRules, requested: readonly PolicyRule[]): string | undefined {
  const missing = uncovered(owned.rules, requested);
  if (missing.length === 0) return undefined;
  const lines = [...new Set(missing.map(ruleText))].sort().join('\n');
  const head = `user ${JSON.stringify(user.name)} (groups=${goList(user.groups)}) is attempting to grant RBAC permissions not currently held:`;
  const failed = owned.errors.length === 0 ? '' : `; resolution errors: [${owned.errors.join(', ')}]`;
  return `${head}\n${lines}${failed}`;
}

/** A rule in one line, as error texts show it. */
export function ruleText(rule: PolicyRule): string {
  const fields: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  return `{${fields.flatMap(([name, values]) => (values === undefined || values.length === 0 ? [] : `${name}:${goList(values)}`)).join(', ')}}`;
}

/** Go's `%q` of a list of strings. */
export const goList = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
