import type { RequestTarget } from './http.ts';

const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;

/** Takes a request line's target apart (origin form, or absolute form as a client of a proxy sends it). */
export function parseTarget(url: string): RequestTarget {
  const origin = url.replace(ABSOLUTE, '');
  const mark = origin.indexOf('?');
  const rawPath = (mark === -1 ? origin : origin.slice(0, mark)) || '/';
  const rawQuery = mark === -1 ? '' : origin.slice(mark + 1);
  return { rawPath, path: unescapePath(rawPath), query: new URLSearchParams(rawQuery), rawQuery };
}

/** Undoes percent-encoding once; null when an escape is cut short or not hexadecimal. Bytes that are not UTF-8 become U+FFFD. */
export function unescapePath(rawPath: string): string | null {
  if (!rawPath.includes('%')) return rawPath;
  if (BAD_ESCAPE.test(rawPath)) return null;
  try {
    return decodeURIComponent(rawPath);
  } catch {
    // Well-formed escapes of something that is not UTF-8: Go hands the bytes on, so this must not be a 400.
    const bytes = rawPath.replace(/%([0-9a-fA-F]{2})|[^%]+/g, (text, hex: string | undefined) =>
      hex === undefined ? Buffer.from(text, 'utf8').toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, 'latin1').toString('utf8');
  }
}
