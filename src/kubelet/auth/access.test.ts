import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SubjectAccessReview, TokenReview } from '../../api/types.ts';
import type { Attributes, Credentials } from '../../auth/types.ts';
import { createCertificateAuthority, issueCertificate, pemCertificates } from '../../auth/x509/x509.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { defaultKubeletConfiguration, loadKubeletConfiguration, type KubeletConfiguration } from '../config.ts';
import { kubeletAccess, type AccessOptions, type KubeletAccess } from './access.ts';

/** An API server that knows the token `good` and allows `nodes/proxy` to it. */
function fakeApi() {
  const asked: unknown[] = [];
  let up = true;
  const create = (_resource: unknown, object: unknown): Promise<unknown> => {
    asked.push(object);
    if (!up) return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const { kind } = object as { kind: string };
    if (kind === 'TokenReview') {
      const { spec } = object as TokenReview;
      const user = { username: 'system:serviceaccount:web:sa', groups: ['system:serviceaccounts', 'system:authenticated'] };
      return Promise.resolve({
        ...(object as object),
        status: spec.token === 'good' ? { authenticated: true, user } : { authenticated: false, error: 'invalid bearer token' },
      });
    }
    const { spec } = object as SubjectAccessReview;
    return Promise.resolve({ ...(object as object), status: { allowed: spec.resourceAttributes?.subresource === 'proxy' } });
  };
  return { asked, client: { create } as unknown as NonNullable<AccessOptions['client']>, stop: () => (up = false) };
}

const credentials = (more: Partial<Credentials> = {}): Credentials => ({ certificates: [], authorization: undefined, ...more });
const bearer = (token: string): Credentials => credentials({ authorization: `Bearer ${token}` });

let dir: string;
let access: KubeletAccess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubelet-auth-'));
});
afterEach(() => {
  access?.close();
  access = undefined;
  rmSync(dir, { recursive: true });
});

async function start(
  config: Partial<KubeletConfiguration>,
  client?: AccessOptions['client'],
  onClientCA?: (pem: string) => void,
): Promise<KubeletAccess> {
  const full = { ...defaultKubeletConfiguration(), ...config };
  access = await kubeletAccess({ config: full, client, host: systemHost, log: silentLogger, ...(onClientCA && { onClientCA }) });
  return access;
}

const alone = {
  authentication: { ...defaultKubeletConfiguration().authentication, webhook: { enabled: false, cacheTTL: '2m0s' } },
  authorization: loadKubeletConfiguration(undefined).authorization,
};

describe('without an API server', () => {
  it('webhook modes are refused', async () => {
    await expect(start({})).rejects.toThrow('no client provided, cannot use webhook authentication');
    await expect(start({ authentication: alone.authentication })).rejects.toThrow('no client provided, cannot use webhook authorization');
  });

  it('tokens are not looked at, and nobody is let in without a name', async () => {
    const { authenticate, authorize } = await start(alone);
    expect(await authenticate(bearer('good'))).toEqual({ kind: 'none' });
    expect(await authorize({} as Attributes)).toEqual({ decision: 'allow', reason: '' });
  });

  it('anonymous requests pass when that is on', async () => {
    const { authenticate } = await start({ ...alone, authentication: { ...alone.authentication, anonymous: { enabled: true } } });
    expect(await authenticate(bearer('good'))).toEqual({
      kind: 'user',
      user: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    });
  });
});

describe('tokens', () => {
  it('are reviewed once, and stand while the API server is away', async () => {
    const api = fakeApi();
    const { authenticate } = await start({}, api.client);
    const first = await authenticate(bearer('good'));
    expect(first.kind === 'user' && first.user.name).toBe('system:serviceaccount:web:sa');
    api.stop();
    expect((await authenticate(bearer('good'))).kind).toBe('user');
    expect((await authenticate(bearer('other'))).kind).toBe('rejected');
    expect(api.asked[0]).toEqual({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token: 'good' } });
    expect(api.asked.length).toBe(2);
  });

  it('that are refused never become anonymous', async () => {
    const { authenticate } = await start(
      { authentication: { ...defaultKubeletConfiguration().authentication, anonymous: { enabled: true } } },
      fakeApi().client,
    );
    expect((await authenticate(bearer('bad'))).kind).toBe('rejected');
    expect((await authenticate(credentials())).kind).toBe('user');
  });
});

describe('authorization', () => {
  const question = (subresource: string): Attributes => ({
    kind: 'resource',
    user: { name: 'u', groups: ['g'] },
    verb: 'get',
    namespace: '',
    group: '',
    version: 'v1',
    resource: 'nodes',
    subresource,
    name: 'node-1',
    path: '/pods',
  });

  it('asks the API server once for each subresource, and fails closed when it is away', async () => {
    const api = fakeApi();
    const { authorize } = await start({}, api.client);
    for (let i = 0; i < 3; i++) {
      expect((await authorize(question('proxy'))).decision).toBe('allow');
      expect((await authorize(question('pods'))).decision).toBe('noOpinion');
    }
    expect(api.asked.length).toBe(2);
    expect(api.asked[0]).toMatchObject({
      spec: {
        resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'proxy', name: 'node-1' },
        user: 'u',
        groups: ['g'],
      },
    });
    api.stop();
    expect((await authorize(question('proxy'))).decision).toBe('allow');
    expect(await authorize(question('log'))).toMatchObject({ decision: 'noOpinion', error: 'connect ECONNREFUSED' });
  });
});

describe('client certificates', () => {
  it('are checked against the file, which is read again when it is replaced; a broken one changes nothing', async () => {
    const now = Date.now();
    const before = createCertificateAuthority({ commonName: 'before', now });
    const after = createCertificateAuthority({ commonName: 'after', now });
    const file = join(dir, 'ca.crt');
    const replace = (pem: string): void => {
      writeFileSync(`${file}.new`, pem);
      renameSync(`${file}.new`, file);
    };
    writeFileSync(file, before.cert);
    const changes: string[] = [];
    const config = { ...alone, authentication: { ...alone.authentication, x509: { clientCAFile: file } } };
    const { authenticate, ...rest } = await start(config, undefined, (pem) => changes.push(pem));
    const chain = (ca: typeof before): Credentials => {
      const subject = { commonName: 'admin', organizations: ['system:masters'] };
      const { cert } = issueCertificate({ ca, subject, usages: ['clientAuth'], notBefore: now - 60_000, notAfter: now + 3_600_000 });
      return credentials({ certificates: pemCertificates(cert) });
    };
    const [old, fresh] = [chain(before), chain(after)];
    const accepted = await authenticate(old);
    expect(accepted.kind === 'user' && [accepted.user.name, accepted.user.groups]).toEqual([
      'admin',
      ['system:masters', 'system:authenticated'],
    ]);
    expect((await authenticate(fresh)).kind).toBe('rejected');

    replace('rubbish');
    replace(after.cert);
    await expect.poll(() => changes).toEqual([after.cert]);
    expect(rest.clientCA()).toBe(after.cert);
    expect((await authenticate(fresh)).kind).toBe('user');
    expect((await authenticate(old)).kind).toBe('rejected');
  });

  it('need a file that has authorities', async () => {
    const file = join(dir, 'ca.crt');
    const config = { ...alone, authentication: { ...alone.authentication, x509: { clientCAFile: file } } };
    await expect(start(config)).rejects.toThrow('ENOENT');
    writeFileSync(file, '');
    await expect(start(config)).rejects.toThrow('missing content for CA bundle');
    writeFileSync(file, 'rubbish');
    await expect(start(config)).rejects.toThrow('no certificate');
  });
});
