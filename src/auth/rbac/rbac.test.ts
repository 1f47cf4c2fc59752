import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../api/types.ts';
import { ask, testUser } from '../testing.ts';
import type { NonResourceAttributes } from '../types.ts';
import { escalationProblem, type RbacReader, rbacAuthorizer, ruleAllows, ruleResolver, uncovered } from './rbac.ts';

const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
});
const urls = (nonResourceURLs: string[], ...verbs: string[]): PolicyRule => ({ nonResourceURLs, verbs });
const path = (p: string, verb = 'get'): NonResourceAttributes => ({ kind: 'nonResource', user: testUser('u'), verb, path: p });

describe('ruleAllows', () => {
  it.each<[string, PolicyRule, Parameters<typeof ask>[0], boolean]>([
    ['the same resource', rule([''], ['pods'], ['get']), {}, true],
    ['another verb', rule([''], ['pods'], ['list']), {}, false],
    ['any verb', rule([''], ['pods'], ['*']), { verb: 'anything' }, true],
    ['another group', rule(['apps'], ['pods'], ['get']), {}, false],
    ['any group', rule(['*'], ['pods'], ['get']), { group: 'x' }, true],
    ['a subresource by its parent', rule([''], ['pods'], ['get']), { subresource: 'log' }, false],
    ['a subresource by name', rule([''], ['pods/log'], ['get']), { subresource: 'log' }, true],
    ['the parent by its subresource', rule([''], ['pods/log'], ['get']), {}, false],
    ['a subresource by star', rule([''], ['*'], ['get']), { subresource: 'log' }, true],
    ['a subresource of anything', rule([''], ['*/log'], ['get']), { subresource: 'log' }, true],
    ['no subresource by star slash', rule([''], ['*/log'], ['get']), {}, false],
    ['slash star, never', rule([''], ['pods/*'], ['get']), { subresource: 'log' }, false],
    ['a named object', rule([''], ['pods'], ['get'], ['a']), { name: 'a' }, true],
    ['another named object', rule([''], ['pods'], ['get'], ['a']), { name: 'b' }, false],
    ['no name where names are listed', rule([''], ['pods'], ['list'], ['a']), { verb: 'list' }, false],
    ['a rule without lists', { verbs: ['*'] }, {}, false],
    ['a rule of URLs', urls(['*'], '*'), {}, false],
  ])('knows %s', (_, given, fields, allowed) => {
    expect(ruleAllows(given, ask(fields))).toBe(allowed);
  });

  it.each([
    ['/healthz', '/healthz', true],
    ['/healthz', '/healthz/', false],
    ['/api/*', '/api/v1', true],
    ['/api/*', '/api', false],
    ['/ap*', '/apis/x', true],
    ['*', '/anything', true],
    ['/a/*/b', '/a/x/b', false],
  ])('matches URL pattern %s with %s: %s', (pattern, url, allowed) => {
    expect(ruleAllows(urls([pattern], 'get'), path(url))).toBe(allowed);
    expect(ruleAllows(urls([pattern], 'get'), path(url, 'post'))).toBe(false);
  });
});

const rbac = 'rbac.authorization.k8s.io';
interface World {
  clusterRoles?: Record<string, PolicyRule[]>;
  roles?: Record<string, PolicyRule[]>;
  clusterRoleBindings?: [name: string, role: string, ...subjects: Subject[]][];
  roleBindings?: [namespacedName: string, role: string, ...subjects: Subject[]][];
}
const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbac, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbac, name });
const account = (name: string, namespace?: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  ...(namespace !== undefined && { namespace }),
});

function readerOf(world: World): RbacReader {
  const roleRef = (text: string) => ({ apiGroup: rbac, kind: text.split('/')[0] ?? '', name: text.split('/')[1] ?? '' });
  const clusterRole = (name: string): ClusterRole | undefined => {
    const rules = world.clusterRoles?.[name];
    return rules && { metadata: { name }, rules };
  };
  const role = (namespace: string, name: string): Role | undefined => {
    const rules = world.roles?.[`${namespace}/${name}`];
    return rules && { metadata: { name, namespace }, rules };
  };
  return {
    clusterRole,
    role,
    clusterRoleBindings: () =>
      (world.clusterRoleBindings ?? []).map(([name, ref, ...subjects]): ClusterRoleBinding => ({
        metadata: { name },
        roleRef: roleRef(ref),
        subjects,
      })),
    roleBindings: (wanted) =>
      (world.roleBindings ?? []).flatMap(([full, ref, ...subjects]): RoleBinding[] => {
        const [namespace = '', name = ''] = full.split('/');
        return namespace === wanted ? [{ metadata: { namespace, name }, roleRef: roleRef(ref), subjects }] : [];
      }),
    revision: () => 1,
  };
}

describe('rbacAuthorizer', () => {
  const world: World = {
    clusterRoles: { reader: [rule([''], ['pods'], ['get', 'list'])], web: [urls(['/metrics'], 'get')] },
    roles: { 'ns/editor': [rule([''], ['pods'], ['update'])] },
    clusterRoleBindings: [
      ['all-read', 'ClusterRole/reader', user('alice'), group('readers'), account('robot', 'ns'), account('lost')],
      ['web', 'ClusterRole/web', group('readers')],
      ['gone', 'ClusterRole/gone', user('mallory')],
    ],
    roleBindings: [
      ['ns/edit', 'Role/editor', user('bob'), account('robot')],
      ['ns/view', 'ClusterRole/reader', user('bob')],
      ['ns/lost', 'Role/nowhere', user('mallory')],
    ],
  };
  const authorize = rbacAuthorizer(readerOf(world));

  it.each([
    [testUser('alice'), {}, 'RBAC: allowed by ClusterRoleBinding "all-read" of ClusterRole "reader" to User "alice"'],
    [
      testUser('x', 'readers'),
      { namespace: 'any' },
      'RBAC: allowed by ClusterRoleBinding "all-read" of ClusterRole "reader" to Group "readers"',
    ],
    [
      testUser('system:serviceaccount:ns:robot'),
      {},
      'RBAC: allowed by ClusterRoleBinding "all-read" of ClusterRole "reader" to ServiceAccount "robot/ns"',
    ],
    [testUser('bob'), { namespace: 'ns', verb: 'update' }, 'RBAC: allowed by RoleBinding "edit/ns" of Role "editor" to User "bob"'],
    [testUser('bob'), { namespace: 'ns' }, 'RBAC: allowed by RoleBinding "view/ns" of ClusterRole "reader" to User "bob"'],
    [
      testUser('system:serviceaccount:ns:robot'),
      { namespace: 'ns', verb: 'update' },
      'RBAC: allowed by RoleBinding "edit/ns" of Role "editor" to ServiceAccount "robot/ns"',
    ],
  ])('allows %j %j by the binding that it names', async (who, fields, reason) => {
    expect(await authorize(ask({ ...fields, user: who }))).toEqual({ decision: 'allow', reason });
  });

  it.each([
    [testUser('bob'), {}],
    [testUser('bob'), { namespace: 'other' }],
    [testUser('system:serviceaccount::lost'), {}],
    [testUser('readers'), {}],
    [testUser('x', 'alice'), {}],
  ])('has no opinion on %j %j', async (who, fields) => {
    expect(await authorize(ask({ ...fields, user: who }))).toEqual({ decision: 'noOpinion', reason: '' });
  });

  it('allows URLs by bindings of the cluster', async () => {
    expect(await authorize({ ...path('/metrics'), user: testUser('x', 'readers') })).toMatchObject({ decision: 'allow' });
  });

  it('names the roles that are missing', async () => {
    expect(await authorize(ask({ user: testUser('mallory') }))).toEqual({
      decision: 'noOpinion',
      reason: `RBAC: clusterrole.${rbac} "gone" not found`,
    });
    expect(await authorize(ask({ user: testUser('mallory'), namespace: 'ns' }))).toEqual({
      decision: 'noOpinion',
      reason: `RBAC: [clusterrole.${rbac} "gone" not found, role.${rbac} "nowhere" not found]`,
    });
  });

  it('sees a binding as soon as the revision says so', async () => {
    const changing: World = { clusterRoles: { reader: [rule([''], ['pods'], ['get'])] }, clusterRoleBindings: [] };
    let revision = 1;
    const late = rbacAuthorizer({ ...readerOf(changing), revision: () => revision });
    expect((await late(ask({}))).decision).toBe('noOpinion');
    changing.clusterRoleBindings?.push(['b', 'ClusterRole/reader', user('alice')]);
    revision++;
    expect((await late(ask({}))).decision).toBe('allow');
  });

  it('answers as going through all bindings would', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const subject = fc.oneof(
      names.map(user),
      names.map(group),
      names.map((name) => account(name, 'ns')),
    );
    const binding = fc.tuple(fc.uuid(), fc.constantFrom('ClusterRole/reader', 'ClusterRole/web'), fc.array(subject, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(fc.array(binding, { maxLength: 8 }), names, fc.uniqueArray(names), async (bindings, name, groups) => {
        const reader = readerOf({ ...world, clusterRoleBindings: bindings.map(([n, r, s]) => [n, r, ...s]), roleBindings: [] });
        const fits = (s: Subject): boolean =>
          s.kind === 'User' ? s.name === name : s.kind === 'Group' && groups.some((g) => g === s.name);
        const first = bindings.find(([, ref, subjects]) => ref === 'ClusterRole/reader' && subjects.some(fits));
        const decision = await rbacAuthorizer(reader)(ask({ user: testUser(name, ...groups) }));
        expect(decision.decision).toBe(first === undefined ? 'noOpinion' : 'allow');
        if (first !== undefined) expect(decision.reason).toContain(`"${first[0]}"`);
      }),
    );
  });

  it('lists the rules of a user', () => {
    expect(ruleResolver(readerOf(world))(testUser('bob'), 'ns')).toEqual({
      rules: [rule([''], ['pods'], ['update']), rule([''], ['pods'], ['get', 'list'])],
      errors: [],
    });
    expect(ruleResolver(readerOf(world))(testUser('mallory'), '')).toEqual({ rules: [], errors: [`clusterrole.${rbac} "gone" not found`] });
  });
});

describe('escalation', () => {
  it.each<[string, PolicyRule[], PolicyRule[], boolean]>([
    ['the same', [rule([''], ['pods'], ['get'])], [rule([''], ['pods'], ['get'])], true],
    ['less', [rule([''], ['pods', 'nodes'], ['get', 'list'])], [rule([''], ['pods'], ['get'])], true],
    [
      'what two rules give together',
      [rule([''], ['pods'], ['get']), rule([''], ['pods'], ['list'])],
      [rule([''], ['pods'], ['get', 'list'])],
      true,
    ],
    ['everything by stars', [rule(['*'], ['*'], ['*'])], [rule(['x'], ['y/z'], ['w'])], true],
    ['a star by all that there is', [rule([''], ['pods'], ['get', 'list'])], [rule([''], ['pods'], ['*'])], false],
    ['one name by all', [rule([''], ['pods'], ['get'])], [rule([''], ['pods'], ['get'], ['a'])], true],
    ['all by one name', [rule([''], ['pods'], ['get'], ['a'])], [rule([''], ['pods'], ['get'])], false],
    ['another name', [rule([''], ['pods'], ['get'], ['a'])], [rule([''], ['pods'], ['get'], ['a', 'b'])], false],
    ['a subresource by star slash', [rule([''], ['*/scale'], ['get'])], [rule([''], ['x/scale'], ['get'])], true],
    ['a URL by prefix', [urls(['/api/*'], 'get')], [urls(['/api/v1'], 'get')], true],
    ['a prefix by a URL', [urls(['/api/v1'], 'get')], [urls(['/api/*'], 'get')], false],
    ['URLs by resources', [rule(['*'], ['*'], ['*'])], [urls(['/'], 'get')], false],
    ['nothing', [], [], true],
  ])('knows whether rules cover %s', (_, owned, requested, covered) => {
    expect(uncovered(owned, requested).length === 0).toBe(covered);
  });

  it('says what is missing, verbs together, in order', () => {
    const owned = { rules: [rule([''], ['pods'], ['get'])], errors: [] };
    const wanted = [rule([''], ['pods', 'nodes'], ['get', 'list']), urls(['/x'], 'get'), rule([''], ['secrets'], ['get'], ['s'])];
    expect(escalationProblem(testUser('bob', 'g', 'system:authenticated'), owned, wanted)).toBe(
      'user "bob" (groups=["g" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list"]}\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}\n' +
        '{NonResourceURLs:["/x"], Verbs:["get"]}',
    );
    expect(escalationProblem(testUser('bob'), owned, owned.rules)).toBeUndefined();
  });

  it('always covers itself', () => {
    const texts = fc.uniqueArray(fc.constantFrom('*', 'a', 'a/b', '*/b', ''), { minLength: 1, maxLength: 3 });
    const rules = fc.array(
      fc.tuple(texts, texts, texts).map(([g, r, v]) => rule(g, r, v)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(rules, (list) => {
        expect(uncovered(list, list)).toEqual([]);
      }),
    );
  });
});
