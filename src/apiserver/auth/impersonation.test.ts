import { describe, expect, it } from 'vitest';
import { ask, testUser } from '../../auth/testing.ts';
import type { Attributes, Authorizer, UserInfo } from '../../auth/types.ts';
import { impersonate, wantedUser } from './impersonation.ts';

describe('wantedUser', () => {
  it('reads the headers as they came, whatever their case', () => {
    expect(
      wantedUser([
        'Impersonate-User',
        'jane',
        'impersonate-group',
        'a',
        'Impersonate-Group',
        'b',
        'IMPERSONATE-UID',
        '7',
        'Impersonate-Extra-Acme.com%2FScopes',
        'x',
      ]),
    ).toEqual({
      name: 'jane',
      uid: '7',
      groups: ['a', 'b'],
      extra: { 'acme.com/scopes': ['x'] },
    });
    expect(wantedUser(['Host', 'x', 'Accept', '*/*'])).toBeUndefined();
    expect(wantedUser(['impersonate-user', 'x', 'impersonate-extra-__proto__', 'y', 'impersonate-extra-%zz', 'z'])?.extra).toMatchObject({
      '%zz': ['z'],
    });
  });

  it.each([
    [['impersonate-group', 'x'], '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)}'],
    [['impersonate-uid', '7'], '&user.DefaultInfo{Name:"", UID:"7", Groups:[]string(nil), Extra:map[string][]string(nil)}'],
    [
      ['impersonate-extra-b', '1', 'impersonate-extra-a', '2'],
      '&user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"2"}, "b":[]string{"1"}}}',
    ],
  ])('refuses %j without a user', (headers, shown) => {
    expect(() => wantedUser(headers)).toThrow(`requested ${shown} without impersonating a user name`);
  });
});

/** An authorizer that allows some questions, written `verb resource[/sub] [namespace/]name`, and notes all. */
function recording(...allowed: string[]) {
  const asked: string[] = [];
  const authorize: Authorizer = (a) => {
    const text = textOf(a);
    asked.push(text);
    return allowed.includes(text) ? { decision: 'allow', reason: '' } : { decision: 'noOpinion', reason: '' };
  };
  return { asked, authorize };
}
const textOf = (a: Attributes): string =>
  a.kind === 'nonResource'
    ? `${a.verb} ${a.path}`
    : `${a.verb} ${a.group}/${a.resource}${a.subresource && `/${a.subresource}`} ${a.namespace && `${a.namespace}/`}${a.name}`;
const list = (user: UserInfo): Attributes => ask({ user, verb: 'list', namespace: 'ns', resource: 'secrets' });
const tryAs = (headers: string[], authorize: Authorizer, user = testUser('bob')): Promise<UserInfo> =>
  impersonate(user, wantedUser(headers) ?? { name: '', uid: '', groups: [], extra: {} }, list(user), authorize);

describe('impersonate', () => {
  it('asks for the constrained right first, then for the old one', async () => {
    const { asked, authorize } = recording('impersonate /users jane');
    expect(await tryAs(['impersonate-user', 'jane'], authorize)).toEqual({ name: 'jane', groups: ['system:authenticated'] });
    expect(asked).toEqual(['impersonate-on:user-info:list /secrets ns/', 'impersonate /users jane']);
  });

  it('needs both halves of the constrained right, for every part of the identity', async () => {
    const api = 'authentication.k8s.io';
    const rights = [
      'impersonate-on:user-info:list /secrets ns/',
      `impersonate:user-info ${api}/users jane`,
      `impersonate:user-info ${api}/groups g`,
      `impersonate:user-info ${api}/userextras/k v`,
    ];
    const headers = ['impersonate-user', 'jane', 'impersonate-group', 'g', 'impersonate-extra-k', 'v'];
    expect(await tryAs(headers, recording(...rights).authorize)).toEqual({
      name: 'jane',
      groups: ['g', 'system:authenticated'],
      extra: { k: ['v'] },
    });
    for (const missing of rights)
      await expect(tryAs(headers, recording(...rights.filter((right) => right !== missing)).authorize)).rejects.toThrow('is forbidden');
  });

  it('answers with the first refusal', async () => {
    await expect(tryAs(['impersonate-user', 'alice'], recording().authorize, testUser('nobody'))).rejects.toThrow(
      'secrets is forbidden: User "nobody" cannot impersonate-on:user-info:list resource "secrets" in API group "" in the namespace "ns"',
    );
    await expect(tryAs(['impersonate-user', 'alice'], recording('impersonate-on:user-info:list /secrets ns/').authorize)).rejects.toThrow(
      'users.authentication.k8s.io "alice" is forbidden: User "bob" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  it('never gives system:masters by a constrained right', async () => {
    const { asked, authorize } = recording('impersonate /users x', 'impersonate /groups system:masters');
    expect(await tryAs(['impersonate-user', 'x', 'impersonate-group', 'system:masters'], authorize)).toMatchObject({
      groups: ['system:masters', 'system:authenticated'],
    });
    expect(asked).toEqual(['impersonate /users x', 'impersonate /groups system:masters']);
  });

  it.each([
    [
      'system:serviceaccount:ns:robot',
      'serviceaccount',
      'serviceaccounts ns/robot',
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    ['system:node:n1', 'arbitrary-node', 'nodes n1', ['system:nodes', 'system:authenticated']],
  ])('knows what %s is', async (name, mode, what, groups) => {
    const { authorize } = recording(`impersonate-on:${mode}:list /secrets ns/`, `impersonate:${mode} authentication.k8s.io/${what}`);
    expect(await tryAs(['impersonate-user', name], authorize)).toEqual({ name, groups });
  });

  it('lets a pod be its own node', async () => {
    const extra = { 'authentication.kubernetes.io/node-name': ['n1'] };
    const rights = ['impersonate-on:associated-node:list /secrets ns/', 'impersonate:associated-node authentication.k8s.io/nodes *'];
    const agent = { ...testUser('system:serviceaccount:ns:agent'), extra };
    expect(await tryAs(['impersonate-user', 'system:node:n1'], recording(...rights).authorize, agent)).toMatchObject({
      name: 'system:node:n1',
    });
    await expect(tryAs(['impersonate-user', 'system:node:n2'], recording(...rights).authorize, agent)).rejects.toThrow('arbitrary-node');
    await expect(tryAs(['impersonate-user', 'system:node:n1'], recording(...rights).authorize, { ...agent, name: 'user' })).rejects.toThrow(
      'arbitrary-node',
    );
  });

  it('makes anonymous of anonymous', async () => {
    const { authorize } = recording('impersonate /users system:anonymous');
    expect(await tryAs(['impersonate-user', 'system:anonymous'], authorize)).toEqual({
      name: 'system:anonymous',
      groups: ['system:unauthenticated'],
    });
  });
});
