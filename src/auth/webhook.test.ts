import { describe, expect, it } from 'vitest';
import { failure, internalError } from '../api/status.ts';
import type { SubjectAccessReview, TokenReview } from '../api/types.ts';
import { cachedAuthenticator, cachedAuthorizer } from './cache.ts';
import { ask, manualClock, testUser } from './testing.ts';
import type { AuthenticationResult, Decision } from './types.ts';
import { webhookAuthorizer, webhookTokenAuthenticator } from './webhook.ts';

const errno = (code: string): Error => Object.assign(new Error(`connect ${code} 127.0.0.1:6443`), { code });

/** A review that fails with each error in turn, then answers. */
function flaky<T>(errors: readonly Error[], answer: (sent: T) => T): { review: (sent: T) => Promise<T>; sent: T[] } {
  const sent: T[] = [];
  return {
    sent,
    review: (request) => {
      const error = errors[sent.length];
      sent.push(request);
      return error === undefined ? Promise.resolve(answer(request)) : Promise.reject(error);
    },
  };
}

describe('webhookTokenAuthenticator', () => {
  const reviewed = (status: TokenReview['status']) => flaky<TokenReview>([], (sent) => ({ ...sent, ...(status && { status }) }));

  it('asks without audiences and takes the user of the answer', async () => {
    const { review, sent } = reviewed({
      authenticated: true,
      user: { username: 'u', uid: '1', groups: ['g'], extra: { a: ['b'] } },
      audiences: ['x'],
    });
    expect(await webhookTokenAuthenticator(review, manualClock())('tok')).toEqual({
      kind: 'user',
      user: { name: 'u', uid: '1', groups: ['g'], extra: { a: ['b'] } },
      audiences: ['x'],
    });
    expect(sent).toEqual([{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token: 'tok' } }]);
  });

  it('rejects with the error of the answer, and has no opinion without one', async () => {
    expect(await webhookTokenAuthenticator(reviewed({ user: {}, error: 'invalid bearer token' }).review, manualClock())('t')).toEqual({
      kind: 'rejected',
      reason: 'invalid bearer token',
    });
    expect(await webhookTokenAuthenticator(reviewed({ authenticated: false }).review, manualClock())('t')).toEqual({ kind: 'none' });
    expect(await webhookTokenAuthenticator(reviewed(undefined).review, manualClock())('t')).toEqual({ kind: 'none' });
  });

  it.each([
    ['a reset connection', [errno('ECONNRESET')], 2],
    ['a server error', [internalError('x'), internalError('x')], 3],
    ['too many requests', [failure(429, 'TooManyRequests', 'slow')], 2],
    ['a refused connection, not', [errno('ECONNREFUSED')], 1],
    ['a refusal of our own rights, not', [failure(403, 'Forbidden', 'no')], 1],
  ])('tries again after %s', async (_, errors, attempts) => {
    const { review, sent } = flaky<TokenReview>(errors, (r) => ({ ...r, status: { authenticated: true, user: { username: 'u' } } }));
    const result = await webhookTokenAuthenticator(review, manualClock())('t');
    expect(sent).toHaveLength(attempts);
    expect(result.kind).toBe(attempts > errors.length ? 'user' : 'rejected');
  });

  it('gives up after five attempts that wait longer and longer', async () => {
    const clock = manualClock();
    const { review, sent } = flaky<TokenReview>(Array<Error>(9).fill(errno('ECONNRESET')), (r) => r);
    expect(await webhookTokenAuthenticator(review, clock)('t')).toMatchObject({ kind: 'rejected' });
    expect(sent).toHaveLength(5);
    for (const [i, base] of [500, 750, 1125, 1687.5].entries()) {
      expect(clock.slept[i]).toBeGreaterThanOrEqual(base);
      expect(clock.slept[i]).toBeLessThanOrEqual(base * 1.2);
    }
  });
});

describe('webhookAuthorizer', () => {
  const answer = async (status: SubjectAccessReview['status']): Promise<Decision> =>
    webhookAuthorizer((r) => Promise.resolve({ ...r, ...(status && { status }) }), manualClock())(ask({}));

  it('asks with what is known and leaves empty texts out', async () => {
    const { review, sent } = flaky<SubjectAccessReview>([], (r) => ({ ...r, status: { allowed: true, reason: 'ok' } }));
    const user = { name: 'u', uid: '7', groups: ['g'], extra: { k: ['v'] } };
    const attributes = ask({ user, resource: 'nodes', subresource: 'metrics', name: 'n1' });
    expect(await webhookAuthorizer(review, manualClock())(attributes)).toEqual({ decision: 'allow', reason: 'ok' });
    expect(sent[0]?.spec).toEqual({
      resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'metrics', name: 'n1' },
      user: 'u',
      groups: ['g'],
      extra: { k: ['v'] },
      uid: '7',
    });
  });

  it('turns the answer into a decision, deny before allow', async () => {
    expect(await answer({ allowed: false, reason: 'r' })).toEqual({ decision: 'noOpinion', reason: 'r' });
    expect(await answer({ allowed: false, denied: true })).toEqual({ decision: 'deny', reason: '' });
    expect(await answer({ allowed: true, denied: true })).toMatchObject({
      decision: 'deny',
      error: expect.stringContaining('both') as string,
    });
    expect(await answer(undefined)).toEqual({ decision: 'noOpinion', reason: '' });
  });

  it('never allows when the call fails', async () => {
    const authorize = webhookAuthorizer(() => Promise.reject(errno('ECONNREFUSED')), manualClock());
    expect(await authorize(ask({}))).toEqual({ decision: 'noOpinion', reason: '', error: 'connect ECONNREFUSED 127.0.0.1:6443' });
  });
});

describe('caches', () => {
  const counting = (result: AuthenticationResult) => {
    let calls = 0;
    return { calls: () => calls, authenticate: () => (calls++, Promise.resolve(result)) };
  };

  it('keep a user for its time and a rejection not at all', async () => {
    const clock = manualClock();
    const good = counting({ kind: 'user', user: testUser('u') });
    const cached = cachedAuthenticator(good.authenticate, { clock, successTtlMs: 100, failureTtlMs: 100 });
    await cached('t');
    clock.advance(99);
    await cached('t');
    expect(good.calls()).toBe(1);
    clock.advance(1);
    await cached('t');
    expect(good.calls()).toBe(2);
    await cached('other');
    expect(good.calls()).toBe(3);

    const bad = counting({ kind: 'rejected', reason: 'x' });
    const badCached = cachedAuthenticator(bad.authenticate, { clock, successTtlMs: 100, failureTtlMs: 100 });
    await badCached('t');
    await badCached('t');
    expect(bad.calls()).toBe(2);
  });

  it('share one lookup between callers at the same time, also when it fails', async () => {
    let calls = 0;
    let fail: (error: Error) => void = () => undefined;
    const cached = cachedAuthenticator(() => (calls++, new Promise((_, reject) => (fail = reject))), {
      clock: manualClock(),
      successTtlMs: 1,
      failureTtlMs: 1,
    });
    const results = [cached('t'), cached('t')];
    fail(new Error('gone'));
    for (const result of results) await expect(result).rejects.toThrow('gone');
    expect(calls).toBe(1);
    const again = cached('t');
    fail(new Error('gone again'));
    await expect(again).rejects.toThrow('gone again');
  });

  it('keep yes and no for different times and errors never', async () => {
    const clock = manualClock();
    let decision: Decision = { decision: 'allow', reason: '' };
    let calls = 0;
    const cached = cachedAuthorizer(() => (calls++, decision), { clock, allowTtlMs: 300, denyTtlMs: 30 });
    await cached(ask({}));
    clock.advance(299);
    await cached(ask({}));
    expect(calls).toBe(1);
    decision = { decision: 'noOpinion', reason: '' };
    await cached(ask({ verb: 'list' }));
    clock.advance(29);
    await cached(ask({ verb: 'list' }));
    expect(calls).toBe(2);
    clock.advance(1);
    decision = { decision: 'noOpinion', reason: '', error: 'down' };
    await cached(ask({ verb: 'list' }));
    await cached(ask({ verb: 'list' }));
    expect(calls).toBe(4);
  });

  it('drop what was not used for longest and never keep giant questions', async () => {
    let calls = 0;
    const cached = cachedAuthorizer(() => (calls++, { decision: 'allow', reason: '' }), {
      clock: manualClock(),
      allowTtlMs: 1000,
      denyTtlMs: 1000,
      maxEntries: 2,
    });
    for (const name of ['a', 'b', 'a', 'c', 'a']) await cached(ask({ name }));
    expect(calls).toBe(3);
    await cached(ask({ name: 'b' }));
    expect(calls).toBe(4);
    await cached(ask({ name: 'x'.repeat(10_000) }));
    await cached(ask({ name: 'x'.repeat(10_000) }));
    expect(calls).toBe(6);
  });
});
