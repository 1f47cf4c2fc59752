import { goQuote } from '../api/field-errors.ts';
import type { RequestTarget } from './http.ts';

const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;

/** Takes a request line's target apart (origin form, or absolute form as a client of a proxy sends it). */
export function parseTarget(url: string): RequestTarget {
  const origin = url.replace(ABSOLUTE, '');
  const mark = origin.indexOf('?');
  const rawPath = (mark === -1 ? origin : origin.slice(0, mark)) || '/';
  const rawQuery = mark === -1 ? '' : origin.slice(mark + 1);
  return { rawPath, path: unescapePath(rawPath), query: goQuery(rawQuery), rawQuery };
}

/** A query, or a form, as Go reads it: a pair with a semicolon or a broken escape is left out (net/url `ParseQuery`). */
export function goQuery(text: string): URLSearchParams {
  if (!text.startsWith('?') && !text.includes(';') && !BAD_ESCAPE.test(text)) return new URLSearchParams(text);
  const good = text.split('&').filter((pair) => pairProblem(pair) === undefined);
  // The first question mark of a query is the class's own, not a name's.
  return new URLSearchParams(`?${good.join('&')}`);
}

/** What Go says of the first pair that it leaves out; undefined when all is in order. */
export function queryProblem(text: string): string | undefined {
  for (const pair of text.split('&')) {
    const problem = pairProblem(pair);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function pairProblem(pair: string): string | undefined {
  if (pair.includes(';')) return 'invalid semicolon separator in query';
  const bad = BAD_ESCAPE.exec(pair);
  return bad === null ? undefined : `invalid URL escape ${goQuote(pair.slice(bad.index, bad.index + 3))}`;
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
