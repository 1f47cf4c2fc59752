import { describe, expect, it } from 'vitest';
import { bootstrapTokenAuthenticator, type BootstrapTokenSecret } from './bootstrap-token.ts';
import { manualClock } from './testing.ts';

const clock = manualClock();
const at = (ms: number): string => new Date(clock.now() + ms).toISOString();
const good: BootstrapTokenSecret = {
  type: 'bootstrap.kubernetes.io/token',
  deleted: false,
  data: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true' },
};
const data = (more: Record<string, string>): BootstrapTokenSecret => ({ ...good, data: { ...good.data, ...more } });
const ask = (kept: BootstrapTokenSecret | undefined, token: string, audiences?: string[]) =>
  bootstrapTokenAuthenticator({
    secret: (name) => (name === 'bootstrap-token-abcdef' ? kept : undefined),
    clock,
    audiences: ['api'],
  })(token, audiences);
const TOKEN = 'abcdef.0123456789abcdef';

describe('bootstrap tokens', () => {
  it.each([
    ['a plain token', good, TOKEN, ['system:bootstrappers']],
    ['one that has time left', data({ expiration: at(60_000) }), TOKEN, ['system:bootstrappers']],
    [
      'one with groups',
      data({ 'auth-extra-groups': 'system:bootstrappers:b,system:bootstrappers:a,system:bootstrappers:b' }),
      TOKEN,
      ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:b'],
    ],
    ['another secret', good, 'abcdef.0123456789abcdee', undefined],
    ['another id', good, 'abcdeg.0123456789abcdef', undefined],
    ['capital letters', good, 'ABCDEF.0123456789abcdef', undefined],
    ['more after it', good, `${TOKEN}\n`, undefined],
    ['no Secret', undefined, TOKEN, undefined],
    ['a Secret that goes', { ...good, deleted: true }, TOKEN, undefined],
    ['a Secret of another type', { ...good, type: 'Opaque' }, TOKEN, undefined],
    ['a Secret of another id', data({ 'token-id': 'abcdeg' }), TOKEN, undefined],
    ['an expired one', data({ expiration: at(-1) }), TOKEN, undefined],
    ['a time that is none', data({ expiration: 'soon' }), TOKEN, undefined],
    ['another use', data({ 'usage-bootstrap-authentication': 'yes' }), TOKEN, undefined],
    ['a group of others', data({ 'auth-extra-groups': 'system:masters' }), TOKEN, undefined],
    ['an empty Secret', { ...good, data: {} }, TOKEN, undefined],
  ])('%s', async (_, kept, token, groups) => {
    expect(await ask(kept, token)).toEqual(
      groups === undefined ? { kind: 'none' } : { kind: 'user', user: { name: 'system:bootstrap:abcdef', groups }, audiences: ['api'] },
    );
  });

  it('are for the server’s own audiences alone', async () => {
    expect(await ask(good, TOKEN, ['other'])).toEqual({ kind: 'none' });
    expect(await ask(good, TOKEN, ['other', 'api'])).toMatchObject({ audiences: ['api'] });
  });
});
