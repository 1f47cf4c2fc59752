/** Reading and canonical writing of the scalars that JSON has no type for (times, quantities, durations, base64). */
import { formatDuration, parseDuration } from './duration.ts';
import { formatQuantity, parseQuantity } from './quantity.ts';
import { goTime, parseTime } from './time.ts';

const PLAIN_TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;
const PLAIN_QUANTITY = /^(0|[1-9]\d{0,2}(m|k|M|G|T|Ki|Mi|Gi|Ti)?)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A metav1.Time as it is stored: whole seconds, UTC. Throws TimeError. */
export const canonicalTime = (text: string): string => (PLAIN_TIME.test(text) ? text : goTime(parseTime(text)));

/** A metav1.MicroTime as it is stored: six digits, UTC. Throws an error with Go's text when the fraction has another length. */
export function canonicalMicroTime(text: string): string {
  const ms = parseTime(text);
  if (!MICRO_TIME.test(text)) {
    const rest = JSON.stringify(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/.exec(text)?.[1] ?? text);
    throw new Error(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${rest} as ".000000"`);
  }
  return `${goTime(ms).slice(0, -1)}${text.slice(19, 26)}Z`;
}

/** A quantity as it is stored: `1000m` becomes `1`. Throws QuantityError. */
export const canonicalQuantity = (value: string | number): string =>
  typeof value === 'string' && PLAIN_QUANTITY.test(value) ? value : formatQuantity(parseQuantity(value));

/** A duration as Go prints it: `90s` becomes `1m30s`. Throws DurationError. */
export const canonicalDuration = (text: string): string => formatDuration(parseDuration(text));

/** Base64 without line breaks. Throws an error with Go's text at the first bad byte. */
export function canonicalBase64(text: string): string {
  if (BASE64.test(text)) return text;
  const compact = text.replace(/[\r\n]/g, '');
  if (BASE64.test(compact)) return compact;
  throw new Error(`illegal base64 data at input byte ${firstBadByte(text)}`);
}

/** Where Go's decoder stops: the first foreign character, a misplaced `=`, or the end of an incomplete group. */
function firstBadByte(text: string): number {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\n' || character === '\r') continue;
    if (character === '=') return paddingFault(text, i, digits % 4);
    if (!/[A-Za-z0-9+/]/.test(character)) return i;
    digits++;
  }
  return text.length - (digits % 4);
}

function paddingFault(text: string, at: number, digits: number): number {
  if (digits < 2) return at;
  let next = afterNewlines(text, at + 1);
  if (digits === 2) {
    if (next === text.length) return text.length;
    if (text.charAt(next) !== '=') return next - 1;
    next = afterNewlines(text, next + 1);
  }
  return next;
}

function afterNewlines(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) === '\n' || text.charAt(at) === '\r') at++;
  return at;
}
