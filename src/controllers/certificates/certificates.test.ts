import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { resources } from '../../api/resources.ts';
import {
  createCertificateAuthority,
  createCertificateRequest,
  createPrivateKeyPem,
  parseCertificate,
  pemCertificates,
  requestSigner,
} from '../../auth/x509/x509.ts';
import { testCluster, type TestCluster } from '../testing.ts';
import { isStale, startCertificateController } from './certificates.ts';
import { CLIENT, KUBELET_CLIENT, KUBELET_SERVING, refusal } from './signers.ts';

const requests = resources['certificatesigningrequests.certificates.k8s.io'];
const request = {
  commonName: 'system:node:n',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
};
const client = ['client auth', 'digital signature'];
const serving = ['server auth', 'digital signature', 'key encipherment'];

describe('what the signers sign', () => {
  it.each([
    [KUBELET_CLIENT, {}, client, undefined],
    [KUBELET_CLIENT, {}, [...client, 'key encipherment'], undefined],
    [KUBELET_CLIENT, {}, [...client, 'server auth'], 'usages did not match [digital signature client auth]'],
    [KUBELET_CLIENT, { organizations: [] }, client, 'subject organization is not system:nodes'],
    [KUBELET_CLIENT, { organizations: ['system:nodes', 'system:masters'] }, client, 'subject organization is not system:nodes'],
    [KUBELET_CLIENT, { commonName: 'n' }, client, 'subject common name does not begin with system:node:'],
    [KUBELET_CLIENT, { dnsNames: ['n'] }, client, 'DNS subjectAltNames are not allowed'],
    [KUBELET_CLIENT, { ipAddresses: ['10.0.0.1'] }, client, 'IP subjectAltNames are not allowed'],
    [KUBELET_CLIENT, { emailAddresses: ['a@b'] }, client, 'email subjectAltNames are not allowed'],
    [KUBELET_CLIENT, { uris: ['a:b'] }, client, 'URI subjectAltNames are not allowed'],
    [KUBELET_SERVING, { dnsNames: ['n'] }, serving, undefined],
    [KUBELET_SERVING, {}, serving, 'DNS or IP subjectAltName is required'],
    [KUBELET_SERVING, { dnsNames: ['n'], uris: ['a:b'] }, serving, 'URI subjectAltNames are not allowed'],
    [KUBELET_SERVING, { dnsNames: ['n'] }, client, 'usages did not match [digital signature server auth]'],
    [CLIENT, { commonName: 'me', organizations: ['any'] }, ['client auth'], undefined],
    [CLIENT, {}, ['server auth'], 'invalid usages for client certificate: ["server auth"]'],
    ['example.com/other', {}, [], undefined],
  ])('%s of %j for %j: %s', (signer, fields, usages, why) => {
    expect(refusal(signer, { ...request, ...fields }, usages)).toBe(why);
  });
});

describe('the controller against an API server', () => {
  let cluster: TestCluster;
  const ca = createCertificateAuthority({ commonName: 'test', now: Date.now() });
  beforeAll(async () => {
    cluster = await testCluster();
    await cluster.run((context) => startCertificateController(context, requestSigner(ca)));
  });
  afterAll(() => cluster.close());

  async function ask(
    name: string,
    signerName: string,
    usages: readonly string[],
    more: { groups?: string[]; expirationSeconds?: number; pem?: string; dnsNames?: string[] } = {},
  ) {
    const subject = { commonName: request.commonName, organizations: request.organizations };
    const pem = more.pem ?? createCertificateRequest({ key: createPrivateKeyPem(), subject, dnsNames: more.dnsNames ?? [] });
    return cluster.client.create(requests, {
      metadata: { name },
      spec: {
        request: Buffer.from(pem).toString('base64'),
        signerName,
        usages: [...usages],
        username: request.commonName,
        groups: more.groups ?? [],
        ...(more.expirationSeconds !== undefined && { expirationSeconds: more.expirationSeconds }),
      },
    });
  }
  const approve = (name: string) =>
    cluster.client.patch(
      requests,
      name,
      'merge',
      { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test' }] } },
      { subresource: 'approval' },
    );
  const certificateOf = (name: string) =>
    until(`the certificate of ${name}`, async () => {
      const { certificate } = (await cluster.client.get(requests, name)).status;
      const [der] = pemCertificates(Buffer.from(certificate ?? '', 'base64').toString());
      return der && parseCertificate(der);
    });

  it('gives a node that renews its own certificate another one', async () => {
    await ask('own', KUBELET_CLIENT, client, { groups: ['system:nodes'], expirationSeconds: 3600 });
    const certificate = await certificateOf('own');
    expect(certificate.subject).toMatchObject({ commonName: 'system:node:n', organizations: ['system:nodes'] });
    expect(certificate.notAfter - certificate.notBefore).toBe(3_600_000);
    expect(certificate.keyUsage).toEqual(['digitalSignature']);
    expect((await cluster.client.get(requests, 'own')).status.conditions).toMatchObject([
      { type: 'Approved', reason: 'AutoApproved', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' },
    ]);
  });

  it('signs a serving certificate when somebody approves it, with its names', async () => {
    await ask('serving', KUBELET_SERVING, serving, { dnsNames: ['n.example'] });
    await approve('serving');
    expect(await certificateOf('serving')).toMatchObject({ dnsNames: ['n.example'], keyUsage: ['digitalSignature', 'keyEncipherment'] });
  });

  it('says of what it must not sign that it failed, and why', async () => {
    await ask('wrong', KUBELET_SERVING, serving);
    await approve('wrong');
    const failed = await until('the failure', async () =>
      (await cluster.client.get(requests, 'wrong')).status.conditions?.find(({ type }) => type === 'Failed'),
    );
    expect(failed).toMatchObject({ reason: 'SignerValidationFailure', message: 'DNS or IP subjectAltName is required' });
    expect((await cluster.client.get(requests, 'wrong')).status.certificate).toBeUndefined();
  });

  it('leaves other signers’ requests and what nobody approved alone', async () => {
    await ask('other', 'example.com/other', client);
    await approve('other');
    await ask('pending', CLIENT, ['client auth']);
    await ask('last', KUBELET_CLIENT, client, { groups: ['system:nodes'] });
    await certificateOf('last');
    for (const name of ['other', 'pending']) expect((await cluster.client.get(requests, name)).status.certificate).toBeUndefined();
  });

  it('removes what is settled after an hour', async () => {
    cluster.pass(2 * 3_600_000);
    await until('it to go', async () => (await cluster.client.list(requests)).items.every(({ metadata }) => metadata.name !== 'own'));
    expect((await cluster.client.list(requests)).items.map(({ metadata }) => metadata.name)).toContain('pending');
  });
});

it.each([
  [{}, 23, false],
  [{}, 25, true],
  [{ conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: '2026-01-01T10:00:00Z' }] }, 10.5, false],
  [{ conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-01-01T10:00:00Z' }] }, 11.5, true],
])('a request with status %j is stale after %d hours: %s', (status, hours, stale) => {
  const made = {
    metadata: { name: 'r', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { request: '', signerName: CLIENT },
    status,
  };
  expect(isStale(made, Date.parse('2026-01-01T00:00:00Z') + hours * 3_600_000)).toBe(stale);
});
