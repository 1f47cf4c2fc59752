/** What openssl's client sees of the secure port. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority, issueCertificate } from '../../auth/x509/x509.ts';
import { collect, selfSigned } from '../../net/testing.ts';
import type { KubeletConfiguration } from '../config.ts';
import type { KubeletServerHandle } from './server.ts';
import { startTestServer } from './testing.ts';
import { tlsProblems } from './tls-names.ts';

const now = Date.now();
const life = { notBefore: now - 60_000, notAfter: now + 3_600_000 };
const pair = selfSigned();
const authority = createCertificateAuthority({ commonName: 'clients', now });
let dir: string;
let server: KubeletServerHandle | undefined;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubelet-tls-'));
  const stranger = createCertificateAuthority({ commonName: 'strangers', now });
  const { cert, key } = issueCertificate({
    ca: stranger,
    subject: { commonName: 'me', organizations: [] },
    usages: ['clientAuth'],
    ...life,
  });
  writeFileSync(join(dir, 'me.crt'), cert);
  writeFileSync(join(dir, 'me.key'), key);
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const start = async (config: Partial<KubeletConfiguration> = {}, clientCA?: string): Promise<void> => {
  server = await startTestServer(config, { tls: pair, ...(clientCA !== undefined && { clientCA }) });
};

/** Shakes hands, sends a request when one is given, and says all that the client printed. */
async function handshake(args: readonly string[], request = ''): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${server?.addresses.secure?.port}`, '-ign_eof', ...args]);
  child.stdin.on('error', () => undefined);
  child.stdin.end(request === '' ? 'GET /foo HTTP/1.0\r\n\r\n' : request);
  const [stdout, stderr] = await Promise.all([collect(child.stdout), collect(child.stderr)]);
  return `${stdout.toString()}${stderr.toString()}`;
}

const GCM = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

describe('the handshake', () => {
  it('takes TLS 1.2 and 1.3, and nothing older', async () => {
    await start();
    expect(await handshake(['-tls1_2'])).toMatch(/New, TLSv1\.2, Cipher is ECDHE-ECDSA-/);
    expect(await handshake(['-tls1_3'])).toMatch(/New, TLSv1\.3, Cipher is TLS_/);
    expect(await handshake(['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'])).toContain('Cipher is (NONE)');
  });

  it('takes 1.3 alone when that is the least', async () => {
    await start({ tlsMinVersion: 'VersionTLS13', tlsCipherSuites: [GCM] });
    expect(await handshake(['-tls1_2'])).toContain('Cipher is (NONE)');
    expect(await handshake(['-tls1_3'])).toContain('New, TLSv1.3');
  });

  it('chooses among the suites that are configured', async () => {
    await start({ tlsCipherSuites: [GCM] });
    expect(await handshake(['-tls1_2'])).toContain('Cipher is ECDHE-ECDSA-AES128-GCM-SHA256');
    expect(await handshake(['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384'])).toContain('Cipher is (NONE)');
  });

  it('chooses among the groups that are configured', async () => {
    await start({ tlsCurvePreferences: [24, 4588] });
    expect(await handshake(['-tls1_3', '-curves', 'P-256:P-384'])).toMatch(/Server Temp Key: (ECDH, )?(P-384|secp384r1)/);
    expect(await handshake(['-tls1_3', '-curves', 'P-256'])).toContain('Cipher is (NONE)');
  });

  it('agrees on HTTP/2, on HTTP/1.1, and on neither without a word', async () => {
    await start();
    expect(await handshake(['-alpn', 'h2,http/1.1'], 'x')).toContain('ALPN protocol: h2');
    expect(await handshake(['-alpn', 'http/1.1'])).toContain('ALPN protocol: http/1.1');
    expect(await handshake([])).toContain('No ALPN negotiated');
  });

  it('asks for a certificate only where an authority is configured, and lets none and a stranger’s in', async () => {
    await start();
    expect(await handshake([])).toContain('No client certificate CA names sent');
    await server?.close();
    await start({}, authority.cert);
    const without = await handshake([], 'GET /pods HTTP/1.0\r\n\r\n');
    expect(without).toMatch(/Acceptable client certificate CA names\nCN ?= ?clients/);
    expect(without).toContain(' 403 Forbidden');
    const stranger = await handshake(['-cert', join(dir, 'me.crt'), '-key', join(dir, 'me.key')], 'GET /foo HTTP/1.0\r\n\r\n');
    expect(stranger).toContain(' 404 Not Found');
  });

  it('shows a new certificate, and names new authorities, without a restart', async () => {
    await start({}, authority.cert);
    const other = createCertificateAuthority({ commonName: 'others', now });
    server?.reload(selfSigned('renewed'), other.cert);
    const text = await handshake([]);
    expect(text).toMatch(/subject=.*CN ?= ?renewed/);
    expect(text).toMatch(/CA names\nCN ?= ?others/);
  });
});

describe('TLS settings', () => {
  const none = { tlsMinVersion: '', tlsCipherSuites: [], tlsCurvePreferences: [] };
  const h2 =
    'http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)';
  it.each([
    [{}, []],
    [{ tlsMinVersion: 'VersionTLS10' }, []],
    [{ tlsMinVersion: 'VersionTLS9' }, ['unknown tls version "VersionTLS9"']],
    [{ tlsCipherSuites: ['NOPE', GCM] }, ["Cipher suite NOPE not supported or doesn't exist"]],
    [{ tlsCipherSuites: [GCM, 'TLS_RSA_WITH_RC4_128_SHA'] }, []],
    [{ tlsCipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] }, [h2]],
    [{ tlsCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] }, [h2]],
    [{ tlsCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'], tlsMinVersion: 'VersionTLS13' }, []],
    [{ tlsCurvePreferences: [23, 24, 25, 29, 4588] }, []],
    [{ tlsCurvePreferences: [5] }, ['curve preference 5 is not supported by the current Go version']],
  ])('%j are judged as by the original', (settings, problems) => {
    expect(tlsProblems({ ...none, ...settings })).toEqual(problems);
  });
});
