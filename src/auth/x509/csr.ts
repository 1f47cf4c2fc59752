/** PKCS#10 signing requests (RFC 2986): reads, checks, makes and grants them. */
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { childrenOf, contextTag, DerError, readBitString, readElement, readOid, readSmallInteger, TAG } from './der.ts';
import { element, integer, oid, sequence, set } from './der-write.ts';
import { altNamesExtension, type Extensions, readExtensions } from './extensions.ts';
import { signed, spki, type SubjectName } from './issue.ts';
import { readName, type Subject, writeName } from './name.ts';
import { OID } from './oids.ts';
import { pemBlocks, toPem } from './pem.ts';

/** What a request asks for. Its signature has been checked against its own key. */
export interface CertificateRequest extends Extensions {
  readonly subject: Subject;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeyDer: Uint8Array;
}

const DIGESTS: Readonly<Record<string, string | null>> = {
  [OID.ecdsaSha256]: 'sha256',
  [OID.ecdsaSha384]: 'sha384',
  [OID.ecdsaSha512]: 'sha512',
  [OID.rsaSha256]: 'sha256',
  [OID.rsaSha384]: 'sha384',
  [OID.rsaSha512]: 'sha512',
  [OID.ed25519]: null,
};

/** Bytes of the largest request that is looked at. */
const MAX_REQUEST_BYTES = 64 * 1024;

/** Parses a PEM request and checks its signature. Throws DerError. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const block = pemBlocks(pem)[0];
  if (block?.label !== 'CERTIFICATE REQUEST') throw new DerError('PEM block type must be CERTIFICATE REQUEST');
  if (block.der.length > MAX_REQUEST_BYTES) throw new DerError('request is too large');
  const [info, algorithm, signature] = childrenOf(readElement(block.der), TAG.sequence);
  const [version, subject, publicKey, attributes] = childrenOf(info, TAG.sequence);
  if (readSmallInteger(version) !== 0) throw new DerError('unknown version of request');
  const publicKeyDer = publicKey?.raw ?? new Uint8Array();
  const digest = DIGESTS[readOid(childrenOf(algorithm, TAG.sequence)[0])];
  if (digest === undefined) throw new DerError('unknown signature algorithm');
  if (!signatureHolds(digest, info?.raw, publicKeyDer, readBitString(signature))) throw new DerError('signature does not match the key');
  const requested = (attributes === undefined ? [] : childrenOf(attributes, contextTag(0)))
    .map((attribute) => childrenOf(attribute, TAG.sequence))
    .find(([kind]) => readOid(kind) === OID.extensionRequest);
  return {
    subject: readName(subject),
    publicKeyDer,
    ...readExtensions(requested && childrenOf(requested[1], TAG.set)[0]),
  };
}

function signatureHolds(digest: string | null, body: Uint8Array | undefined, publicKeyDer: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
    return verify(digest, body ?? Buffer.alloc(0), key, signature);
  } catch {
    return false;
  }
}

/** Makes a request, PEM, signed with `key` (PEM). */
export function createCertificateRequest(options: {
  readonly key: string;
  readonly subject: SubjectName;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}): string {
  const key = createPrivateKey(options.key);
  const names = altNamesExtension(options.dnsNames ?? [], options.ipAddresses ?? []);
  const attributes = names === undefined ? [] : [sequence(oid(OID.extensionRequest), set(sequence(names)))];
  const der = signed(key, () => sequence(integer(0), writeName(options.subject), spki(key), element(contextTag(0), ...attributes)));
  return toPem('CERTIFICATE REQUEST', der);
}
