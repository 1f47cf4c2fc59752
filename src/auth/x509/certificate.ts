/** Reads X.509 certificates (RFC 5280). */
import {
  childrenOf,
  contextTag,
  DerError,
  readBitString,
  readElement,
  readInteger,
  readOid,
  readSmallInteger,
  readTime,
  TAG,
} from './der.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { readName, type Subject } from './name.ts';

/** A certificate's fields. Byte fields are views into the DER. */
export interface Certificate extends Extensions {
  readonly der: Uint8Array;
  readonly version: number;
  /** Dotted identifier. */
  readonly signatureAlgorithm: string;
  readonly serialNumber: Uint8Array;
  readonly subject: Subject;
  readonly issuer: Subject;
  /** The names as encoded, to compare them byte by byte. */
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeyDer: Uint8Array;
}

/** Bytes of the largest certificate that is looked at. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** Parses a certificate. The signature is not looked at. Throws DerError. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) throw new DerError('certificate is too large');
  const [body, algorithm, signature] = childrenOf(readElement(der), TAG.sequence);
  const signatureAlgorithm = readOid(childrenOf(algorithm, TAG.sequence)[0]);
  readBitString(signature);
  const parts = childrenOf(body, TAG.sequence);
  const versionPart = parts[0]?.tag === contextTag(0) ? parts.shift() : undefined;
  const version = versionPart === undefined ? 1 : readSmallInteger(readElement(versionPart.content)) + 1;
  const [serial, , issuer, validity, subject, publicKey, ...rest] = parts;
  const [notBefore, notAfter] = childrenOf(validity, TAG.sequence);
  const extensions = rest.find((part) => part.tag === contextTag(3));
  childrenOf(publicKey, TAG.sequence);
  return {
    der,
    version,
    signatureAlgorithm,
    serialNumber: readInteger(serial),
    subject: readName(subject),
    issuer: readName(issuer),
    subjectDer: subject?.raw ?? new Uint8Array(),
    issuerDer: issuer?.raw ?? new Uint8Array(),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    publicKeyDer: publicKey?.raw ?? new Uint8Array(),
    ...readExtensions(extensions && readElement(extensions.content)),
  };
}

/** The serial number in decimal. */
export function serialNumberText(certificate: Certificate): string {
  return BigInt(`0x${Buffer.from(certificate.serialNumber).toString('hex')}`).toString();
}
