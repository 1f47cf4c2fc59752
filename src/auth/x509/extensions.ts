/** The certificate extensions that verification and issuing need (RFC 5280 4.2.1). */
import {
  childrenOf,
  contextTag,
  DerError,
  type Element,
  readBitString,
  readBoolean,
  readElement,
  readOid,
  readSmallInteger,
  TAG,
} from './der.ts';
import { bitString, boolean, element, octetString, oid, sequence } from './der-write.ts';
import { ipFromBytes, ipToBytes } from './name.ts';
import { KEY_USAGES, type KeyUsage, OID } from './oids.ts';

export interface Extensions {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  /** Absent when the certificate does not restrict its key. */
  readonly keyUsage?: readonly KeyUsage[];
  /** Dotted identifiers; absent when the certificate does not restrict its purpose. */
  readonly extendedKeyUsage?: readonly string[];
  readonly isCA: boolean;
  readonly maxPathLength?: number;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
  /** Critical extensions that nothing here understands. */
  readonly unhandledCritical: readonly string[];
}

type Writable = { -readonly [K in keyof Extensions]: Extensions[K] extends readonly string[] ? string[] : Extensions[K] };

const READERS: Readonly<Record<string, (value: Element, into: Writable) => void>> = {
  [OID.subjectAltName]: readAltNames,
  [OID.keyUsage]: (value, into) => {
    const bits = readBitString(value);
    into.keyUsage = KEY_USAGES.filter((_, i) => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
  },
  [OID.extendedKeyUsage]: (value, into) => {
    into.extendedKeyUsage = childrenOf(value, TAG.sequence).map(readOid);
  },
  [OID.basicConstraints]: (value, into) => {
    const parts = childrenOf(value, TAG.sequence);
    const ca = parts[0]?.tag === TAG.boolean ? parts.shift() : undefined;
    into.isCA = ca !== undefined && readBoolean(ca);
    if (parts.length > 0) into.maxPathLength = readSmallInteger(parts[0]);
  },
  [OID.subjectKeyId]: (value, into) => {
    into.subjectKeyId = value.content;
  },
  [OID.authorityKeyId]: (value, into) => {
    const id = childrenOf(value, TAG.sequence).find((part) => part.tag === contextTag(0, false));
    if (id !== undefined) into.authorityKeyId = id.content;
  },
};

/** Reads a SEQUENCE of Extension. Throws DerError. */
export function readExtensions(list: Element | undefined): Extensions {
  const into: Writable = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [], isCA: false, unhandledCritical: [] };
  const seen = new Set<string>();
  for (const extension of list === undefined ? [] : childrenOf(list, TAG.sequence)) {
    const parts = childrenOf(extension, TAG.sequence);
    const id = readOid(parts[0]);
    if (seen.has(id)) throw new DerError(`extension ${id} stands twice`);
    seen.add(id);
    const critical = parts[1]?.tag === TAG.boolean && readBoolean(parts[1]);
    const value = parts.at(-1);
    if (value?.tag !== TAG.octetString) throw new DerError(`extension ${id} has no value`);
    const reader = READERS[id];
    if (reader !== undefined) reader(readElement(value.content), into);
    else if (critical) into.unhandledCritical.push(id);
  }
  return into;
}

function readAltNames(value: Element, into: Writable): void {
  for (const { tag, content } of childrenOf(value, TAG.sequence)) {
    const text = (): string => Buffer.from(content).toString('latin1');
    if (tag === contextTag(1, false)) into.emailAddresses.push(text());
    else if (tag === contextTag(2, false)) into.dnsNames.push(text());
    else if (tag === contextTag(6, false)) into.uris.push(text());
    else if (tag === contextTag(7, false)) into.ipAddresses.push(ipFromBytes(content));
  }
}

const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));

/** keyUsage, always critical. */
export function keyUsageExtension(usages: readonly KeyUsage[]): Buffer {
  const bits = Buffer.alloc(2);
  let last = 0;
  for (const usage of usages) {
    const i = KEY_USAGES.indexOf(usage);
    bits[i >> 3] = (bits[i >> 3] ?? 0) | (0x80 >> (i & 7));
    last = Math.max(last, i);
  }
  return extension(OID.keyUsage, bitString(bits.subarray(0, (last >> 3) + 1), 7 - (last & 7)), true);
}

export const extendedKeyUsageExtension = (ids: readonly string[]): Buffer => extension(OID.extendedKeyUsage, sequence(...ids.map(oid)));

/** basicConstraints, always critical. */
export const basicConstraintsExtension = (isCA: boolean): Buffer =>
  extension(OID.basicConstraints, sequence(...(isCA ? [boolean(true)] : [])), true);

export const subjectKeyIdExtension = (id: Uint8Array): Buffer => extension(OID.subjectKeyId, octetString(id));
export const authorityKeyIdExtension = (id: Uint8Array): Buffer =>
  extension(OID.authorityKeyId, sequence(element(contextTag(0, false), id)));

/** subjectAltName; undefined without names. Throws DerError for a text that is no IP address. */
export function altNamesExtension(dnsNames: readonly string[], ipAddresses: readonly string[]): Buffer | undefined {
  if (dnsNames.length + ipAddresses.length === 0) return undefined;
  const names = dnsNames.map((name) => element(contextTag(2, false), Buffer.from(name, 'latin1')));
  const addresses = ipAddresses.map((address) => {
    const bytes = ipToBytes(address);
    if (bytes === undefined) throw new DerError(`${JSON.stringify(address)} is not an IP address`);
    return element(contextTag(7, false), bytes);
  });
  return extension(OID.subjectAltName, sequence(...names, ...addresses));
}
