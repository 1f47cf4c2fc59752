/** Brings the stored roles and bindings up to the bootstrap policy (kubernetes `component-helpers/auth/rbac/reconciliation`). */
import { jsonEqual } from '../../../api/own.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import type { ClusterRole, KubeObject, ObjectMeta, RoleBinding, Subject } from '../../../api/types.ts';
import { uncovered } from '../../../auth/rbac/rbac.ts';
import { aggregateClusterRoles } from '../aggregation.ts';
import { AUTOUPDATE, bootstrapPolicy, type PolicyObject } from './policy.ts';

/** Stored objects as the reconciler reads and writes them, with the server's own rights. */
export interface PolicyRegistry {
  get(resource: ResourceDefinition, namespace: string, name: string): KubeObject | undefined;
  list(resource: ResourceDefinition): readonly KubeObject[];
  create(resource: ResourceDefinition, object: KubeObject): Promise<unknown>;
  update(resource: ResourceDefinition, object: KubeObject): Promise<unknown>;
  delete(resource: ResourceDefinition, namespace: string, name: string): Promise<unknown>;
}

/**
 * Creates what is missing and adds missing rules, subjects, labels and annotations; what users added stays. An object with
 * autoupdate "false" is left alone; a binding to another role is made anew. Then fills the aggregated roles.
 */
export async function reconcileRbac(registry: PolicyRegistry): Promise<void> {
  await Promise.all(bootstrapPolicy().map((wanted) => reconcileOne(registry, wanted)));
  await aggregateClusterRoles(registry);
}

async function reconcileOne(registry: PolicyRegistry, wanted: PolicyObject): Promise<void> {
  const object = ('role' in wanted ? wanted.role : wanted.binding) as unknown as KubeObject;
  const { name = '', namespace = '' } = object.metadata;
  const stored = registry.get(wanted.resource, namespace, name);
  if (stored === undefined) {
    await registry.create(wanted.resource, object);
    return;
  }
  if (stored.metadata.annotations?.[AUTOUPDATE] === 'false') return;
  if ('binding' in wanted && !jsonEqual(stored['roleRef'], wanted.binding.roleRef)) {
    await registry.delete(wanted.resource, namespace, name);
    await registry.create(wanted.resource, object);
    return;
  }
  const merged: KubeObject = {
    ...stored,
    metadata: withDefaults(stored.metadata, object.metadata),
    ...('role' in wanted
      ? mergedRole(stored as unknown as ClusterRole, wanted.role)
      : mergedBinding(stored as unknown as RoleBinding, wanted.binding)),
  };
  if ('role' in wanted && !('aggregationRule' in wanted.role)) delete merged['aggregationRule'];
  if (!jsonEqual(merged, stored)) await registry.update(wanted.resource, structuredClone(merged));
}

/** Labels and annotations that are there win over the policy's. */
function withDefaults(stored: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  return {
    ...stored,
    labels: { ...wanted.labels, ...stored.labels },
    annotations: { ...wanted.annotations, ...stored.annotations },
  };
}

function mergedRole(stored: ClusterRole, wanted: ClusterRole): Partial<ClusterRole> {
  if (wanted.aggregationRule === undefined) {
    const rules = stored.rules ?? [];
    return jsonEqual(rules, wanted.rules) ? {} : { rules: [...rules, ...uncovered(rules, wanted.rules)] };
  }
  // The rules of an aggregated role are its controller's; only the selectors are the policy's.
  const selectors = stored.aggregationRule?.clusterRoleSelectors ?? [];
  const missing = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter((one) => !selectors.some((other) => jsonEqual(one, other)));
  return { aggregationRule: { clusterRoleSelectors: [...selectors, ...missing] } };
}

function mergedBinding(stored: RoleBinding, wanted: RoleBinding): Partial<RoleBinding> {
  const subjects = stored.subjects ?? [];
  const same = (a: Subject, b: Subject): boolean => a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
  const missing = (wanted.subjects ?? []).filter((one) => !subjects.some((other) => same(one, other)));
  return missing.length === 0 ? {} : { subjects: [...subjects, ...missing] };
}
