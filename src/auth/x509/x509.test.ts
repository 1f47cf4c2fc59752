import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextTag, readElement, readOid } from './der.ts';
import { element, integer, oid, sequence, time } from './der-write.ts';
import { basicConstraintsExtension, keyUsageExtension } from './extensions.ts';
import { signed, spki } from './issue.ts';
import { ipFromBytes, ipToBytes, writeName } from './name.ts';
import {
  certificatePool,
  type CertificateAndKey,
  createCertificateAuthority,
  createCertificateRequest,
  createPrivateKeyPem,
  DerError,
  issueCertificate,
  parseCertificate,
  parseCertificateRequest,
  pemCertificates,
  signCertificate,
  toPem,
  verifyClientChain,
  x509Authenticator,
} from './x509.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const DAY = 24 * 3600 * 1000;
const ca = createCertificateAuthority({ commonName: 'kubernetes', now: NOW });

function leaf(options: Partial<Parameters<typeof issueCertificate>[0]> = {}): CertificateAndKey {
  return issueCertificate({
    ca,
    subject: { commonName: 'alice', organizations: ['dev', 'ops'] },
    usages: ['clientAuth'],
    notBefore: NOW - DAY,
    notAfter: NOW + DAY,
    ...options,
  });
}
const der = (pem: string): Buffer => pemCertificates(pem)[0] ?? Buffer.alloc(0);
const check = (cert: string, now = NOW, pool = ca.cert, others: string[] = []): string => {
  const result = verifyClientChain(certificatePool(pool), [cert, ...others].map(der), now);
  return result.ok ? 'ok' : result.reason;
};

/** A certificate with extensions of our choosing, which issuing would never make. */
function forged(authority: CertificateAndKey, commonName: string, extensions: Buffer[], key = createPrivateKeyPem()): CertificateAndKey {
  const signer = createPrivateKey(authority.key);
  const parts = (algorithm: Buffer): Buffer =>
    sequence(
      element(contextTag(0), integer(2)),
      integer(7),
      algorithm,
      parseCertificate(der(authority.cert)).subjectDer,
      sequence(time(NOW - DAY), time(NOW + DAY)),
      writeName({ commonName }),
      spki(createPrivateKey(key)),
      element(contextTag(3), sequence(...extensions)),
    );
  return { cert: toPem('CERTIFICATE', signed(signer, parts)), key };
}

describe('certificates', () => {
  it('come back from parsing as they were issued', () => {
    const { cert } = leaf({
      dnsNames: ['localhost', 'a.b'],
      ipAddresses: ['127.0.0.1', '::1', '2001:db8::5'],
      usages: ['serverAuth', 'clientAuth'],
    });
    expect(parseCertificate(der(cert))).toMatchObject({
      version: 3,
      subject: { commonName: 'alice', organizations: ['dev', 'ops'] },
      issuer: { commonName: 'kubernetes' },
      dnsNames: ['localhost', 'a.b'],
      ipAddresses: ['127.0.0.1', '::1', '2001:db8::5'],
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      isCA: false,
      notBefore: NOW - DAY,
      notAfter: NOW + DAY,
      unhandledCritical: [],
    });
  });

  it('are read by OpenSSL with the same names, key and issuer', () => {
    const { cert, key } = leaf({ dnsNames: ['localhost'], ipAddresses: ['::1'], subject: { commonName: 'zoë', organizations: ['ü'] } });
    const native = new X509Certificate(cert);
    expect(native.subject).toBe('O=ü\nCN=zoë');
    expect(native.subjectAltName).toBe('DNS:localhost, IP Address:0:0:0:0:0:0:0:1');
    expect(native.checkIssued(new X509Certificate(ca.cert))).toBe(true);
    expect(native.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(new X509Certificate(ca.cert).ca).toBe(true);
  });

  it('carry years past 2049 as generalized time', () => {
    const far = Date.parse('2099-01-02T03:04:05Z');
    const long = createCertificateAuthority({ commonName: 'long', now: NOW, years: 100 });
    expect(parseCertificate(der(leaf({ ca: long, notAfter: far }).cert)).notAfter).toBe(far);
  });

  it('never outlive their authority', () => {
    const { cert } = leaf({ notAfter: NOW + 100 * 365 * DAY });
    expect(parseCertificate(der(cert)).notAfter).toBe(parseCertificate(der(ca.cert)).notAfter);
  });

  it('keep the key that they are given, RSA too', () => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const issued = leaf({ key });
    expect(issued.key).toBe(key);
    expect(parseCertificate(der(issued.cert)).keyUsage).toEqual(['digitalSignature', 'keyEncipherment']);
    expect(check(issued.cert)).toBe('ok');
  });

  it.runIf(spawnSync('openssl', ['version']).status === 0)('pass openssl verify', () => {
    const dir = mkdtempSync(join(tmpdir(), 'nodelet-x509-'));
    try {
      writeFileSync(join(dir, 'ca.pem'), ca.cert);
      writeFileSync(
        join(dir, 'leaf.pem'),
        leaf({ usages: ['serverAuth', 'clientAuth'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }).cert,
      );
      const time = String(NOW / 1000);
      const run = spawnSync('openssl', [
        'verify',
        '-x509_strict',
        '-attime',
        time,
        '-purpose',
        'sslclient',
        '-verify_ip',
        '127.0.0.1',
        '-CAfile',
        join(dir, 'ca.pem'),
        join(dir, 'leaf.pem'),
      ]);
      expect(run.stdout.toString() + run.stderr.toString()).toMatch(/: OK\n$/);
      const text = spawnSync('openssl', ['x509', '-noout', '-text', '-in', join(dir, 'leaf.pem')]).stdout.toString();
      expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
      expect(text).toContain('DNS:localhost, IP Address:127.0.0.1');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('verification of a client', () => {
  it('takes a certificate of the authority, within its time', () => {
    expect(check(leaf().cert)).toBe('ok');
    expect(check(leaf().cert, NOW + DAY)).toBe('ok');
    expect(check(leaf().cert, NOW + DAY + 1)).toBe(
      'x509: certificate has expired or is not yet valid: current time 2026-11-22T10:00:00Z is after 2026-11-22T10:00:00Z',
    );
    expect(check(leaf().cert, NOW - 2 * DAY)).toContain('is before 2026-11-20T10:00:00Z');
  });

  it('refuses unknown authorities, also of the same name', () => {
    const impostor = createCertificateAuthority({ commonName: 'kubernetes', now: NOW });
    expect(check(leaf({ ca: impostor }).cert)).toBe('x509: certificate signed by unknown authority');
    expect(check(leaf({ ca: impostor }).cert, NOW, impostor.cert + ca.cert)).toBe('ok');
    expect(check(leaf().cert, NOW, '')).toBe('x509: certificate signed by unknown authority');
  });

  it('asks for the client purpose', () => {
    expect(check(leaf({ usages: ['serverAuth'] }).cert)).toBe('x509: certificate specifies an incompatible key usage');
    expect(check(forged(ca, 'no purpose', []).cert)).toBe('ok');
  });

  it('follows intermediates that are authorities, and only those', () => {
    const middle = forged(ca, 'middle', [keyUsageExtension(['keyCertSign']), basicConstraintsExtension(true)]);
    const under = leaf({ ca: middle });
    expect(check(under.cert)).toBe('x509: certificate signed by unknown authority');
    expect(check(under.cert, NOW, ca.cert, [middle.cert])).toBe('ok');
    const notAuthority = leaf();
    expect(check(leaf({ ca: notAuthority }).cert, NOW, ca.cert, [notAuthority.cert])).toContain('parent certificate cannot sign');
    const mayNotSign = forged(ca, 'signs not', [keyUsageExtension(['digitalSignature']), basicConstraintsExtension(true)]);
    expect(check(leaf({ ca: mayNotSign }).cert, NOW, ca.cert, [mayNotSign.cert])).toContain('parent certificate cannot sign');
  });

  it('counts the path length that an authority allows', () => {
    const limited = sequence(
      oid('2.5.29.19'),
      element(0x01, Buffer.from([0xff])),
      element(0x04, sequence(element(0x01, Buffer.from([0xff])), integer(0))),
    );
    const first = forged(ca, 'first', [limited]);
    const second = forged(first, 'second', [basicConstraintsExtension(true)]);
    expect(check(leaf({ ca: first }).cert, NOW, ca.cert, [first.cert])).toBe('ok');
    expect(check(leaf({ ca: second }).cert, NOW, ca.cert, [first.cert, second.cert])).toBe(
      'x509: too many intermediates for path length constraint',
    );
  });

  it('refuses a critical extension that it does not know', () => {
    const strange = sequence(oid('1.2.3.4'), element(0x01, Buffer.from([0xff])), element(0x04, sequence()));
    expect(check(forged(ca, 'x', [strange]).cert)).toBe('x509: unhandled critical extension');
  });

  it('ends with hostile loops of intermediates', () => {
    const key = createPrivateKeyPem();
    const loop = Array.from(
      { length: 14 },
      () => forged(createCertificateAuthority({ commonName: 'loop', now: NOW, key }), 'loop', [basicConstraintsExtension(true)], key).cert,
    );
    const start = performance.now();
    expect(check(leaf({ ca: { cert: loop[0] ?? '', key } }).cert, NOW, ca.cert, loop)).toContain('signature check attempts limit');
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('refuses every certificate with one bit turned', () => {
    const good = der(leaf().cert);
    const pool = certificatePool(ca.cert);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length * 8 - 1 }), (bit) => {
        const bad = Buffer.from(good);
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verifyClientChain(pool, [bad], NOW).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('reading hostile DER', () => {
  it('throws DerError and nothing else, whatever the bytes', () => {
    const good = der(leaf({ dnsNames: ['x'], ipAddresses: ['1.2.3.4'] }).cert);
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }).map((edits) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of edits) bytes[at] = value;
      return bytes;
    });
    const cut = fc.nat(good.length - 1).map((length) => good.subarray(0, length));
    fc.assert(
      fc.property(fc.oneof(damage, cut, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          parseCertificate(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['indefinite length', '3080'],
    ['length with a leading zero', '30820001ff'],
    ['long form of a short length', '308101ff'],
    ['content cut off', '3005020101'],
    ['huge length', '3084ffffffff'],
    ['five length octets', '308501000000000'],
    ['tag above 30', '1f8101'],
    ['trailing data', '0500ff'],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(() => readElement(Buffer.from(hex, 'hex'))).toThrow(DerError);
  });

  it('keeps object identifiers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 8 }), (arcs) => {
        const dotted = ['1', '3', ...arcs].join('.');
        expect(readOid(readElement(oid(dotted)))).toBe(dotted);
      }),
    );
  });

  it('keeps IP addresses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const bytes = ipToBytes(address) ?? Buffer.alloc(0);
        expect(ipToBytes(ipFromBytes(bytes))).toEqual(bytes);
      }),
    );
    expect(ipToBytes('fe80::1%eth0')).toBeUndefined();
    expect(ipToBytes('1.2.3')).toBeUndefined();
  });
});

describe('signing requests', () => {
  const key = createPrivateKeyPem();
  const request = createCertificateRequest({
    key,
    subject: { commonName: 'system:node:n', organizations: ['system:nodes'] },
    dnsNames: ['n'],
    ipAddresses: ['10.0.0.1'],
  });

  it('are read back and can be granted', () => {
    const parsed = parseCertificateRequest(request);
    expect(parsed).toMatchObject({
      subject: { commonName: 'system:node:n', organizations: ['system:nodes'] },
      dnsNames: ['n'],
      ipAddresses: ['10.0.0.1'],
    });
    const cert = signCertificate({
      ca,
      subject: parsed.subject,
      dnsNames: parsed.dnsNames,
      ipAddresses: parsed.ipAddresses,
      publicKeyDer: parsed.publicKeyDer,
      usages: ['clientAuth'],
      notBefore: NOW,
      notAfter: NOW + DAY,
    });
    expect(check(cert)).toBe('ok');
    expect(new X509Certificate(cert).publicKey.equals(createPublicKey(key))).toBe(true);
  });

  it.runIf(spawnSync('openssl', ['version']).status === 0)('agree with openssl, in both directions', () => {
    const checked = spawnSync('openssl', ['req', '-verify', '-noout', '-subject'], { input: request });
    expect(checked.stdout.toString() + checked.stderr.toString()).toMatch(
      /verify OK[\s\S]*O = system:nodes, CN = system:node:n|O = system:nodes, CN = system:node:n[\s\S]*verify OK/,
    );
    const made = spawnSync('openssl', [
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-subj',
      '/O=a/O=b/CN=c',
      '-addext',
      'subjectAltName=DNS:d',
    ]);
    expect(parseCertificateRequest(made.stdout.toString())).toMatchObject({
      subject: { commonName: 'c', organizations: ['a', 'b'] },
      dnsNames: ['d'],
    });
  });

  it('are refused when their signature does not hold or the block is another', () => {
    const bytes = Buffer.from(request.replace(/-----.*-----|\s/g, ''), 'base64');
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    expect(() => parseCertificateRequest(toPem('CERTIFICATE REQUEST', bytes))).toThrow(DerError);
    expect(() => parseCertificateRequest(ca.cert)).toThrow('PEM block type must be CERTIFICATE REQUEST');
    expect(() => parseCertificateRequest('')).toThrow(DerError);
  });
});

describe('x509Authenticator', () => {
  const credentials = (...certs: string[]) => ({ certificates: certs.map(der), authorization: undefined });

  it('makes the common name the user and every organization a group', async () => {
    const { cert } = leaf();
    const result = await x509Authenticator(ca.cert, clockAt(NOW))(credentials(cert));
    const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
    expect(result).toEqual({
      kind: 'user',
      user: {
        name: 'alice',
        groups: ['dev', 'ops'],
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
      },
    });
  });

  it('has no opinion without a certificate or a common name', async () => {
    const authenticate = x509Authenticator(ca.cert, clockAt(NOW));
    expect(await authenticate(credentials())).toEqual({ kind: 'none' });
    expect(await authenticate(credentials(leaf({ subject: { commonName: '', organizations: ['x'] } }).cert))).toEqual({ kind: 'none' });
  });

  it('says why it rejects', async () => {
    const other = createCertificateAuthority({ commonName: 'other', now: NOW });
    const result = await x509Authenticator(ca.cert, clockAt(NOW))(credentials(leaf({ ca: other }).cert));
    expect(result).toMatchObject({
      kind: 'rejected',
      reason: expect.stringMatching(
        /^verifying certificate SN=\d+, SKID=, AKID=([0-9A-F]{2}:){19}[0-9A-F]{2} failed: x509: certificate signed by unknown authority$/,
      ) as string,
    });
  });

  it('follows a bundle that changes and forgets what an old one allowed', async () => {
    let bundle = ca.cert;
    const authenticate = x509Authenticator(() => bundle, clockAt(NOW));
    const request = credentials(leaf().cert);
    expect((await authenticate(request)).kind).toBe('user');
    bundle = createCertificateAuthority({ commonName: 'new', now: NOW }).cert;
    expect((await authenticate(request)).kind).toBe('rejected');
  });

  it('does not remember a certificate past its end', async () => {
    const clock = { ...clockAt(NOW) };
    const authenticate = x509Authenticator(ca.cert, clock);
    const request = credentials(leaf().cert);
    expect((await authenticate(request)).kind).toBe('user');
    clock.now = () => NOW + 2 * DAY;
    expect((await authenticate(request)).kind).toBe('rejected');
  });
});

function clockAt(ms: number) {
  return {
    now: () => ms,
    monotonic: () => ms,
    after: () => ({ cancel: () => undefined }),
    every: () => ({ cancel: () => undefined }),
    sleep: () => Promise.resolve(),
  };
}
