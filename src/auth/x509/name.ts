/** Distinguished names and IP addresses as certificates carry them. */
import { isIP, isIPv4 } from 'node:net';
import { childrenOf, DerError, type Element, readOid, readString, TAG } from './der.ts';
import { nameString, oid, sequence, set } from './der-write.ts';
import { OID } from './oids.ts';

/** What authentication reads of a subject (Go `pkix.Name`). The last CN wins; every O and OU counts. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly organizationalUnits: readonly string[];
  /** Values of Kubernetes' uid attribute. */
  readonly uids: readonly string[];
}

/** Reads a Name. Attributes of other kinds are skipped. Throws DerError. */
export function readName(name: Element | undefined): Subject {
  let commonName = '';
  const lists = { organizations: [] as string[], organizationalUnits: [] as string[], uids: [] as string[] };
  for (const relative of childrenOf(name, TAG.sequence))
    for (const attribute of childrenOf(relative, TAG.set)) {
      const [type, value] = childrenOf(attribute, TAG.sequence);
      if (value === undefined) throw new DerError('name attribute without a value');
      const kind = readOid(type);
      if (kind === OID.commonName) commonName = readString(value);
      else if (kind === OID.organization) lists.organizations.push(readString(value));
      else if (kind === OID.organizationalUnit) lists.organizationalUnits.push(readString(value));
      else if (kind === OID.userUid) lists.uids.push(readString(value));
    }
  return { commonName, ...lists };
}

/** Writes a Name as Go's crypto/x509 does: organizations in one set, then the common name. */
export function writeName(name: { readonly commonName: string; readonly organizations?: readonly string[] }): Buffer {
  const attribute = (kind: string, text: string): Buffer => sequence(oid(kind), nameString(text));
  const organizations = (name.organizations ?? []).map((text) => attribute(OID.organization, text)).sort((a, b) => Buffer.compare(a, b));
  const parts: Buffer[] = [];
  if (organizations.length > 0) parts.push(set(...organizations));
  if (name.commonName !== '') parts.push(set(attribute(OID.commonName, name.commonName)));
  return sequence(...parts);
}

/** An IP address from its 4 or 16 bytes; IPv6 in the short form. Throws DerError. */
export function ipFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new DerError(`IP address of ${String(bytes.length)} bytes`);
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** The bytes of an IP address; undefined when the text is none. */
export function ipToBytes(text: string): Buffer | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':').map((group) => group.padStart(4, '0')));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const middle = Array<string>(8 - before.length - after.length).fill('0000');
  return Buffer.from([...before, ...middle, ...after].join(''), 'hex');
}
