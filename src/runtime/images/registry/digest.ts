/** Digests of the OCI image specification. */
import { createHash, type Hash } from 'node:crypto';

const KNOWN = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether this is a digest that can be checked. */
export const isDigest = (text: unknown): text is string => typeof text === 'string' && KNOWN.test(text);

/** A hash of a digest's own kind. */
export const hashFor = (digest: string): Hash => createHash(digest.startsWith('sha512:') ? 'sha512' : 'sha256');

/** The digest of some bytes, of the same kind as `like`. */
export function digestOf(bytes: Buffer, like = 'sha256:'): string {
  return `${like.slice(0, like.indexOf(':'))}:${hashFor(like).update(bytes).digest('hex')}`;
}
