/** Authentication by client certificate (apiserver `pkg/authentication/request/x509`): CN is the name, every O a group. */
import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { AuthenticationResult, Authenticator, UserInfo } from '../types.ts';
import { type Certificate, serialNumberText } from './certificate.ts';
import { type CertificatePool, certificatePool, verifyClientChain } from './verify.ts';

/** Verified chains that are remembered, so that a busy connection costs one check. */
const MAX_REMEMBERED = 1024;

interface Remembered {
  readonly user: UserInfo | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Authenticates the client's chain against authorities in PEM; a function is asked at every request, so that a
 * changed file counts at once. Verified chains are remembered until one of their certificates ends.
 */
export function x509Authenticator(
  caPem: string | (() => string),
  clock: Clock = systemClock,
  accepted: (notAfter: number) => void = () => undefined,
): Authenticator {
  const read = typeof caPem === 'string' ? (): string => caPem : caPem;
  let pem: string | undefined;
  let pool: CertificatePool = { bySubject: new Map(), size: 0 };
  const remembered = new Map<string, Remembered>();
  const keyOf = chainKeys();
  return (credentials) => {
    const [leaf] = credentials.certificates;
    if (leaf === undefined) return Promise.resolve({ kind: 'none' });
    const current = read();
    if (current !== pem) {
      pem = current;
      pool = certificatePool(current);
      remembered.clear();
    }
    const now = clock.now();
    const key = keyOf(credentials.certificates);
    const known = remembered.get(key);
    if (known !== undefined && now >= known.notBefore && now <= known.notAfter) {
      accepted(known.notAfter);
      return Promise.resolve(answer(known.user));
    }
    const verified = verifyClientChain(pool, credentials.certificates, now);
    if (!verified.ok) return Promise.resolve({ kind: 'rejected', reason: rejection(verified.certificate, verified.reason) });
    const { uids } = verified.certificate.subject;
    if (uids.length > 1 || uids[0] === '')
      return Promise.resolve({ kind: 'rejected', reason: 'expected one non-empty UID in the subject' });
    const user = userOf(verified.certificate);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, { user, notBefore: verified.notBefore, notAfter: verified.notAfter });
    accepted(verified.notAfter);
    return Promise.resolve(answer(user));
  };
}

const answer = (user: UserInfo | undefined): AuthenticationResult => (user === undefined ? { kind: 'none' } : { kind: 'user', user });

/** A connection shows the same chain with each of its requests: it is hashed once. */
function chainKeys(): (chain: readonly Uint8Array[]) => string {
  const keys = new WeakMap<readonly Uint8Array[], string>();
  return (chain) => {
    const key = keys.get(chain) ?? chainKey(chain);
    keys.set(chain, key);
    return key;
  };
}

function chainKey(chain: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const der of chain) hash.update(`${String(der.length)}:`).update(der);
  return hash.digest('base64');
}

/** The user that a verified certificate names; none without a common name. */
function userOf({ der, subject }: Certificate): UserInfo | undefined {
  if (subject.commonName === '') return undefined;
  const [uid] = subject.uids;
  const fingerprint = createHash('sha256').update(der).digest('hex');
  return {
    name: subject.commonName,
    ...(uid !== undefined && { uid }),
    groups: [...subject.organizations],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  };
}

function rejection(certificate: Certificate | undefined, reason: string): string {
  if (certificate === undefined) return `verifying certificate failed: ${reason}`;
  const id = (bytes: Uint8Array | undefined): string =>
    (
      Buffer.from(bytes ?? [])
        .toString('hex')
        .toUpperCase()
        .match(/../g) ?? []
    ).join(':');
  return `verifying certificate SN=${serialNumberText(certificate)}, SKID=${id(certificate.subjectKeyId)}, AKID=${id(certificate.authorityKeyId)} failed: ${reason}`;
}
