import { describe, expect, it } from 'vitest';
import { bearerAuthenticator, bearerToken, webSocketToken, withoutWebSocketToken } from './bearer.ts';
import { authenticatorChain, privilegedGroup, union } from './chain.ts';
import { ask, testUser } from './testing.ts';
import type { AuthenticationResult, Authenticator, Authorizer, TokenAuthenticator } from './types.ts';

const none = { certificates: [], authorization: undefined };
const fixed =
  (result: AuthenticationResult): Authenticator =>
  () =>
    Promise.resolve(result);
const asUser = fixed({ kind: 'user', user: testUser('u', 'g') });
const silent = fixed({ kind: 'none' });
const rejects = (reason: string): Authenticator => fixed({ kind: 'rejected', reason });

describe('authenticatorChain', () => {
  it('takes the first user, whatever was rejected before, and adds the group of all', async () => {
    expect(await authenticatorChain([rejects('a'), asUser], { anonymous: false })(none)).toEqual({
      kind: 'user',
      user: { name: 'u', groups: ['g', 'system:authenticated'] },
    });
  });

  it('lets only those be anonymous who showed nothing', async () => {
    expect(await authenticatorChain([silent], { anonymous: true })(none)).toMatchObject({
      user: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    });
    expect(await authenticatorChain([silent, rejects('bad')], { anonymous: true })(none)).toEqual({ kind: 'rejected', reason: 'bad' });
    expect(await authenticatorChain([silent], { anonymous: false })(none)).toEqual({ kind: 'none' });
  });

  it('names every rejection once', async () => {
    expect(await authenticatorChain([rejects('a'), rejects('b'), rejects('a')], { anonymous: false })(none)).toEqual({
      kind: 'rejected',
      reason: '[a, b]',
    });
  });

  it('does not add the group twice', async () => {
    const reviewed = fixed({ kind: 'user', user: testUser('u', 'system:authenticated') });
    expect(await authenticatorChain([reviewed], { anonymous: false })(none)).toMatchObject({ user: { groups: ['system:authenticated'] } });
  });
});

describe('bearer tokens', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['Basic dTpw', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Bearer  two-spaces', undefined],
    ['Bearer abc', 'abc'],
    ['bEARER abc trailing', 'abc'],
    ['  Bearer abc  ', 'abc'],
  ])('are read from %j as %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  const hide = (text: string | Buffer): string => `base64url.bearer.authorization.k8s.io.${Buffer.from(text).toString('base64url')}`;
  it.each([
    ['v4.channel.k8s.io', undefined],
    [`${hide('abc')}, v4.channel.k8s.io`, { token: 'abc' }],
    [hide('abc'), { reason: 'missing additional subprotocol' }],
    [`${hide('a')},${hide('b')},x`, { reason: 'multiple base64.bearer.authorization tokens specified' }],
    ['base64url.bearer.authorization.k8s.io.ab$,x', { reason: 'invalid base64.bearer.authorization token encoding' }],
    [`${hide(Buffer.from([0xff, 0xfe]))},x`, { reason: 'invalid base64.bearer.authorization token' }],
    [`${hide('')},x`, undefined],
  ])('are read from the WebSocket protocols %j', (header, token) => {
    expect(webSocketToken(header)).toEqual(token);
  });

  it('disappear from the protocols that a backend sees', () => {
    expect(withoutWebSocketToken(`a, ${hide('t')} ,b`)).toBe('a, b');
  });

  it('are rejected when nobody knows them', async () => {
    const tokens: TokenAuthenticator = (token) =>
      Promise.resolve(token === 'good' ? { kind: 'user', user: testUser('u') } : { kind: 'none' });
    const authenticate = bearerAuthenticator(tokens);
    expect(await authenticate(none)).toEqual({ kind: 'none' });
    expect(await authenticate({ ...none, authorization: 'Bearer bad' })).toEqual({ kind: 'rejected', reason: 'invalid bearer token' });
    expect(await authenticate({ ...none, authorization: 'Bearer good' })).toMatchObject({ kind: 'user' });
    expect(await authenticate({ ...none, webSocketProtocols: `${hide('good')},x` })).toMatchObject({ kind: 'user' });
    expect(await authenticate({ ...none, webSocketProtocols: hide('good') })).toEqual({
      kind: 'rejected',
      reason: 'missing additional subprotocol',
    });
  });
});

describe('union of authorizers', () => {
  const says =
    (decision: 'deny' | 'noOpinion', reason: string, error?: string): Authorizer =>
    () => ({ decision, reason, ...(error && { error }) });

  it('stops at the first that decides', async () => {
    expect(await union(says('noOpinion', 'x'), () => ({ decision: 'allow', reason: 'y' }), says('deny', 'z'))(ask({}))).toEqual({
      decision: 'allow',
      reason: 'y',
    });
    expect(await union(says('deny', 'z'), () => ({ decision: 'allow', reason: 'y' }))(ask({}))).toEqual({ decision: 'deny', reason: 'z' });
  });

  it('keeps all reasons and errors when none decides', async () => {
    expect(await union(says('noOpinion', 'a', 'e1'), says('noOpinion', ''), says('noOpinion', 'b', 'e2'))(ask({}))).toEqual({
      decision: 'noOpinion',
      reason: 'a\nb',
      error: '[e1, e2]',
    });
  });

  it('lets masters pass without a reason', async () => {
    const authorize = union(privilegedGroup());
    expect(await authorize(ask({ user: testUser('x', 'system:masters') }))).toEqual({ decision: 'allow', reason: '' });
    expect(await authorize(ask({}))).toEqual({ decision: 'noOpinion', reason: '' });
  });
});
