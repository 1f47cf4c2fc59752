/** Roles and bindings as the API server has them stored. */
import { resources } from '../../api/resources.ts';
import type { RbacReader } from '../../auth/rbac/rbac.ts';
import type { ObjectReader } from '../endpoint.ts';

/** Reads roles and bindings; the revision counts their changes until `close`. */
export function rbacReader(objects: ObjectReader): RbacReader & { close(): void } {
  const clusterRoles = resources['clusterroles.rbac.authorization.k8s.io'];
  const roles = resources['roles.rbac.authorization.k8s.io'];
  const clusterRoleBindings = resources['clusterrolebindings.rbac.authorization.k8s.io'];
  const roleBindings = resources['rolebindings.rbac.authorization.k8s.io'];
  let changes = 0;
  const count = (): void => {
    changes++;
  };
  const stops = [objects.subscribe(clusterRoleBindings, count), objects.subscribe(roleBindings, count)];
  return {
    clusterRole: (name) => objects.get(clusterRoles, '', name),
    role: (namespace, name) => objects.get(roles, namespace, name),
    clusterRoleBindings: () => ordered(objects.list(clusterRoleBindings)),
    roleBindings: (namespace) => ordered(objects.list(roleBindings, namespace)),
    revision: () => changes,
    close: () => {
      for (const stop of stops) stop();
    },
  };
}

/**
 * Bindings that somebody made speak before those of the system, so that a reason names what was done on purpose. The
 * original takes them in no order; ours stays the same.
 */
function ordered<T extends { readonly metadata: { readonly name: string } }>(bindings: readonly T[]): T[] {
  const isSystem = ({ metadata }: T): boolean => metadata.name.startsWith('system:');
  return [...bindings.filter((binding) => !isSystem(binding)), ...bindings.filter(isSystem).toReversed()];
}
