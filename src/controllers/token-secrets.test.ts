import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import { testCluster, type TestCluster } from './testing.ts';
import { startTokenSecretController } from './token-secrets.ts';

let cluster: TestCluster;
const namespace = 'default';
beforeAll(async () => {
  cluster = await testCluster();
  const sign = (claims: unknown): string => `token of ${JSON.stringify(claims)}`;
  await cluster.run((context) => startTokenSecretController(context, { sign, caPem: 'CA' }));
});
afterAll(() => cluster.close());

const secretFor = (name: string, account: string, annotations: Record<string, string> = {}) =>
  cluster.client.create(resources.secrets, {
    metadata: { name, namespace, annotations: { 'kubernetes.io/service-account.name': account, ...annotations } },
    type: 'kubernetes.io/service-account-token',
  });
const isGone = async (name: string): Promise<boolean> => {
  try {
    await cluster.client.get(resources.secrets, name, { namespace });
    return false;
  } catch (error) {
    return hasReason(error, 'NotFound');
  }
};
const text = (base64 = ''): string => Buffer.from(base64, 'base64').toString();

test('a token Secret is filled, mended when somebody empties it, and goes with its account', async () => {
  const { client } = cluster;
  const account = await client.create(resources.serviceaccounts, { metadata: { name: 'bot', namespace } });
  await secretFor('tok', 'bot');
  const filled = await until('the token', async () => {
    const secret = await client.get(resources.secrets, 'tok', { namespace });
    return secret.data?.['token'] === undefined ? undefined : secret;
  });
  expect(filled.metadata.annotations).toEqual({
    'kubernetes.io/service-account.name': 'bot',
    'kubernetes.io/service-account.uid': account.metadata.uid,
  });
  expect(text(filled.data?.['ca.crt'])).toBe('CA');
  expect(text(filled.data?.['namespace'])).toBe(namespace);
  const claims = { namespace, serviceAccount: { name: 'bot', uid: account.metadata.uid }, secretName: 'tok' };
  expect(text(filled.data?.['token'])).toBe(`token of ${JSON.stringify(claims)}`);

  await client.patch(resources.secrets, 'tok', 'merge', { data: { 'ca.crt': null } }, { namespace });
  await until(
    'the authority again',
    async () => text((await client.get(resources.secrets, 'tok', { namespace })).data?.['ca.crt']) === 'CA',
  );

  await client.delete(resources.serviceaccounts, 'bot', { namespace });
  await until('the end of the Secret', () => isGone('tok'));
});

test('a token Secret of an account that is not there, or of an earlier one of the same name, goes', async () => {
  await cluster.client.create(resources.serviceaccounts, { metadata: { name: 'present', namespace } });
  await secretFor('orphan', 'absent');
  await secretFor('stale', 'present', { 'kubernetes.io/service-account.uid': 'of-an-earlier-one' });
  await until('both to go', async () => (await isGone('orphan')) && (await isGone('stale')));
});

test('other Secrets are left alone', async () => {
  const { client } = cluster;
  await client.create(resources.secrets, {
    metadata: { name: 'opaque', namespace, annotations: { 'kubernetes.io/service-account.name': 'absent' } },
  });
  await client.create(resources.serviceaccounts, { metadata: { name: 'later', namespace } });
  await secretFor('later', 'later');
  await until('a later one', async () => (await client.get(resources.secrets, 'later', { namespace })).data?.['token']);
  expect((await client.get(resources.secrets, 'opaque', { namespace })).data).toBeUndefined();
});
