import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resources, type ResourceDefinition } from '../../../api/resources.ts';
import type { ClusterRole, ClusterRoleBinding, KubeObject } from '../../../api/types.ts';
import { aggregatedRules } from '../aggregation.ts';
import { memoryRegistry } from '../testing.ts';
import { AUTOUPDATE } from './policy.ts';
import { reconcileRbac } from './reconcile.ts';

const clusterRoles = resources['clusterroles.rbac.authorization.k8s.io'];
const clusterRoleBindings = resources['clusterrolebindings.rbac.authorization.k8s.io'];

async function started() {
  const registry = memoryRegistry();
  await reconcileRbac(registry);
  registry.writes.length = 0;
  const role = (name: string): ClusterRole => registry.get(clusterRoles, '', name) as unknown as ClusterRole;
  const binding = (name: string): ClusterRoleBinding => registry.get(clusterRoleBindings, '', name) as unknown as ClusterRoleBinding;
  const change = (resource: ResourceDefinition, name: string, edit: (object: KubeObject) => void): void => {
    const copy = structuredClone(registry.get(resource, '', name)) as KubeObject;
    edit(copy);
    registry.put(resource, copy);
  };
  return { registry, role, binding, change };
}

describe('reconcileRbac', () => {
  it('fills an empty store, and writes nothing into a full one', async () => {
    const { registry } = await started();
    expect(registry.list(clusterRoles)).toHaveLength(69);
    expect(registry.list(clusterRoleBindings)).toHaveLength(51);
    await reconcileRbac(registry);
    expect(registry.writes).toEqual([]);
  });

  it('adds rules that were removed and keeps those that were added', async () => {
    const { registry, role, change } = await started();
    const added = { verbs: ['get'], apiGroups: ['x'], resources: ['y'] };
    change(clusterRoles, 'system:basic-user', (object) => Object.assign(object, { rules: [added] }));
    await reconcileRbac(registry);
    expect(registry.writes).toEqual(['update clusterroles system:basic-user']);
    expect(role('system:basic-user').rules.map(({ resources: names }) => names)).toEqual([
      ['y'],
      ['selfsubjectaccessreviews'],
      ['selfsubjectrulesreviews'],
      ['selfsubjectreviews'],
    ]);
  });

  it('adds subjects that were removed and keeps those that were added', async () => {
    const { registry, binding, change } = await started();
    change(clusterRoleBindings, 'system:discovery', (object) => Object.assign(object, { subjects: [{ kind: 'User', name: 'me' }] }));
    await reconcileRbac(registry);
    expect(binding('system:discovery').subjects?.map(({ name }) => name)).toEqual(['me', 'system:authenticated']);
  });

  it('leaves alone what is protected, and adds the annotation where it is missing', async () => {
    const { registry, role, change } = await started();
    change(clusterRoles, 'system:basic-user', (object) =>
      Object.assign(object, { rules: [], metadata: { ...object.metadata, annotations: { [AUTOUPDATE]: 'false' } } }),
    );
    change(clusterRoles, 'system:node', (object) => delete object.metadata.annotations);
    await reconcileRbac(registry);
    expect(registry.writes).toEqual(['update clusterroles system:node']);
    expect(role('system:basic-user').rules).toEqual([]);
    expect(role('system:node').metadata.annotations).toEqual({ [AUTOUPDATE]: 'true' });
  });

  it('makes a binding to another role anew, and what was deleted', async () => {
    const { registry, binding, change } = await started();
    change(clusterRoleBindings, 'system:discovery', (object) =>
      Object.assign(object, { roleRef: { apiGroup: 'x', kind: 'ClusterRole', name: 'view' } }),
    );
    await registry.delete(clusterRoles, '', 'system:node');
    registry.writes.length = 0;
    await reconcileRbac(registry);
    expect(registry.writes.sort()).toEqual([
      'create clusterrolebindings system:discovery',
      'create clusterroles system:node',
      'delete clusterrolebindings system:discovery',
    ]);
    expect(binding('system:discovery').roleRef.name).toBe('system:discovery');
  });

  it("collects the rules of a user's role that is labelled for it", async () => {
    const { registry, role } = await started();
    const rules = [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] }];
    registry.put(clusterRoles, { metadata: { name: 'widgets', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }, rules });
    await reconcileRbac(registry);
    for (const name of ['view', 'edit', 'admin']) expect(role(name).rules).toContainEqual(rules[0]);
    expect(registry.writes).toHaveLength(3);
  });

  it('ends when aggregated roles select each other', () => {
    const rule = { verbs: ['get'], apiGroups: [''], resources: ['a'] };
    const all = (name: string, rules: ClusterRole['rules']): ClusterRole => ({
      metadata: { name },
      rules,
      aggregationRule: { clusterRoleSelectors: [{}] },
    });
    expect(aggregatedRules(all('a', []), [all('a', []), all('b', [rule])])).toEqual([rule]);
  });

  const recorded = '../shared/reference/schema/bootstrap-rbac.jsonl';
  it.runIf(existsSync(recorded))('gives exactly the objects of the original', async () => {
    const { registry } = await started();
    const kinds: Record<string, ResourceDefinition> = Object.fromEntries(
      (['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'] as const).map((name) => [
        name,
        resources[`${name}.rbac.authorization.k8s.io`],
      ]),
    );
    for (const line of readFileSync(recorded, 'utf8').trim().split('\n')) {
      const { kind, name, namespace = '', labels, roleRef, ...rest } = JSON.parse(line) as Record<string, string>;
      const resource = kinds[kind ?? ''];
      const object = resource && registry.get(resource, namespace, name ?? '');
      const ref = roleRef?.split('/', 2);
      expect({ ...object, apiVersion: undefined, kind: undefined }).toEqual({
        metadata: { name, ...(namespace !== '' && { namespace }), labels, annotations: { [AUTOUPDATE]: 'true' } },
        ...(ref && { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: ref[0], name: roleRef?.slice((ref[0] ?? '').length + 1) } }),
        ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
      });
    }
  });
});
