import { expect, test } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import { createCertificateRequest, createPrivateKeyPem } from '../../auth/x509/x509.ts';
import { memoryRegistry } from '../auth/testing.ts';
import { certificateAdmission } from './certificate-requests.ts';

const requests = resources['certificatesigningrequests.certificates.k8s.io'];
const node: UserInfo = { name: 'system:node:n', groups: ['system:nodes', 'system:authenticated'], extra: { k: ['v'] } };
const csr = (commonName = 'x', ...organizations: string[]): string =>
  Buffer.from(createCertificateRequest({ key: createPrivateKeyPem(), subject: { commonName, organizations } })).toString('base64');
const allowed =
  (...names: string[]): Authorizer =>
  (attributes) => ({
    decision: attributes.kind === 'resource' && names.includes(`${attributes.verb} ${attributes.name}`) ? 'allow' : 'noOpinion',
    reason: '',
  });
const SIGNER = 'kubernetes.io/kube-apiserver-client';

async function admit(
  asked: { readonly operation: 'create' | 'update'; readonly subresource?: string; readonly object: unknown; readonly before?: unknown },
  authorize: Authorizer = allowed(),
): Promise<{ spec: Record<string, unknown>; status: { conditions?: Record<string, unknown>[]; certificate?: string } } | string> {
  const object = structuredClone(asked.object) as KubeObject;
  const request = {
    resource: requests,
    namespace: '',
    name: 'c',
    user: node,
    dryRun: false,
    subresource: '',
    ...asked,
    object,
    before: asked.before as KubeObject | undefined,
  };
  try {
    await certificateAdmission({ authorize, now: () => 0 })(request, memoryRegistry().reader);
    return object as never;
  } catch (error) {
    return (error as Error).message;
  }
}
const made = (spec: Record<string, unknown>, status?: unknown): unknown => ({
  metadata: { name: 'c' },
  spec: { request: csr(), signerName: SIGNER, usages: ['client auth'], ...spec },
  ...(status !== undefined && { status }),
});

test('a request says who really made it, and is not approved yet', async () => {
  const forged = { username: 'admin', groups: ['system:masters'], uid: 'u', extra: { a: ['b'] } };
  const result = await admit({
    operation: 'create',
    object: made(forged, { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' }),
  });
  expect(result).toMatchObject({
    spec: { username: 'system:node:n', groups: ['system:nodes', 'system:authenticated'], extra: { k: ['v'] } },
  });
  expect(result).toHaveProperty('status', {});
  expect(result).not.toHaveProperty('spec.uid');
});

test.each([
  [{ request: 'bm90IHBlbQ==' }, 'spec.request: Invalid value'],
  [{ request: '' }, 'spec.request: Invalid value'],
  [{ usages: [] }, 'spec.usages: Required value'],
  [{ signerName: '' }, 'spec.signerName: Required value'],
  [{ signerName: 'client' }, 'must be a fully qualified domain and path'],
  [{ expirationSeconds: 599 }, 'may not specify a duration less than 600 seconds (10 minutes)'],
  [{ request: csr('x', 'system:masters') }, 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed'],
])('a request with %j is refused', async (spec, why) => {
  expect(await admit({ operation: 'create', object: made(spec) })).toContain(why);
});

const before = made({ username: 'a' }, {});
const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'R' }] };

test('only who may approve for the signer approves', async () => {
  const object = made({ username: 'b' }, approved);
  const asked = { operation: 'update', subresource: 'approval', object, before } as const;
  expect(await admit(asked)).toContain('user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"');
  expect(await admit(asked, allowed(`sign ${SIGNER}`))).toContain('user not permitted to approve');
  for (const name of [SIGNER, 'kubernetes.io/*']) {
    const result = await admit(asked, allowed(`approve ${name}`));
    expect(result).toMatchObject({ spec: { username: 'a' } });
    expect(result).toHaveProperty('status.conditions', [
      { type: 'Approved', status: 'True', reason: 'R', lastUpdateTime: '1970-01-01T00:00:00Z', lastTransitionTime: '1970-01-01T00:00:00Z' },
    ]);
  }
});

test('only who may sign for the signer brings a certificate, and cannot approve with it', async () => {
  const object = made({}, { ...approved, certificate: 'eA==' });
  const asked = { operation: 'update', subresource: 'status', object, before } as const;
  expect(await admit(asked, allowed(`approve ${SIGNER}`))).toContain('user not permitted to sign');
  expect(await admit(asked, allowed(`sign ${SIGNER}`))).toHaveProperty('status', { certificate: 'eA==', conditions: [] });
});

test('approving brings no certificate', async () => {
  const object = made({}, { ...approved, certificate: 'eA==' });
  const result = await admit({ operation: 'update', subresource: 'approval', object, before }, allowed(`approve ${SIGNER}`));
  expect(result).not.toHaveProperty('status.certificate');
});

test('an ordinary update changes neither spec nor status', async () => {
  const result = await admit({ operation: 'update', object: made({ username: 'b' }, approved), before });
  expect(result).toMatchObject({ spec: { username: 'a' }, status: {} });
});
