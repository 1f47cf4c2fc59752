import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectOf } from '../../api/types.ts';
import { createCertificateAuthority, parseCertificate, pemCertificates, requestSigner } from '../../auth/x509/x509.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { kubeletCertificate } from './kubelet-certificate.ts';
import {
  KUBELET_SERVING,
  requestedCertificate,
  type RequestedCertificateHandle,
  type RequestedCertificateOptions,
} from './requested-certificate.ts';
import type { ServingCertificate } from './server.ts';
import { startTestServer, until } from './testing.ts';

type Csr = ObjectOf<'certificates/v1.CertificateSigningRequest'>;
const YEAR_MS = 365 * 86_400_000;
const ca = createCertificateAuthority({ commonName: 'cluster', now: Date.now() });

/** An API server that answers each request as `decide` says. */
function authority(decide: (csr: Csr, nth: number) => Csr['status'] | undefined) {
  const requests: Csr[] = [];
  const statuses = new Map<string, Csr['status'] | undefined>();
  const wakes = new Set<() => void>();
  const client = {
    create: (_resource: unknown, csr: Csr) => {
      const name = `csr-${requests.length}`;
      statuses.set(name, decide(csr, requests.length));
      requests.push(csr);
      return Promise.resolve({ ...csr, metadata: { name } });
    },
    async *watch(_resource: unknown, { fieldSelector = '', signal }: { fieldSelector?: string; signal?: AbortSignal }) {
      const name = fieldSelector.replace('metadata.name=', '');
      for (let sent: unknown = null; ;) {
        if (signal?.aborted === true) return;
        const status = statuses.get(name);
        if (status !== sent) yield { type: 'MODIFIED', object: { metadata: { name }, status: (sent = status) } };
        await new Promise<void>((resolve) => {
          wakes.add(resolve);
          signal?.addEventListener('abort', () => resolve());
        });
      }
    },
  };
  return {
    requests,
    client: client as unknown as KubeClient,
    grant: (name: string, status: Csr['status']) => {
      statuses.set(name, status);
      for (const wake of wakes) wake();
    },
  };
}

function sign(csr: Csr, lifeMs = YEAR_MS): NonNullable<Csr['status']> {
  const pem = Buffer.from(csr.spec.request, 'base64').toString();
  const now = Date.now();
  const cert = requestSigner(ca).sign(pem, { usages: csr.spec.usages ?? [], notBefore: now - lifeMs * 0.1, notAfter: now + lifeMs });
  return { certificate: Buffer.from(cert).toString('base64') };
}

let dir: string;
let handle: RequestedCertificateHandle | undefined;
let names: { dnsNames: string[]; ipAddresses: string[] };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'requested-certificate-'));
  names = { dnsNames: ['node-1'], ipAddresses: ['127.0.0.1'] };
});
afterEach(async () => {
  await handle?.close();
  handle = undefined;
  rmSync(dir, { recursive: true });
});

async function open(client: KubeClient, more: Partial<RequestedCertificateOptions> = {}): Promise<ServingCertificate[]> {
  const changes: ServingCertificate[] = [];
  handle = await requestedCertificate({
    client,
    nodeName: 'node-1',
    names: () => names,
    certDir: join(dir, 'pki'),
    host: systemHost,
    log: silentLogger,
    onChange: (pair) => changes.push(pair),
    ...more,
  });
  return changes;
}

describe('serverTLSBootstrap', () => {
  it('requests a certificate in the node’s name, serves none until it is granted, then that', async () => {
    const api = authority(() => undefined);
    const changes = await open(api.client);
    await until(() => api.requests.length === 1);
    const [csr] = api.requests;
    if (csr === undefined) throw new Error('no request');
    expect(csr.spec.signerName).toBe(KUBELET_SERVING);
    expect(csr.spec.usages).toEqual(['digital signature', 'server auth']);
    expect(requestSigner(ca).read(Buffer.from(csr.spec.request, 'base64').toString())).toMatchObject({
      commonName: 'system:node:node-1',
      organizations: ['system:nodes'],
      dnsNames: ['node-1'],
      ipAddresses: ['127.0.0.1'],
    });
    const server = await startTestServer({}, { tls: { cert: '', key: '' } });
    const { port = 0 } = server.addresses.secure ?? {};
    await expect(served(port)).rejects.toThrow();
    api.grant('csr-0', sign(csr));
    await until(() => changes.length === 1);
    const [pair] = changes;
    if (pair === undefined) throw new Error('no certificate');
    server.reload(pair);
    expect(await served(port)).toBe('system:node:node-1');
    await server.close();
  });

  it('keeps the certificate, with its key, for the next start', async () => {
    const first = authority((csr) => sign(csr));
    const changes = await open(first.client);
    await until(() => changes.length === 1);
    await handle?.close();
    const file = join(dir, 'pki/kubelet-server-current.pem');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('PRIVATE KEY');
    const second = authority((csr) => sign(csr));
    await open(second.client);
    expect(parseCertificate(pemCertificates(handle?.current?.cert ?? '')[0] ?? new Uint8Array()).subject.commonName).toBe(
      'system:node:node-1',
    );
    expect(second.requests).toEqual([]);
  });

  it('renews when most of its life is over, and when the node has another address', async () => {
    // Its life ends in a ninth of what it was: it is past its time at once.
    const api = authority((csr, nth) => sign(csr, nth === 0 ? 1 : YEAR_MS));
    const changes = await open(api.client);
    await until(() => changes.length === 2);
    await handle?.close();
    names = { dnsNames: ['node-1'], ipAddresses: ['127.0.0.1', '10.1.2.3'] };
    const later = authority((csr) => sign(csr));
    const renewed = await open(later.client);
    await until(() => renewed.length === 1);
    expect(parseCertificate(pemCertificates(renewed[0]?.cert ?? '')[0] ?? new Uint8Array()).ipAddresses).toContain('10.1.2.3');
  });

  it('asks again after a refusal, and after a certificate that is not for its key', async () => {
    const other = createCertificateAuthority({ commonName: 'other', now: Date.now() });
    const clock = { ...systemHost.clock, sleep: (ms: number, signal?: AbortSignal) => systemHost.clock.sleep(Math.min(ms, 1), signal) };
    const api = authority((csr, nth) => {
      if (nth === 0) return { conditions: [{ type: 'Denied', status: 'True', reason: 'No', message: 'not you' }] };
      return nth === 1 ? { certificate: Buffer.from(other.cert).toString('base64') } : sign(csr);
    });
    const changes = await open(api.client, { host: { ...systemHost, clock } });
    await until(() => changes.length === 1);
    expect(api.requests.length).toBe(3);
  });

  it('needs an API server', async () => {
    const config = { tlsCertFile: '', tlsPrivateKeyFile: '', serverTLSBootstrap: true };
    const options = { nodeName: 'n', certDir: dir, names: () => names, host: systemHost, log: silentLogger, onChange: () => undefined };
    await expect(kubeletCertificate({ ...options, config, client: undefined })).rejects.toThrow('no client provided');
  });
});

function served(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
