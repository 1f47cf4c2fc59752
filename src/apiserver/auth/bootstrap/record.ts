/** The short form in which the bootstrap policy is written down: texts of words for lists. */
import type { PolicyRule } from '../../../api/types.ts';

export interface RoleRecord {
  /** Set for Roles. */
  readonly namespace?: string;
  readonly name: string;
  /** The role that collects this one's rules, by label. */
  readonly aggregateTo?: string;
  /** Rules are collected from the roles with this label. */
  readonly aggregates?: string;
  readonly rules: readonly PolicyRule[];
}

export interface BindingRecord {
  readonly namespace?: string;
  readonly name: string;
  /** `Kind/name`. */
  readonly role: string;
  /** `User name`, `Group name` or `ServiceAccount namespace/name`. */
  readonly subjects: readonly string[];
}

const words = (text: string): string[] => text.split(' ');

/** Verbs on resources of API groups (`core` is the group without a name), perhaps of some objects only. */
export function on(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((group) => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(names !== undefined && { resourceNames: words(names) }),
  };
}

/** Verbs on paths that are no resources. */
export const urls = (verbs: string, paths: string): PolicyRule => ({ verbs: words(verbs), nonResourceURLs: words(paths) });
