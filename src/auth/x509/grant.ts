/** Signs PKCS#10 requests with an authority's key (controller-manager `certificates/authority`). */
import { parseCertificateRequest, type CertificateRequest } from './csr.ts';
import { type CertificateAndKey, signCertificate, type Usage } from './issue.ts';
import type { KeyUsage } from './oids.ts';

/** The API's names of key usages. Others cannot be granted. */
const PURPOSES: Readonly<Record<string, Usage>> = { 'client auth': 'clientAuth', 'server auth': 'serverAuth' };
const KEY_USAGES: Readonly<Record<string, KeyUsage>> = { 'digital signature': 'digitalSignature', 'key encipherment': 'keyEncipherment' };

export interface Grant {
  /** As in `spec.usages` of a CertificateSigningRequest: `client auth`, `digital signature`. */
  readonly usages: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface RequestSigner {
  /** Subject and names of a request in PEM. Throws DerError when it is none, or another key signed it. */
  read(pem: string): Omit<CertificateRequest, 'subject'> & { readonly commonName: string; readonly organizations: readonly string[] };
  /** The certificate, PEM. Throws DerError as `read` does. */
  sign(pem: string, grant: Grant): string;
}

export function requestSigner(ca: CertificateAndKey): RequestSigner {
  const read: RequestSigner['read'] = (pem) => {
    const { subject, ...rest } = parseCertificateRequest(pem);
    return { ...rest, commonName: subject.commonName, organizations: subject.organizations };
  };
  return {
    read,
    sign: (pem, { usages, notBefore, notAfter }) => {
      const { commonName, organizations, dnsNames, ipAddresses, publicKeyDer } = read(pem);
      return signCertificate({
        ca,
        subject: { commonName, organizations },
        dnsNames,
        ipAddresses,
        publicKeyDer,
        usages: usages.flatMap((usage) => PURPOSES[usage] ?? []),
        keyUsage: usages.flatMap((usage) => KEY_USAGES[usage] ?? []),
        notBefore,
        notAfter,
      });
    },
  };
}
