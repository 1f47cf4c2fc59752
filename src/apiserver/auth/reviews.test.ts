import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { requestInfo } from '../../api/request-info.ts';
import { resources } from '../../api/resources.ts';
import { StatusError } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import { parseJwt } from '../../auth/jwt.ts';
import { manualClock, testUser } from '../../auth/testing.ts';
import type { UserInfo } from '../../auth/types.ts';
import { createCertificateAuthority, issueCertificate, pemCertificates } from '../../auth/x509/x509.ts';
import type { Exchange } from '../../net/http.ts';
import { silentLogger } from '../../util/log.ts';
import type { ApiRequest } from '../endpoint.ts';
import { type ApiAuth, apiAuth } from './auth.ts';
import { parseTokenFile } from './authentication.ts';
import { type MemoryRegistry, memoryRegistry } from './testing.ts';

const ISSUER = 'https://kubernetes.default.svc';
const serviceAccountKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const clock = manualClock();
const ca = createCertificateAuthority({ commonName: 'kubernetes', now: clock.now() });

async function setup(): Promise<{ auth: ApiAuth; registry: MemoryRegistry }> {
  const registry = memoryRegistry();
  const writer = {
    create: (resource: never, object: never) => registry.create(resource, object),
    update: (resource: never, object: never) => registry.update(resource, object),
    delete: (resource: never, namespace: string, name: string) => registry.delete(resource, namespace, name),
  };
  const auth = apiAuth({
    objects: registry.reader,
    writer: writer as never,
    clientCA: ca.cert,
    serviceAccountKey,
    issuer: ISSUER,
    anonymous: true,
    clock,
    log: silentLogger,
  });
  await auth.reconcile();
  registry.put(resources.serviceaccounts, { metadata: { name: 'robot', namespace: 'golden', uid: 'robot-uid' } });
  registry.put(resources.nodes, { metadata: { name: 'n1', uid: 'n1-uid' } });
  const spec = { containers: [], nodeName: 'n1', serviceAccountName: 'robot' };
  registry.put(resources.pods, { metadata: { name: 'p', namespace: 'golden', uid: 'p-uid' }, spec });
  registry.put(resources.pods, {
    metadata: { name: 'q', namespace: 'golden', uid: 'q-uid' },
    spec: { ...spec, serviceAccountName: 'other' },
  });
  return { auth, registry };
}

let auth: ApiAuth;
let registry: MemoryRegistry;
beforeAll(async () => {
  ({ auth, registry } = await setup());
});

const admin = testUser('kubernetes-admin', 'system:masters', 'system:authenticated');

/** Sends an object to a handler; the answer, or the Status that it threw, with its code. */
async function post(path: string, object: object, user: UserInfo = admin): Promise<{ status: number; body: Record<string, unknown> }> {
  const info = requestInfo('POST', path, new URLSearchParams());
  const key = `${info.resource}${info.group && `.${info.group}`}${info.subresource && `/${info.subresource}`}`;
  const request = { info, user, query: new URLSearchParams(), signal: new AbortController().signal } as unknown as ApiRequest;
  try {
    const body = await auth.create[key]?.(request, { metadata: {}, ...object });
    return { status: 201, body: JSON.parse(JSON.stringify(body)) as Record<string, unknown> };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { status: error.status.code, body: error.status as unknown as Record<string, unknown> };
  }
}
const TOKEN = '/api/v1/namespaces/golden/serviceaccounts/robot/token';
const tokenOf = async (spec: object): Promise<string> => {
  const { body } = await post(TOKEN, { spec });
  return (body['status'] as { token: string }).token;
};
const review = (spec: object) => post('/apis/authentication.k8s.io/v1/tokenreviews', { spec });

describe('serviceaccounts/token', () => {
  it('gives a token for an hour and the server itself unless asked otherwise', async () => {
    const { status, body } = await post(TOKEN, { spec: {} });
    expect(status).toBe(201);
    expect(body).toEqual({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'robot', namespace: 'golden', uid: 'robot-uid', creationTimestamp: '2026-11-21T10:00:00Z' },
      spec: { audiences: [ISSUER], expirationSeconds: 3600, boundObjectRef: null },
      status: { token: expect.any(String) as string, expirationTimestamp: '2026-11-21T11:00:00Z' },
    });
    expect(Object.keys(body)).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
  });

  it('names pod and node of a token that is bound to a pod, and stretches an injected one to a year', async () => {
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'p-uid' };
    const { body } = await post(TOKEN, { spec: { expirationSeconds: 3607, boundObjectRef } });
    const { token, expirationTimestamp } = body['status'] as Record<string, string>;
    const now = clock.now() / 1000;
    expect(expirationTimestamp).toBe('2026-11-21T11:00:07Z');
    expect(parseJwt(token ?? '')?.claims).toMatchObject({
      exp: now + 365 * 24 * 3600,
      'kubernetes.io': { pod: { name: 'p', uid: 'p-uid' }, node: { name: 'n1', uid: 'n1-uid' }, warnafter: now + 3607 },
    });
    expect(parseJwt(await tokenOf({ expirationSeconds: 3607 }))?.claims['exp']).toBe(now + 3607);
    expect(parseJwt(await tokenOf({ expirationSeconds: 3607, boundObjectRef, audiences: ['vault'] }))?.claims['exp']).toBe(now + 3607);
  });

  it.each([
    [
      { expirationSeconds: 5 },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    ],
    [{ expirationSeconds: 2 ** 33 }, 422, 'may not specify a duration larger than 2^32 seconds'],
    [{ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'nope' } }, 404, 'pods "nope" not found'],
    [{ boundObjectRef: { kind: 'Foo', apiVersion: 'v1', name: 'nope' } }, 400, 'cannot bind token to object of type /v1, Kind=Foo'],
    [{ boundObjectRef: { kind: 'Foo', apiVersion: 'g/v2', name: 'nope' } }, 400, 'cannot bind token to object of type g/v2, Kind=Foo'],
    [
      { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'q' } },
      400,
      'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
    ],
    [
      { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'x' } },
      409,
      'the UID in the bound object reference (x) does not match the UID in record.',
    ],
    [{ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } }, 404, 'secrets "s" not found'],
    [{ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n2' } }, 404, 'nodes "n2" not found'],
  ])('refuses %j with %i', async (spec, status, message) => {
    const answer = await post(TOKEN, { spec });
    expect(answer.status).toBe(status);
    expect(answer.body['message']).toContain(message);
  });

  it('knows no token of an account that is not there, and none of another', async () => {
    expect(await post(TOKEN.replace('robot', 'nope'), { spec: {} })).toMatchObject({
      status: 404,
      body: { message: 'serviceaccounts "nope" not found' },
    });
    expect(await post(TOKEN, { metadata: { name: 'other' }, spec: {} })).toMatchObject({ status: 400 });
    expect(await post(TOKEN, { metadata: { uid: 'other' }, spec: {} })).toMatchObject({ status: 409 });
  });

  it('gives a node no token but for its pods', async () => {
    const node = testUser('system:node:n1', 'system:nodes');
    expect(await post(TOKEN, { spec: {} }, node)).toMatchObject({
      status: 403,
      body: { message: 'serviceaccounts "robot" is forbidden: node requested token not bound to a pod' },
    });
    expect(await post(TOKEN, { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'p-uid' } } }, node)).toMatchObject(
      { status: 201 },
    );
  });
});

describe('tokenreviews', () => {
  it('says whose token it is', async () => {
    const token = await tokenOf({});
    const { body } = await review({ token });
    expect(body['spec']).toEqual({ token });
    expect(body['status']).toEqual({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:golden:robot',
        uid: 'robot-uid',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:golden', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/) as string] },
      },
      audiences: [ISSUER],
    });
  });

  it('judges by the audiences that it is given', async () => {
    const token = await tokenOf({ audiences: ['a', 'b'], expirationSeconds: 600 });
    const wrong = (target: string): object => ({
      user: {},
      error: `[invalid bearer token, token audiences ["a" "b"] is invalid for the target audiences ["${target}"]]`,
    });
    expect((await review({ token })).body['status']).toEqual(wrong(ISSUER));
    expect((await review({ token, audiences: ['zzz'] })).body['status']).toEqual(wrong('zzz'));
    expect((await review({ token, audiences: ['a'] })).body['status']).toMatchObject({ authenticated: true, audiences: ['a'] });
  });

  it('has one answer for garbage and one for nothing', async () => {
    expect((await review({ token: 'garbage' })).body['status']).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(await review({})).toMatchObject({ status: 400, body: { message: 'token is required for TokenReview in authentication' } });
  });

  it("takes no user of the reviewer's own for the token's", async () => {
    expect((await review({ token: ' ' })).body['status']).not.toHaveProperty('authenticated');
  });
});

describe('access reviews', () => {
  const G = '/apis/authorization.k8s.io/v1';
  it('of a self name every rule of the user', async () => {
    const { body } = await post(
      `${G}/selfsubjectrulesreviews`,
      { spec: { namespace: 'golden' } },
      testUser('nobody', 'system:authenticated'),
    );
    expect(body).toMatchObject({
      metadata: {},
      spec: {},
      status: { incomplete: false, resourceRules: [{ verbs: ['create'] }, { verbs: ['create'], resources: ['selfsubjectreviews'] }] },
    });
    const node = await post(`${G}/selfsubjectrulesreviews`, { spec: { namespace: 'golden' } }, testUser('system:node:n1', 'system:nodes'));
    expect(node.body['status']).toMatchObject({
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    });
  });

  it.each([
    [
      { user: 'x' },
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [{ resourceAttributes: { verb: 'get' } }, 'spec.user: Invalid value: "": at least one of user or group must be specified'],
    [
      {},
      '[spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
    ],
  ])('refuse %j', async (spec, message) => {
    const answer = await post(`${G}/subjectaccessreviews`, { spec });
    expect(answer).toMatchObject({
      status: 422,
      body: { message: `.authorization.k8s.io "" is invalid: ${message}`, details: { group: 'authorization.k8s.io' } },
    });
  });

  it('of a namespace stay in it', async () => {
    const local = (spec: object) => post(`${G}/namespaces/golden/localsubjectaccessreviews`, { spec: { user: 'x', ...spec } });
    expect(await local({ resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'golden' } })).toMatchObject({
      status: 201,
      body: { status: { allowed: false } },
    });
    expect(await local({ resourceAttributes: { verb: 'get', resource: 'pods' } })).toMatchObject({ status: 422 });
    expect((await local({ nonResourceAttributes: { verb: 'get', path: '/' } })).body['message']).toContain(
      'disallowed on this kind of request',
    );
  });

  const recorded = '../shared/golden/apiserver.jsonl';
  it.runIf(existsSync(recorded))('are answered as the original answers them', async () => {
    const G = 'rbac.authorization.k8s.io';
    registry.put(resources[`clusterroles.${G}`], {
      metadata: { name: 'golden-kubelet' },
      rules: [
        { apiGroups: [''], resources: ['nodes/metrics', 'nodes/stats', 'nodes/log', 'nodes/proxy'], verbs: ['get', 'list', 'watch'] },
      ],
    });
    const lines = readFileSync(recorded, 'utf8')
      .split('\n')
      .filter((line) => /^\{"id":"(access|rbac)-/.test(line));
    let compared = 0;
    for (const line of lines) {
      const { id, cred, method, path, sent, status, body } = JSON.parse(line) as Record<string, string> & {
        sent: KubeObject;
        status: number;
      };
      if (method !== 'POST' || cred === 'none' || path?.startsWith('/apis/authorization.k8s.io/') !== true || body === undefined) continue;
      if (id === 'rbac-003')
        registry.put(resources[`clusterrolebindings.${G}`], {
          metadata: { name: 'golden-kubelet' },
          roleRef: { apiGroup: G, kind: 'ClusterRole', name: 'golden-kubelet' },
          subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'golden' }],
        });
      const user = cred === 'admin' ? admin : testUser('nobody', 'system:authenticated');
      const answer = await post(path, sent, user);
      expect({ id, status: answer.status, body: sorted(answer.body) }).toEqual({
        id,
        status,
        body: sorted(JSON.parse(body) as Record<string, unknown>),
      });
      compared++;
    }
    expect(compared).toBeGreaterThan(12);
  });
});

/** Without managedFields, and lists in one order: the original lists rules by chance. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .flatMap(([key, item]) => (key === 'managedFields' ? [] : [[key, sorted(item)]]))
      .sort(([a = ''], [b = '']) => (String(a) < String(b) ? -1 : 1)),
  );
}

describe('requests', () => {
  const leaf = issueCertificate({
    ca,
    subject: { commonName: 'jane', organizations: ['system:masters'] },
    usages: ['clientAuth'],
    notBefore: clock.now(),
    notAfter: clock.now() + 1e9,
  });
  const exchange = (headers: Record<string, string>, cert?: string): Exchange => {
    const rawHeaders = Object.entries(headers).flat();
    const request = { headers: { ...headers }, rawHeaders };
    const peer = { address: '', certificates: cert === undefined ? [] : pemCertificates(cert) };
    const target = { rawPath: '/api', path: '/api', query: new URLSearchParams(), rawQuery: '' };
    return { request, peer, target, method: 'GET' } as unknown as Exchange;
  };

  it.each<[string, Record<string, string>, string | undefined, string | undefined]>([
    ['nothing', {}, undefined, 'system:anonymous'],
    ['a basic password', { authorization: 'Basic dTpw' }, undefined, 'system:anonymous'],
    ['an empty token', { authorization: 'Bearer ' }, undefined, 'system:anonymous'],
    ['a bad token', { authorization: 'Bearer bad' }, undefined, undefined],
    ['a certificate', {}, leaf.cert, 'jane'],
    ['a certificate and a bad token', { authorization: 'Bearer bad' }, leaf.cert, 'jane'],
    ['a foreign certificate', {}, createCertificateAuthority({ commonName: 'x', now: clock.now() }).cert, undefined],
  ])('with %s are from %j', async (_, headers, cert, name) => {
    expect((await auth.authenticate(exchange(headers, cert)))?.name).toBe(name);
  });

  it('with a token are from its account', async () => {
    const user = await auth.authenticate(exchange({ authorization: `Bearer ${await tokenOf({})}` }));
    expect(user?.groups).toEqual(['system:serviceaccounts', 'system:serviceaccounts:golden', 'system:authenticated']);
  });

  it('lose their credentials before anybody else sees them', async () => {
    const sent = exchange({ authorization: 'Bearer x', 'impersonate-user': 'a', 'x-remote-user': 'b', accept: '*/*' });
    expect((await auth.impersonate(sent, admin)).name).toBe('a');
    expect(sent.request.headers).toEqual({ accept: '*/*' });
    expect(sent.request.rawHeaders).toEqual(['accept', '*/*']);
  });

  it('publish the keys of the issuer', () => {
    expect(JSON.parse(auth.openIdConfiguration())).toMatchObject({ issuer: ISSUER, jwks_uri: `${ISSUER}/openid/v1/jwks` });
    expect(JSON.parse(auth.jwks())).toMatchObject({ keys: [{ alg: 'RS256', kty: 'RSA', use: 'sig' }] });
  });
});

describe('parseTokenFile', () => {
  it('reads users and their groups; later lines win', () => {
    expect([...parseTokenFile('# comment\nt1,old,1\nt1,new,2,"a, b"\n,nobody,3\nt2,x,4,g\n')]).toEqual([
      ['t1', { name: 'new', uid: '2', groups: ['a', 'b'] }],
      ['t2', { name: 'x', uid: '4', groups: ['g'] }],
    ]);
  });
  it('names a line with too few columns', () => {
    expect(() => parseTokenFile('a,b,c\nx,y')).toThrow('line 2');
  });
});
