import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import type { ServingCertificate } from './server.ts';
import { servingCertificate, type ServingCertificateHandle, type ServingCertificateOptions } from './serving-certificate.ts';
import { startTestServer } from './testing.ts';

let dir: string;
const handles: ServingCertificateHandle[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'serving-certificate-'));
});
afterEach(() => {
  for (const handle of handles.splice(0)) handle.close();
  rmSync(dir, { recursive: true });
});

async function open(more: Partial<ServingCertificateOptions> = {}): Promise<ServingCertificateHandle> {
  const config = { tlsCertFile: '', tlsPrivateKeyFile: '' };
  const base = {
    config,
    certDir: join(dir, 'pki'),
    dnsNames: ['node-1', 'localhost'],
    ipAddresses: ['127.0.0.1'],
    host: systemHost,
    log: silentLogger,
    onChange: () => undefined,
  };
  const handle = await servingCertificate({ ...base, ...more });
  handles.push(handle);
  return handle;
}

function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('servingCertificate', () => {
  it('makes a pair once and uses it again', async () => {
    const first = await open();
    const { subject, subjectAltName } = new X509Certificate(first.current.cert);
    expect(subject).toMatch(/^CN=node-1@\d+$/);
    expect(subjectAltName).toBe('DNS:node-1, DNS:localhost, IP Address:127.0.0.1');
    expect(statSync(join(dir, 'pki/kubelet.key')).mode & 0o777).toBe(0o600);
    expect((await open({ dnsNames: ['other'] })).current.cert).toBe(first.current.cert);
  });

  it('refuses configured files that are missing or do not fit together', async () => {
    const [one, two] = [await open({ certDir: join(dir, 'one') }), await open({ certDir: join(dir, 'two') })];
    await expect(open({ config: { tlsCertFile: join(dir, 'none'), tlsPrivateKeyFile: join(dir, 'none') } })).rejects.toThrow(
      'cannot use the serving certificate',
    );
    await expect(open({ config: { tlsCertFile: one.files.tlsCertFile, tlsPrivateKeyFile: two.files.tlsPrivateKeyFile } })).rejects.toThrow(
      'mismatch',
    );
  });

  it('tells of new files when both are there, and the server shows them without a restart', async () => {
    const next = await open({ certDir: join(dir, 'next'), dnsNames: ['next'] });
    const changes: ServingCertificate[] = [];
    const handle = await open({ onChange: (pair) => changes.push(pair) });
    const server = await startTestServer({}, { tls: handle.current });
    const port = server.addresses.secure?.port ?? 0;
    expect(await servedName(port)).toMatch(/^node-1@/);
    writeFileSync(handle.files.tlsCertFile, readFileSync(next.files.tlsCertFile));
    writeFileSync(handle.files.tlsPrivateKeyFile, readFileSync(next.files.tlsPrivateKeyFile));
    await expect.poll(() => changes.length).toBe(1);
    expect(changes[0]).toEqual(next.current);
    server.reload(handle.current);
    expect(await servedName(port)).toMatch(/^next@/);
    await server.close();
  });
});
