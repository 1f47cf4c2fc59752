/** Checks a client's certificate chain against a pool of authorities, as Go's `Certificate.Verify` does for clientAuth. */
import { X509Certificate } from 'node:crypto';
import { type Certificate, parseCertificate } from './certificate.ts';
import { OID } from './oids.ts';
import { pemCertificates } from './pem.ts';

/** A certificate with the key that node:crypto reads from it. */
interface Candidate {
  readonly certificate: Certificate;
  readonly native: X509Certificate;
}

/** Authorities, by the DER of their subject. */
export interface CertificatePool {
  readonly bySubject: ReadonlyMap<string, readonly Candidate[]>;
  readonly size: number;
}

/** The certificate passes, for as long as no certificate of its chain has ended; or the reason, in Go's words. */
export type Verification =
  | { readonly ok: true; readonly certificate: Certificate; readonly notBefore: number; readonly notAfter: number }
  | { readonly ok: false; readonly certificate?: Certificate; readonly reason: string };

/** Certificates of a chain that are looked at, and signatures that one check may cost (Go `maxChainSignatureChecks`). */
const MAX_CHAIN = 16;
const MAX_SIGNATURE_CHECKS = 100;

/** Reads a bundle. Certificates that do not parse are skipped; see `size`. */
export function certificatePool(pem: string): CertificatePool {
  return poolOf(pemCertificates(pem).flatMap((der) => candidate(der) ?? []));
}

function poolOf(candidates: readonly Candidate[]): CertificatePool {
  const bySubject = new Map<string, Candidate[]>();
  for (const item of candidates) {
    const key = nameKey(item.certificate.subjectDer);
    bySubject.set(key, [...(bySubject.get(key) ?? []), item]);
  }
  return { bySubject, size: candidates.length };
}

const nameKey = (der: Uint8Array): string => Buffer.from(der).toString('latin1');

function candidate(der: Uint8Array): Candidate | undefined {
  try {
    return { certificate: parseCertificate(der), native: new X509Certificate(der) };
  } catch {
    return undefined;
  }
}

/** Verifies a chain (DER, leaf first) for client authentication. `now` in ms. */
export function verifyClientChain(pool: CertificatePool, chain: readonly Uint8Array[], now: number): Verification {
  const [leafDer, ...others] = chain;
  if (leafDer === undefined) return { ok: false, reason: 'x509: no certificate' };
  const leaf = candidate(leafDer);
  if (leaf === undefined) return { ok: false, reason: 'x509: malformed certificate' };
  const { certificate } = leaf;
  const invalid = problemOf(certificate, now, 'leaf', 0);
  if (invalid !== undefined) return { ok: false, certificate, reason: invalid };
  const intermediates = poolOf(others.slice(0, MAX_CHAIN).flatMap((der) => candidate(der) ?? []));
  const path = findPath(leaf, { pool, intermediates, now, checks: 0 });
  if (typeof path === 'string') return { ok: false, certificate, reason: path };
  if (!path.every((item) => allowsClientAuth(item.certificate)))
    return { ok: false, certificate, reason: 'x509: certificate specifies an incompatible key usage' };
  return {
    ok: true,
    certificate,
    notBefore: Math.max(...path.map((item) => item.certificate.notBefore)),
    notAfter: Math.min(...path.map((item) => item.certificate.notAfter)),
  };
}

/** Whether an authority of the pool has signed this very certificate, whatever its time and purpose. */
export function verifyIssued(pool: CertificatePool, certificate: Certificate): boolean {
  const child = candidate(certificate.der);
  if (child === undefined) return false;
  const parents = pool.bySubject.get(nameKey(certificate.issuerDer)) ?? [];
  return parents.some((parent) => signatureProblem(child, parent) === undefined);
}

interface Search {
  readonly pool: CertificatePool;
  readonly intermediates: CertificatePool;
  readonly now: number;
  checks: number;
}

const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';

/** A path from the leaf to an authority, or why there is none. */
function findPath(leaf: Candidate, search: Search): readonly Candidate[] | string {
  if (has(search.pool, leaf)) return [leaf];
  let reason = UNKNOWN_AUTHORITY;
  const extend = (path: readonly Candidate[]): readonly Candidate[] | undefined => {
    const last = path.at(-1) ?? leaf;
    for (const pool of [search.pool, search.intermediates])
      for (const parent of pool.bySubject.get(nameKey(last.certificate.issuerDer)) ?? []) {
        if (path.some((item) => sameBytes(item.certificate.der, parent.certificate.der))) continue;
        if (++search.checks > MAX_SIGNATURE_CHECKS) {
          reason = 'x509: signature check attempts limit reached while verifying certificate chain';
          return undefined;
        }
        const problem = problemOf(parent.certificate, search.now, 'authority', path.length - 1) ?? signatureProblem(last, parent);
        if (problem !== undefined) {
          reason = problem;
          continue;
        }
        if (pool === search.pool) return [...path, parent];
        if (path.length >= MAX_CHAIN) continue;
        const found = extend([...path, parent]);
        if (found !== undefined) return found;
      }
    return undefined;
  };
  return extend([leaf]) ?? reason;
}

function has(pool: CertificatePool, { certificate }: Candidate): boolean {
  return (pool.bySubject.get(nameKey(certificate.subjectDer)) ?? []).some((item) => sameBytes(item.certificate.der, certificate.der));
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What is wrong with a certificate by itself; `below` counts the authorities between it and the leaf. */
function problemOf(certificate: Certificate, now: number, role: 'leaf' | 'authority', below: number): string | undefined {
  const [unhandled] = certificate.unhandledCritical;
  if (unhandled !== undefined) return 'x509: unhandled critical extension';
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const outside = 'x509: certificate has expired or is not yet valid: current time';
  if (now < certificate.notBefore) return `${outside} ${time(now)} is before ${time(certificate.notBefore)}`;
  if (now > certificate.notAfter) return `${outside} ${time(now)} is after ${time(certificate.notAfter)}`;
  if (role === 'leaf') return undefined;
  const mayNotSign = certificate.keyUsage !== undefined && !certificate.keyUsage.includes('keyCertSign');
  if (!certificate.isCA || mayNotSign) return 'x509: invalid signature: parent certificate cannot sign this kind of certificate';
  if (certificate.maxPathLength !== undefined && below > certificate.maxPathLength)
    return 'x509: too many intermediates for path length constraint';
  return undefined;
}

/** Signatures that are believed; SHA-1 and MD5 are not (Go `InsecureAlgorithmError`). */
const TRUSTED_ALGORITHMS: ReadonlySet<string> = new Set([
  OID.ecdsaSha256,
  OID.ecdsaSha384,
  OID.ecdsaSha512,
  OID.rsaSha256,
  OID.rsaSha384,
  OID.rsaSha512,
  OID.rsaPss,
  OID.ed25519,
]);

function signatureProblem(child: Candidate, parent: Candidate): string | undefined {
  const { signatureAlgorithm } = child.certificate;
  if (!TRUSTED_ALGORITHMS.has(signatureAlgorithm)) return `x509: cannot verify signature: insecure algorithm ${signatureAlgorithm}`;
  try {
    return child.native.verify(parent.native.publicKey) ? undefined : UNKNOWN_AUTHORITY;
  } catch {
    return UNKNOWN_AUTHORITY;
  }
}

/** Without the extension any purpose is allowed. */
function allowsClientAuth({ extendedKeyUsage }: Certificate): boolean {
  return extendedKeyUsage === undefined || extendedKeyUsage.includes(OID.clientAuth) || extendedKeyUsage.includes(OID.anyExtendedKeyUsage);
}
