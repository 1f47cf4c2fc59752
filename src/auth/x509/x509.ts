/** Certificates: reading, checking, issuing. The names that the rest of the product uses. */
export { x509Authenticator } from './authenticator.ts';
export { type Certificate, parseCertificate } from './certificate.ts';
export { type CertificateRequest, createCertificateRequest, parseCertificateRequest } from './csr.ts';
export { DerError } from './der.ts';
export {
  type CertificateAndKey,
  createCertificateAuthority,
  createPrivateKeyPem,
  issueCertificate,
  signCertificate,
  type SubjectName,
  type Usage,
} from './issue.ts';
export { type Grant, requestSigner, type RequestSigner } from './grant.ts';
export { pemBlocks, pemCertificates, toPem } from './pem.ts';
export { type CertificatePool, certificatePool, type Verification, verifyClientChain } from './verify.ts';
