/** Nobody grants by a role or binding what they may not do themselves (kubernetes `pkg/registry/rbac/ROLE/policybased`). */
import { jsonEqual } from '../../api/own.ts';
import { resources } from '../../api/resources.ts';
import { forbidden, notFound } from '../../api/status.ts';
import type { ClusterRole, KubeObject, PolicyRule, RoleBinding, RoleRef } from '../../api/types.ts';
import { escalationProblem, rulesOf } from '../../auth/rbac/rbac.ts';
import type { RbacReader } from '../../auth/rbac/rbac.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../endpoint.ts';
import type { ApiAuthorization } from './authorization.ts';

const GROUP = 'rbac.authorization.k8s.io';
/** What aggregation could collect: everything. */
const FULL: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** The check as an admission plug-in. Verbs `escalate` and `bind`, and group `system:masters`, pass it. */
export function escalationAdmission(authorization: Pick<ApiAuthorization, 'authorize' | 'rulesFor'>): AdmissionPlugin {
  const mayDo = async (request: AdmissionRequest, verb: string, resource: string, name: string): Promise<boolean> => {
    const { user, namespace } = request;
    const decision = await authorization.authorize({
      kind: 'resource',
      user,
      verb,
      namespace,
      group: GROUP,
      version: '*',
      resource,
      subresource: '',
      name,
    });
    return decision.decision === 'allow';
  };
  const confirm = (request: AdmissionRequest, rules: readonly PolicyRule[]): string | undefined =>
    escalationProblem(request.user, authorization.rulesFor(request.user, request.namespace), rules);

  const checkRole = async (request: AdmissionRequest, role: ClusterRole): Promise<void> => {
    if (await mayDo(request, 'escalate', request.resource.resource, request.operation === 'create' ? '' : request.name)) return;
    const problem = confirm(request, role.rules ?? []);
    if (problem !== undefined) throw forbidden(request.resource, role.metadata.name ?? '', problem);
    const aggregates =
      role.aggregationRule !== undefined || (request.before as unknown as ClusterRole | undefined)?.aggregationRule !== undefined;
    if (aggregates && confirm(request, FULL) !== undefined)
      throw forbidden(request.resource, role.metadata.name ?? '', 'must have cluster-admin privileges to use the aggregationRule');
  };
  const checkBinding = async (request: AdmissionRequest, binding: RoleBinding, objects: ObjectReader): Promise<void> => {
    const { roleRef } = binding;
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await mayDo(request, 'bind', resource, roleRef.name)) return;
    const rules = referenced(objects, roleRef, request.namespace);
    if (rules === undefined) throw notFound({ group: GROUP, resource }, roleRef.name);
    const problem = confirm(request, rules);
    if (problem !== undefined) throw forbidden(request.resource, binding.metadata.name ?? '', problem);
  };
  return async (request, objects) => {
    const { object, operation, resource, user } = request;
    if (resource.group !== GROUP || operation === 'delete' || object === undefined) return;
    if (user.groups.includes('system:masters') || onlyForCollection(object, request.before)) return;
    if (resource.kind.endsWith('Binding')) await checkBinding(request, object as unknown as RoleBinding, objects);
    else await checkRole(request, object as unknown as ClusterRole);
  };
}

function referenced(objects: ObjectReader, roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
  const reader: Pick<RbacReader, 'clusterRole' | 'role'> = {
    clusterRole: (name) => objects.get(resources[`clusterroles.${GROUP}`], '', name),
    role: (inside, name) => objects.get(resources[`roles.${GROUP}`], inside, name),
  };
  return rulesOf(reader, roleRef, namespace);
}

/** An update that touches only what garbage collection needs is always fine. */
function onlyForCollection(object: KubeObject, before: KubeObject | undefined): boolean {
  if (before === undefined) return false;
  const rest = ({ metadata, ...body }: KubeObject): unknown => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, ...kept } = metadata;
    return { ...body, metadata: kept };
  };
  return jsonEqual(rest(object), rest(before));
}
