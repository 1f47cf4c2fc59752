/** Writes DER: every function gives one complete element. */
import { TAG } from './der.ts';

/** One element from its identifier octet and content. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(TAG.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => element(TAG.set, ...parts);
export const octetString = (content: Uint8Array): Buffer => element(TAG.octetString, content);
export const bitString = (content: Uint8Array, unused = 0): Buffer => element(TAG.bitString, Buffer.from([unused]), content);
export const boolean = (value: boolean): Buffer => element(TAG.boolean, Buffer.from([value ? 0xff : 0]));
export const derNull = (): Buffer => element(TAG.null);

/** An INTEGER that is not negative, from its big-endian bytes. */
export function integer(bytes: Uint8Array | number): Buffer {
  let octets = typeof bytes === 'number' ? Buffer.from(hex(bytes), 'hex') : Buffer.from(bytes);
  while (octets.length > 1 && octets[0] === 0 && (octets[1] ?? 0) < 0x80) octets = octets.subarray(1);
  return element(TAG.integer, ...((octets[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), octets);
}

function hex(value: number): string {
  const text = value.toString(16);
  return text.length % 2 === 0 ? text : `0${text}`;
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest % 128) | 0x80);
  return octets;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** A name's text: PrintableString where its letters allow it, UTF8String otherwise. */
export function nameString(text: string): Buffer {
  return element(PRINTABLE.test(text) ? TAG.printableString : TAG.utf8String, Buffer.from(text, 'utf8'));
}

/** A time with whole seconds, in the form that RFC 5280 asks for its year. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? element(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : element(TAG.generalizedTime, Buffer.from(`${digits}Z`));
}
