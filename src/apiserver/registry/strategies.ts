/**
 * How kinds differ in the way requests treat them (the `strategy.go` of each resource). What the server itself sets in an
 * object is in `api/defaults/prepare.ts`.
 */
import { qualifiedResource, type GroupResource } from '../../api/status.ts';

export interface Strategy {
  /** A PUT of an object that is not there creates it. */
  readonly createOnUpdate: boolean;
  /** A PUT without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean;
  /** DELETE answers with the object; with a Status otherwise. */
  readonly returnsDeleted: boolean;
}

/** The strategy of a resource. */
export function strategyOf(resource: GroupResource): Strategy {
  const name = qualifiedResource(resource);
  return {
    createOnUpdate: CREATE_ON_UPDATE.has(name),
    unconditionalUpdate: !CONDITIONAL_ONLY.has(name),
    returnsDeleted: RETURNS_DELETED.has(name),
  };
}

const CREATE_ON_UPDATE: ReadonlySet<string> = new Set([
  'leases.coordination.k8s.io',
  'endpoints',
  'events',
  'limitranges',
  'services',
  'runtimeclasses.node.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);
const CONDITIONAL_ONLY: ReadonlySet<string> = new Set([
  'leases.coordination.k8s.io',
  'runtimeclasses.node.k8s.io',
  'poddisruptionbudgets.policy',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
]);
const RETURNS_DELETED: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'namespaces',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'podtemplates',
  'resourcequotas',
  'storageclasses.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
]);
