/** Makes certificate authorities and the certificates that they sign. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { parseCertificate, type Certificate } from './certificate.ts';
import { contextTag, DerError, readElement, TAG, childrenOf, readBitString } from './der.ts';
import { bitString, derNull, element, integer, oid, sequence, time } from './der-write.ts';
import {
  altNamesExtension,
  authorityKeyIdExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectKeyIdExtension,
} from './extensions.ts';
import { writeName } from './name.ts';
import { type KeyUsage, OID } from './oids.ts';
import { pemCertificates, toPem } from './pem.ts';

/** A certificate and its private key (PKCS#8 or what it was read as), both PEM. */
export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

export interface SubjectName {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export type Usage = 'serverAuth' | 'clientAuth';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** How far back certificates start, for clocks that differ (client-go `cert.NewSelfSignedCACert`). */
const BACKDATE_MS = 5 * 60 * 1000;

/** A new P-256 key, PKCS#8 PEM. */
export function createPrivateKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A self-signed authority with a P-256 key. `now` in ms; valid from five minutes before. */
export function createCertificateAuthority(options: {
  readonly commonName: string;
  readonly now: number;
  readonly years?: number;
  readonly key?: string;
}): CertificateAndKey {
  const keyPem = options.key ?? createPrivateKeyPem();
  const key = createPrivateKey(keyPem);
  const publicKeyDer = spki(key);
  const name = writeName({ commonName: options.commonName });
  const keyId = keyIdOf(publicKeyDer);
  const der = signed(key, (algorithm) =>
    tbs({
      algorithm,
      issuer: name,
      subject: name,
      notBefore: options.now - BACKDATE_MS,
      notAfter: options.now + (options.years ?? 10) * YEAR_MS,
      publicKeyDer,
      extensions: [
        keyUsageExtension(['digitalSignature', 'keyEncipherment', 'keyCertSign']),
        basicConstraintsExtension(true),
        subjectKeyIdExtension(keyId),
        altNamesExtension([options.commonName], []),
      ],
    }),
  );
  return { cert: toPem('CERTIFICATE', der), key: keyPem };
}

export interface LeafOptions {
  readonly ca: CertificateAndKey;
  readonly subject: SubjectName;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly Usage[];
  /** Milliseconds since 1970; cut to the authority's own end. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Signs a certificate for `key` (PEM), or for a new P-256 key. Throws when the authority's PEM is broken. */
export function issueCertificate(options: LeafOptions & { readonly key?: string }): CertificateAndKey {
  const key = options.key ?? createPrivateKeyPem();
  return { cert: signCertificate({ ...options, publicKeyDer: spki(createPrivateKey(key)) }), key };
}

/** Signs a certificate for a public key (SubjectPublicKeyInfo in DER); answers with PEM. */
export function signCertificate(
  options: LeafOptions & { readonly publicKeyDer: Uint8Array; readonly keyUsage?: readonly KeyUsage[] },
): string {
  const authority = authorityOf(options.ca);
  const isRsa = createPublicKey({ key: Buffer.from(options.publicKeyDer), format: 'der', type: 'spki' }).asymmetricKeyType === 'rsa';
  const der = signed(authority.key, (algorithm) =>
    tbs({
      algorithm,
      issuer: authority.certificate.subjectDer,
      subject: writeName(options.subject),
      notBefore: options.notBefore,
      notAfter: Math.min(options.notAfter, authority.certificate.notAfter),
      publicKeyDer: options.publicKeyDer,
      extensions: [
        keyUsageExtension(options.keyUsage ?? (isRsa ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'])),
        extendedKeyUsageExtension(options.usages.map((usage) => OID[usage])),
        basicConstraintsExtension(false),
        authorityKeyIdExtension(authority.certificate.subjectKeyId ?? keyIdOf(authority.certificate.publicKeyDer)),
        altNamesExtension(options.dnsNames ?? [], options.ipAddresses ?? []),
      ],
    }),
  );
  return toPem('CERTIFICATE', der);
}

interface Authority {
  readonly certificate: Certificate;
  readonly key: KeyObject;
}

function authorityOf(ca: CertificateAndKey): Authority {
  const [der] = pemCertificates(ca.cert);
  if (der === undefined) throw new DerError('the authority has no certificate');
  return { certificate: parseCertificate(der), key: createPrivateKey(ca.key) };
}

interface Tbs {
  readonly algorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: readonly (Uint8Array | undefined)[];
}

function tbs(fields: Tbs): Buffer {
  const serial = randomBytes(16);
  // A positive serial of full length: the top bit off, the next one on.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return sequence(
    element(contextTag(0), integer(2)),
    integer(serial),
    fields.algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKeyDer,
    element(contextTag(3), sequence(...fields.extensions.filter((extension) => extension !== undefined))),
  );
}

/** Builds, signs and wraps what `body` gives for the key's signature algorithm. */
export function signed(key: KeyObject, body: (algorithm: Buffer) => Buffer): Buffer {
  const algorithm = signatureAlgorithm(key);
  const content = body(algorithm);
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return sequence(content, algorithm, bitString(sign(digest, content, key)));
}

function signatureAlgorithm(key: KeyObject): Buffer {
  const type = key.asymmetricKeyType;
  if (type === 'ec') return sequence(oid(OID.ecdsaSha256));
  if (type === 'rsa') return sequence(oid(OID.rsaSha256), derNull());
  if (type === 'ed25519') return sequence(oid(OID.ed25519));
  throw new Error(`keys of type ${String(type)} cannot sign here`);
}

/** SubjectPublicKeyInfo of a private key, in DER. */
export function spki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** RFC 5280 4.2.1.2 (1): SHA-1 of the public key's bits. */
function keyIdOf(publicKeyDer: Uint8Array): Buffer {
  const [, bits] = childrenOf(readElement(publicKeyDer), TAG.sequence);
  return createHash('sha1').update(readBitString(bits)).digest();
}
