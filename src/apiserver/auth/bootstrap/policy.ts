/** The bootstrap policy as objects of the API. */
import { resources, type ResourceDefinition } from '../../../api/resources.ts';
import type { ClusterRole, ClusterRoleBinding, ObjectMeta, Role, RoleBinding, Subject } from '../../../api/types.ts';
import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS } from './bindings.ts';
import { CLUSTER_ROLES } from './cluster-roles.ts';
import { CONTROLLER_ROLES } from './controller-roles.ts';
import { ROLES } from './namespaced-roles.ts';
import type { BindingRecord, RoleRecord } from './record.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/** A role or binding, with the resource under which it is stored. */
export type PolicyObject =
  | { readonly resource: ResourceDefinition; readonly role: Role | ClusterRole }
  | { readonly resource: ResourceDefinition; readonly binding: RoleBinding | ClusterRoleBinding };

const aggregateLabel = (role: string): string => `${RBAC_GROUP}/aggregate-to-${role}`;

/** Every object of the policy, made anew at each call: roles first, then bindings. */
export function bootstrapPolicy(): PolicyObject[] {
  return [
    ...[...CLUSTER_ROLES, ...CONTROLLER_ROLES].map((record) => ({
      resource: resources[`clusterroles.${RBAC_GROUP}`],
      role: roleOf(record, 'ClusterRole'),
    })),
    ...ROLES.map((record) => ({ resource: resources[`roles.${RBAC_GROUP}`], role: roleOf(record, 'Role') })),
    ...CLUSTER_ROLE_BINDINGS.map((record) => ({
      resource: resources[`clusterrolebindings.${RBAC_GROUP}`],
      binding: bindingOf(record, 'ClusterRoleBinding'),
    })),
    ...ROLE_BINDINGS.map((record) => ({
      resource: resources[`rolebindings.${RBAC_GROUP}`],
      binding: bindingOf(record, 'RoleBinding'),
    })),
  ];
}

function metadataOf(
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  labels?: Record<string, string>,
): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [AUTOUPDATE]: 'true' },
  };
}

function roleOf(record: RoleRecord, kind: 'ClusterRole' | 'Role'): ClusterRole {
  const { aggregateTo, aggregates, rules } = record;
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: metadataOf(record, aggregateTo === undefined ? undefined : { [aggregateLabel(aggregateTo)]: 'true' }),
    rules: structuredClone([...rules]),
    ...(aggregates !== undefined && {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(aggregates)]: 'true' } }] },
    }),
  };
}

function bindingOf(record: BindingRecord, kind: 'ClusterRoleBinding' | 'RoleBinding'): ClusterRoleBinding {
  const [roleKind, roleName] = splitOnce(record.role, '/');
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: metadataOf(record),
    roleRef: { apiGroup: RBAC_GROUP, kind: roleKind, name: roleName },
    ...(record.subjects.length > 0 && { subjects: record.subjects.map(subjectOf) }),
  };
}

function subjectOf(text: string): Subject {
  const [kind, rest] = splitOnce(text, ' ');
  if (kind !== 'ServiceAccount') return { kind, apiGroup: RBAC_GROUP, name: rest };
  const [namespace, name] = splitOnce(rest, '/');
  return { kind, name, namespace };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
