import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseJwt, signatureHolds, signJwt, tokenKey } from './jwt.ts';
import { parseServiceAccountUser } from './service-account-claims.ts';
import { type LiveObject, serviceAccountIssuer, type TokenLookups, type TokenRequested } from './service-account-token.ts';
import { manualClock } from './testing.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString();
const ec = (namedCurve: string): string => generateKeyPairSync('ec', { namedCurve }).privateKey.export(pem).toString();
const ISSUER = 'https://kubernetes.default.svc';

interface World {
  sa?: LiveObject | undefined;
  pod?: LiveObject | undefined;
  node?: LiveObject | undefined;
  secret?: (LiveObject & { token: string }) | undefined;
}
const lookups = (world: World): TokenLookups => ({
  serviceAccount: () => world.sa,
  pod: () => world.pod,
  node: () => world.node,
  secret: () => world.secret,
});
function setup(world: World = {}, key = rsa) {
  const clock = manualClock();
  const all: World = { sa: { uid: 'sa-uid' }, pod: { uid: 'pod-uid' }, node: { uid: 'node-uid' }, ...world };
  return { clock, world: all, issuer: serviceAccountIssuer({ key, issuer: ISSUER, clock, lookups: lookups(all) }) };
}
const request = (more: Partial<TokenRequested> = {}): TokenRequested => ({
  namespace: 'ns',
  serviceAccount: { name: 'robot', uid: 'sa-uid' },
  audiences: [ISSUER],
  expirationSeconds: 3600,
  ...more,
});
const pod = { pod: { name: 'p', uid: 'pod-uid' }, node: { name: 'n', uid: 'node-uid' } };

describe('a ServiceAccount token', () => {
  it('carries the claims of the original, in its order', () => {
    const { issuer } = setup();
    const token = issuer.issue(request({ ...pod, warnAfterSeconds: 3607 }));
    const claims = parseJwt(token)?.claims ?? {};
    expect(Object.keys(claims)).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'kubernetes.io', 'nbf', 'sub']);
    const now = Date.parse('2026-11-21T10:00:00Z') / 1000;
    expect(claims).toMatchObject({
      aud: [ISSUER],
      exp: now + 3600,
      iat: now,
      nbf: now,
      iss: ISSUER,
      sub: 'system:serviceaccount:ns:robot',
      'kubernetes.io': { namespace: 'ns', ...pod, serviceaccount: { name: 'robot', uid: 'sa-uid' }, warnafter: now + 3607 },
    });
    expect(claims['jti']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(decodeProtectedHeader(token))).toEqual(['alg', 'kid']);
  });

  it.each([
    ['RSA', rsa, 'RS256'],
    ['P-256', ec('P-256'), 'ES256'],
    ['P-384', ec('P-384'), 'ES384'],
    ['P-521', ec('P-521'), 'ES512'],
  ])('signed with %s is taken by jose with the published keys', async (_, key, alg) => {
    const { issuer, clock } = setup({}, key);
    const token = issuer.issue(request());
    const jwks = createLocalJWKSet(issuer.jwks());
    const verified = await jwtVerify(token, jwks, { issuer: ISSUER, audience: ISSUER, currentDate: new Date(clock.now()) });
    expect(verified.protectedHeader).toMatchObject({ alg, kid: issuer.jwks().keys[0]?.['kid'] });
    expect((await issuer.authenticate(token)).kind).toBe('user');
  });

  it('signed by jose is taken here', async () => {
    for (const [key, alg] of [
      [rsa, 'RS256'],
      [ec('P-256'), 'ES256'],
    ] as const) {
      const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg }).sign(createPrivateKey(key));
      const parsed = parseJwt(token);
      expect(parsed !== undefined && signatureHolds(parsed, [tokenKey(createPublicKey(key))])).toBe(true);
      expect(parsed !== undefined && signatureHolds(parsed, [tokenKey(createPublicKey(ec('P-256')))])).toBe(false);
    }
  });

  it('makes the user of the account, with what it is bound to', async () => {
    const { issuer } = setup();
    const token = issuer.issue(request(pod));
    expect(await issuer.authenticate(token)).toEqual({
      kind: 'user',
      user: {
        name: 'system:serviceaccount:ns:robot',
        uid: 'sa-uid',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
        extra: {
          'authentication.kubernetes.io/credential-id': [`JTI=${String(parseJwt(token)?.claims['jti'])}`],
          'authentication.kubernetes.io/node-name': ['n'],
          'authentication.kubernetes.io/node-uid': ['node-uid'],
          'authentication.kubernetes.io/pod-name': ['p'],
          'authentication.kubernetes.io/pod-uid': ['pod-uid'],
        },
      },
      audiences: [ISSUER],
    });
  });

  const LATE = Date.parse('2026-11-21T09:58:00Z');
  it.each<[string, Partial<TokenRequested>, World, string]>([
    ['the account is gone', {}, { sa: undefined }, 'serviceaccounts "robot" not found'],
    ['the account is another', {}, { sa: { uid: 'other' } }, 'service account UID (other) does not match claim (sa-uid)'],
    ['the account is being deleted for long', {}, { sa: { uid: 'sa-uid', deleted: LATE } }, 'service account ns/robot has been deleted'],
    ['the pod is gone', pod, { pod: undefined }, 'service account token has been invalidated'],
    ['the pod is another', pod, { pod: { uid: 'x' } }, 'pod UID (x) does not match service account pod ref claim (pod-uid)'],
    ['the pod was deleted for long', pod, { pod: { uid: 'pod-uid', deleted: LATE } }, 'service account token has been invalidated'],
    ['its node is gone', { node: pod.node }, { node: undefined }, 'service account token has been invalidated'],
    ['its secret is gone', { secret: { name: 's', uid: 'u' } }, {}, 'service account token has been invalidated'],
  ])('is refused when %s', async (_, more, world, reason) => {
    const { issuer } = setup(world);
    expect(await issuer.authenticate(issuer.issue(request(more)))).toEqual({ kind: 'rejected', reason });
  });

  it("lives on for a minute after its pod began to go, and whatever happens to the pod's node", async () => {
    const { issuer, clock, world } = setup({ node: undefined });
    const token = issuer.issue(request(pod));
    world.pod = { uid: 'pod-uid', deleted: clock.now() };
    clock.advance(60_000);
    expect((await issuer.authenticate(token)).kind).toBe('user');
    clock.advance(1000);
    expect((await issuer.authenticate(token)).kind).toBe('rejected');
  });

  it('ends with its time, give or take a minute', async () => {
    const { issuer, clock } = setup();
    const token = issuer.issue(request({ expirationSeconds: 600 }));
    clock.advance(660_000);
    expect((await issuer.authenticate(token)).kind).toBe('user');
    clock.advance(1000);
    expect(await issuer.authenticate(token)).toEqual({ kind: 'rejected', reason: 'service account token has expired' });
    clock.advance(-800_000);
    expect(await issuer.authenticate(token)).toEqual({ kind: 'rejected', reason: 'service account token is not valid yet' });
  });

  it('is for its audiences only', async () => {
    const { issuer } = setup();
    const token = issuer.issue(request({ audiences: ['a', 'b'] }));
    expect(await issuer.authenticate(token)).toEqual({
      kind: 'rejected',
      reason: `token audiences ["a" "b"] is invalid for the target audiences ["${ISSUER}"]`,
    });
    expect(await issuer.authenticate(token, ['a', 'z'])).toMatchObject({ kind: 'user', audiences: ['a'] });
  });

  it("is nobody's business here when another issuer made it, and refused when another key did", async () => {
    const { issuer } = setup();
    const foreign = signJwt({ iss: 'https://elsewhere' }, createPrivateKey(rsa));
    expect(await issuer.authenticate(foreign)).toEqual({ kind: 'none' });
    const forged = signJwt({ ...parseJwt(issuer.issue(request()))?.claims }, createPrivateKey(ec('P-256')));
    expect(await issuer.authenticate(forged)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('cryptographic') as string,
    });
  });

  it('of the old kind must be the one that its secret holds', async () => {
    const { issuer, world } = setup();
    const token = issuer.issueLegacy({ namespace: 'ns', serviceAccount: { name: 'robot', uid: 'sa-uid' }, secretName: 's' });
    expect(await issuer.authenticate(token)).toEqual({ kind: 'rejected', reason: 'Token has been invalidated' });
    world.secret = { uid: 'u', token: 'older' };
    expect(await issuer.authenticate(token)).toEqual({ kind: 'rejected', reason: "Token does not match server's copy" });
    world.secret = { uid: 'u', token };
    expect(await issuer.authenticate(token)).toMatchObject({
      kind: 'user',
      user: { name: 'system:serviceaccount:ns:robot', uid: 'sa-uid' },
    });
  });
});

describe('hostile tokens', () => {
  const { issuer } = setup();
  const good = issuer.issue(request());
  const [head = '', body = '', signature = ''] = good.split('.');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    ['no signature', `${head}.${body}.`],
    ['algorithm none', `${encode({ alg: 'none' })}.${body}.${signature}`],
    ['an HMAC with the public key', `${encode({ alg: 'HS256' })}.${body}.${signature}`],
    ['other claims', `${head}.${encode({ iss: ISSUER, sub: 'admin' })}.${signature}`],
    ['padding', `${good}=`],
    ['four parts', `${good}.x`],
    ['a giant', `${head}.${'A'.repeat(20_000)}.${signature}`],
    ['an array of claims', `${head}.${encode([])}.${signature}`],
    ['nothing', ''],
  ])('are refused: %s', async (_, token) => {
    expect((await issuer.authenticate(token)).kind).not.toBe('user');
  });

  it('never throw and never pass', async () => {
    const damaged = fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom('A', '.', '-', '=', 'z', ' '))
      .map(([at, c]) => good.slice(0, at) + c + good.slice(at + 1));
    // The last character of a base64url part has bits that decoders may ignore.
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          damaged,
          fc.string(),
          fc.json().map((text) => `${head}.${Buffer.from(text).toString('base64url')}.${signature}`),
        ),
        async (token) => {
          if (token.slice(0, -1) !== good.slice(0, -1)) expect((await issuer.authenticate(token)).kind).not.toBe('user');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('do not make users of strange names', () => {
    expect(parseServiceAccountUser('system:serviceaccount:a:b')).toEqual({ namespace: 'a', name: 'b' });
    for (const name of ['system:serviceaccount:a', 'system:serviceaccount:a:b:c', 'system:serviceaccount::b', 'x'])
      expect(parseServiceAccountUser(name)).toBeUndefined();
  });
});

describe('discovery', () => {
  it('names the issuer, where its keys are and how it signs', () => {
    expect(setup().issuer.discovery('https://10.0.0.1:6443/openid/v1/jwks')).toEqual({
      issuer: ISSUER,
      jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    expect(Object.keys(setup().issuer.jwks().keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });
});

describe('keys that verify', () => {
  const publicOf = (key: string): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const old = ec('prime256v1');
  const build = (key: string, verifyingKeys?: readonly string[]) =>
    serviceAccountIssuer({
      key,
      ...(verifyingKeys && { verifyingKeys }),
      issuer: ISSUER,
      clock: manualClock(),
      lookups: lookups({ sa: { uid: 'sa-uid' } }),
    });

  it('are all of those given, several a text, public or private', async () => {
    const issuer = build(rsa, [`${publicOf(rsa)}\n${publicOf(old)}`, ec('secp384r1')]);
    for (const key of [rsa, old]) expect(await issuer.authenticate(build(key).issue(request()))).toMatchObject({ kind: 'user' });
    expect(issuer.jwks().keys.map(({ alg }) => alg)).toEqual(['RS256', 'ES256', 'ES384']);
  });

  it('are no others: a token of the signing key alone is refused then', async () => {
    const issuer = build(rsa, [publicOf(old)]);
    expect(await issuer.authenticate(issuer.issue(request()))).toMatchObject({ kind: 'rejected' });
  });

  it('are refused when the text holds none', () => {
    expect(() => build(rsa, ['nothing'])).toThrow('data does not contain any valid RSA or ECDSA public keys');
  });
});
