/** DER (ITU-T X.690): just enough to read and write certificates and signing requests. */

/** Text that is not DER, or not the structure that was expected. */
export class DerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/** Universal tags, as the identifier octet stands in the encoding. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of context tag `n`. */
export const contextTag = (n: number, constructed = true): number => (constructed ? 0xa0 : 0x80) | n;

/** One element: identifier octet, content, and the whole encoding. Views into the input, never copies. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/** Elements in one list that are read before it is refused. */
const MAX_CHILDREN = 4096;

/** Reads the one element that fills `bytes`. Throws DerError. */
export function readElement(bytes: Uint8Array): Element {
  const element = elementAt(bytes, 0);
  if (element.raw.length !== bytes.length) throw new DerError('trailing data');
  return element;
}

/** Reads elements until `bytes` ends. Throws DerError. */
export function readElements(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (elements.length === MAX_CHILDREN) throw new DerError('too many elements');
    const element = elementAt(bytes, offset);
    elements.push(element);
    offset += element.raw.length;
  }
  return elements;
}

function elementAt(bytes: Uint8Array, start: number): Element {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw new DerError('element is cut off');
  if ((tag & 0x1f) === 0x1f) throw new DerError('tag numbers above 30 are not supported');
  let contentStart = start + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0) throw new DerError('indefinite length');
    if (octets > 4) throw new DerError('length is too large');
    length = 0;
    for (let i = 0; i < octets; i++) {
      const octet = bytes[contentStart + i];
      if (octet === undefined) throw new DerError('length is cut off');
      if (i === 0 && octet === 0) throw new DerError('length is not minimal');
      length = length * 256 + octet;
    }
    if (length < 0x80) throw new DerError('length is not minimal');
    contentStart += octets;
  }
  const end = contentStart + length;
  if (end > bytes.length) throw new DerError('content is cut off');
  return { tag, content: bytes.subarray(contentStart, end), raw: bytes.subarray(start, end) };
}

/** The children of a constructed element that must carry `tag`. */
export function childrenOf(element: Element | undefined, tag: number): Element[] {
  return readElements(expectTag(element, tag).content);
}

/** The element, when it is there with this tag. */
export function expectTag(element: Element | undefined, tag: number): Element {
  if (element === undefined) throw new DerError(`element with tag 0x${tag.toString(16)} is missing`);
  if (element.tag !== tag) throw new DerError(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} is expected`);
  return element;
}

/** A BIT STRING's bytes; strings that do not end at a byte lose nothing, their unused bits are zero. */
export function readBitString(element: Element | undefined): Uint8Array {
  const { content } = expectTag(element, TAG.bitString);
  const unused = content[0];
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) throw new DerError('bad BIT STRING');
  return content.subarray(1);
}

/** A BOOLEAN. */
export function readBoolean(element: Element): boolean {
  const { content } = expectTag(element, TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('bad BOOLEAN');
  return content[0] === 0xff;
}

/** An INTEGER's content octets, checked to be minimal. */
export function readInteger(element: Element | undefined): Uint8Array {
  const { content } = expectTag(element, TAG.integer);
  const [first, second] = content;
  if (first === undefined) throw new DerError('empty INTEGER');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw new DerError('INTEGER is not minimal');
  return content;
}

/** A small INTEGER that is not negative. */
export function readSmallInteger(element: Element | undefined): number {
  const content = readInteger(element);
  if (content.length > 4 || (content[0] ?? 0) >= 0x80) throw new DerError('INTEGER is out of range');
  return content.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readOid(element: Element | undefined): string {
  const { content } = expectTag(element, TAG.oid);
  if (content.length === 0 || content.length > 64) throw new DerError('bad OBJECT IDENTIFIER');
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80) throw new DerError('OBJECT IDENTIFIER is not minimal');
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new DerError('OBJECT IDENTIFIER is out of range');
    fresh = octet < 0x80;
    if (fresh) {
      if (arcs.length === 0) {
        const top = Math.min(2, Math.floor(arc / 40));
        arcs.push(top, arc - top * 40);
      } else arcs.push(arc);
      arc = 0;
    }
  }
  if (!fresh) throw new DerError('OBJECT IDENTIFIER is cut off');
  return arcs.join('.');
}

/** A character string of the kinds that names use. */
export function readString(element: Element): string {
  const { tag, content } = element;
  switch (tag) {
    case TAG.utf8String:
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
      } catch {
        throw new DerError('string is not UTF-8');
      }
    case TAG.printableString:
    case TAG.ia5String:
      if (content.some((octet) => octet > 0x7f)) throw new DerError('string is not ASCII');
      return Buffer.from(content).toString('latin1');
    case TAG.t61String:
      return Buffer.from(content).toString('latin1');
    case TAG.bmpString:
      if (content.length % 2 !== 0) throw new DerError('bad BMPString');
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      throw new DerError(`tag 0x${tag.toString(16)} is not a string`);
  }
}

const TIME = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** A UTCTime or GeneralizedTime in milliseconds since 1970. */
export function readTime(element: Element | undefined): number {
  const tag = element?.tag;
  if (element === undefined || (tag !== TAG.utcTime && tag !== TAG.generalizedTime)) throw new DerError('a time is expected');
  const match = TIME.exec(Buffer.from(element.content).toString('latin1'));
  const [, year = '', month, day, hour, minute, second] = match ?? [];
  if (match === null || year.length !== (tag === TAG.utcTime ? 2 : 4)) throw new DerError('bad time');
  // RFC 5280 4.1.2.5.1: two digits mean 1950 to 2049.
  const fullYear = year.length === 4 ? Number(year) : Number(year) + (Number(year) >= 50 ? 1900 : 2000);
  const text = `${String(fullYear).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = Date.parse(text);
  // Date.parse takes 24:00 and 30 February; a time that does not come back the same is none.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text) throw new DerError('bad time');
  return ms;
}
