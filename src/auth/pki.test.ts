import { X509Certificate } from 'node:crypto';
import * as files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePki, type PkiOptions, LEAF_NAMES } from './pki.ts';
import { certificatePool, pemCertificates, verifyClientChain } from './x509/x509.ts';

const AUTHORITY_AND_SIGNER = ['ca.crt', 'ca.key', 'sa.key', 'sa.pub'];

const NOW = Date.parse('2026-11-21T10:00:00Z');
const DAY = 24 * 3600 * 1000;
const options: PkiOptions = {
  hostnames: ['localhost', 'kubernetes.default.svc'],
  ips: ['127.0.0.1', '10.96.0.1'],
  nodeName: 'n1',
  files,
  now: NOW,
};

describe('ensurePki', () => {
  let dir = '';
  beforeEach(async () => {
    dir = join(await files.mkdtemp(join(tmpdir(), 'nodelet-pki-')), 'pki');
  });
  afterEach(() => files.rm(join(dir, '..'), { recursive: true }));

  it('makes everything once and nothing the second time', async () => {
    const first = await ensurePki(dir, options);
    expect(first.written).toHaveLength(2 * LEAF_NAMES.length + AUTHORITY_AND_SIGNER.length);
    const second = await ensurePki(dir, { ...options, now: NOW + 30 * DAY });
    expect(second).toEqual({ ...first, written: [] });
    for (const name of await files.readdir(dir)) {
      const { mode } = await files.stat(join(dir, name));
      expect([name, (mode & 0o777).toString(8)]).toEqual([name, name.endsWith('.key') ? '600' : '644']);
    }
  });

  it('gives each part the identity that it has in a real cluster', async () => {
    const pki = await ensurePki(dir, options);
    const subjects = Object.fromEntries(
      (
        [
          'apiserver',
          'apiserverKubeletClient',
          'kubelet',
          'kubeletClient',
          'scheduler',
          'controllerManager',
          'serviceAccountController',
          'rootCaPublisher',
          'admin',
        ] as const
      ).map((name) => [name, new X509Certificate(pki[name].cert).subject.replace('\n', ', ')]),
    );
    expect(subjects).toEqual({
      apiserver: 'CN=kube-apiserver',
      apiserverKubeletClient: 'CN=kube-apiserver-kubelet-client',
      kubelet: 'O=system:nodes, CN=system:node:n1',
      kubeletClient: 'O=system:nodes, CN=system:node:n1',
      scheduler: 'CN=system:kube-scheduler',
      controllerManager: 'CN=system:kube-controller-manager',
      serviceAccountController:
        'O=system:serviceaccounts + O=system:serviceaccounts:kube-system, CN=system:serviceaccount:kube-system:service-account-controller',
      rootCaPublisher:
        'O=system:serviceaccounts + O=system:serviceaccounts:kube-system, CN=system:serviceaccount:kube-system:root-ca-cert-publisher',
      admin: 'O=system:masters, CN=kubernetes-admin',
    });
    const pool = certificatePool(pki.ca.cert);
    expect(verifyClientChain(pool, pemCertificates(pki.admin.cert), NOW).ok).toBe(true);
    expect(verifyClientChain(pool, pemCertificates(pki.kubelet.cert), NOW).ok).toBe(false);
    expect(new X509Certificate(pki.kubelet.cert).checkHost('n1')).toBe('n1');
    expect(new X509Certificate(pki.apiserver.cert).checkIP('10.96.0.1')).toBe('10.96.0.1');
  });

  it('issues serving certificates anew for a new address, with the same keys', async () => {
    const before = await ensurePki(dir, options);
    const after = await ensurePki(dir, { ...options, ips: [...options.ips, 'fd00::7'] });
    expect(after.written).toEqual(['apiserver.crt', 'kubelet.crt']);
    expect(after.apiserver.key).toBe(before.apiserver.key);
    expect(new X509Certificate(after.kubelet.cert).checkIP('fd00::7')).toBeDefined();
  });

  it('renews certificates before they end, and the authority before its leaves would', async () => {
    const first = await ensurePki(dir, options);
    const nextYear = await ensurePki(dir, { ...options, now: NOW + 320 * DAY });
    expect(nextYear.written).toHaveLength(LEAF_NAMES.length);
    const lateYears = await ensurePki(dir, { ...options, now: NOW + 9.5 * 365 * DAY });
    expect(lateYears.written).toContain('ca.crt');
    expect(lateYears.written).not.toContain('ca.key');
    expect(new X509Certificate(lateYears.ca.cert).publicKey.equals(new X509Certificate(first.ca.cert).publicKey)).toBe(true);
  });

  it('follows a node that gets another name', async () => {
    await ensurePki(dir, options);
    const after = await ensurePki(dir, { ...options, nodeName: 'n2' });
    expect(after.written).toEqual(['apiserver.crt', 'kubelet-client.crt', 'kubelet.crt']);
  });

  it('mends files that are empty, cut off, or of another authority', async () => {
    const first = await ensurePki(dir, options);
    await files.writeFile(first.admin.certFile, '');
    await files.writeFile(first.scheduler.certFile, first.scheduler.cert.slice(0, 200));
    await files.writeFile(first.kubelet.keyFile, 'nonsense');
    await files.rm(first.serviceAccount.pubFile);
    expect((await ensurePki(dir, options)).written).toEqual(['admin.crt', 'kubelet.crt', 'kubelet.key', 'sa.pub', 'scheduler.crt']);
    await files.rm(first.ca.certFile);
    await files.rm(first.ca.keyFile);
    expect((await ensurePki(dir, options)).written).toHaveLength(LEAF_NAMES.length + 2);
  });

  it('refuses an authority without its key, and keys that are none, in one line', async () => {
    const first = await ensurePki(dir, options);
    await files.rm(first.ca.keyFile);
    await expect(ensurePki(dir, options)).rejects.toThrow(`${first.ca.certFile} is there, but its key ${first.ca.keyFile} is not`);
    await files.writeFile(first.ca.keyFile, first.admin.key);
    await expect(ensurePki(dir, options)).rejects.toThrow(`${first.ca.keyFile} is not the key of ${first.ca.certFile}`);
    await files.writeFile(first.ca.keyFile, first.ca.key);
    await files.writeFile(first.serviceAccount.keyFile, 'nonsense');
    await expect(ensurePki(dir, options)).rejects.toThrow('sa.key is not a private key in PEM');
  });
});
