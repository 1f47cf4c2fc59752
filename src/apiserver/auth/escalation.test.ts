import { describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import { StatusError } from '../../api/status.ts';
import type { KubeObject, PolicyRule } from '../../api/types.ts';
import { testUser } from '../../auth/testing.ts';
import type { UserInfo } from '../../auth/types.ts';
import type { AdmissionRequest } from '../endpoint.ts';
import { apiAuthorization } from './authorization.ts';
import { escalationAdmission } from './escalation.ts';
import { memoryRegistry } from './testing.ts';

const G = 'rbac.authorization.k8s.io';
const clusterRoles = resources[`clusterroles.${G}`];
const roles = resources[`roles.${G}`];
const clusterRoleBindings = resources[`clusterrolebindings.${G}`];
const roleBindings = resources[`rolebindings.${G}`];
const pods = (...verbs: string[]): PolicyRule[] => [{ apiGroups: [''], resources: ['pods'], verbs }];

function setup() {
  const registry = memoryRegistry();
  const grant = (user: string, rules: PolicyRule[], namespace?: string): void => {
    registry.put(clusterRoles, { metadata: { name: user }, rules });
    const binding = {
      metadata: { name: user, ...(namespace && { namespace }) },
      subjects: [{ kind: 'User', name: user }],
      roleRef: { apiGroup: G, kind: 'ClusterRole', name: user },
    };
    registry.put(namespace === undefined ? clusterRoleBindings : roleBindings, binding);
  };
  grant('bob', pods('get'));
  grant('eve', [{ apiGroups: [G], resources: ['clusterroles'], verbs: ['escalate', 'bind'] }]);
  grant('local', pods('get', 'list'), 'ns');
  registry.put(clusterRoles, { metadata: { name: 'reader' }, rules: pods('get') });
  registry.put(clusterRoles, { metadata: { name: 'writer' }, rules: pods('get', 'delete') });
  const admit = escalationAdmission(apiAuthorization(registry.reader));
  return async (
    user: UserInfo,
    resource: AdmissionRequest['resource'],
    object: KubeObject,
    more: Partial<AdmissionRequest> = {},
  ): Promise<string> => {
    try {
      const { name = '', namespace = '' } = object.metadata;
      await admit(
        { operation: 'create', resource, subresource: '', namespace, name, user, object, before: undefined, dryRun: false, ...more },
        registry.reader,
      );
      return 'ok';
    } catch (error) {
      return error instanceof StatusError ? `${String(error.status.code)} ${error.status.message}` : String(error);
    }
  };
}

const role = (rules: PolicyRule[], more: object = {}): KubeObject => ({ metadata: { name: 'x' }, rules, ...more });
const binding = (name: string, kind = 'ClusterRole', namespace?: string): KubeObject => ({
  metadata: { name: 'b', ...(namespace && { namespace }) },
  roleRef: { apiGroup: G, kind, name },
});
const bob = testUser('bob', 'system:authenticated');

describe('escalation', () => {
  const admit = setup();
  const denied = (what: string, missing: string): string =>
    `403 ${what}.${G} "${what.endsWith('bindings') ? 'b' : 'x'}" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n${missing}`;

  it('lets a user write roles of what the user holds, and no more', async () => {
    expect(await admit(bob, clusterRoles, role(pods('get')))).toBe('ok');
    expect(await admit(bob, clusterRoles, role(pods('get', 'list')))).toBe(
      denied('clusterroles', '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}'),
    );
    expect(await admit(bob, clusterRoles, role(pods('list')), { operation: 'update', name: 'x', before: role([]) })).toContain('403');
  });

  it('lets those through who may escalate or are masters', async () => {
    expect(await admit(testUser('eve'), clusterRoles, role(pods('list')))).toBe('ok');
    expect(await admit(testUser('x', 'system:masters'), clusterRoles, role(pods('*')))).toBe('ok');
  });

  it('lets a user bind roles that the user covers or may bind', async () => {
    expect(await admit(bob, clusterRoleBindings, binding('reader'))).toBe('ok');
    expect(await admit(bob, clusterRoleBindings, binding('writer'))).toBe(
      denied('clusterrolebindings', '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}'),
    );
    expect(await admit(bob, clusterRoleBindings, binding('gone'))).toBe(`404 clusterroles.${G} "gone" not found`);
    expect(await admit(testUser('eve'), clusterRoleBindings, binding('writer'))).toBe('ok');
    expect(await admit(testUser('eve'), clusterRoleBindings, binding('gone'))).toBe('ok');
  });

  it('counts what a user holds in the namespace of the write', async () => {
    const local = testUser('local');
    expect(await admit(local, roles, { ...role(pods('list')), metadata: { name: 'x', namespace: 'ns' } })).toBe('ok');
    expect(await admit(local, roles, { ...role(pods('list')), metadata: { name: 'x', namespace: 'other' } })).toContain('403');
    expect(await admit(local, clusterRoles, role(pods('list')))).toContain('403');
    expect(await admit(local, roleBindings, binding('reader', 'ClusterRole', 'ns'))).toBe('ok');
  });

  it('wants everything from those who aggregate', async () => {
    const aggregated = role([], { aggregationRule: { clusterRoleSelectors: [{}] } });
    expect(await admit(bob, clusterRoles, aggregated)).toBe(
      `403 clusterroles.${G} "x" is forbidden: must have cluster-admin privileges to use the aggregationRule`,
    );
    expect(await admit(bob, clusterRoles, role([]), { operation: 'update', name: 'x', before: aggregated })).toContain(
      'must have cluster-admin',
    );
  });

  it('does not look at updates for garbage collection, deletes and other resources', async () => {
    const strong = role(pods('*'));
    const owned = { ...strong, metadata: { name: 'x', finalizers: ['f'] } };
    expect(await admit(bob, clusterRoles, owned, { operation: 'update', name: 'x', before: strong })).toBe('ok');
    expect(await admit(bob, clusterRoles, strong, { operation: 'delete', name: 'x' })).toBe('ok');
    expect(await admit(bob, resources.pods, strong)).toBe('ok');
  });
});
