/** The token that carries a paged list on (apiserver `pkg/storage/continue.go`). */
import { goQuote } from '../../api/field-errors.ts';
import { jsonSyntaxError } from '../../api/json-syntax.ts';
import { badRequest } from '../../api/status.ts';

export interface ContinueToken {
  /** The revision of the first page. */
  readonly revision: number;
  /** The last key that was sent, without the list's own prefix. */
  readonly after: string;
}

const VERSION = 'meta.k8s.io/v1';

/** Go names a byte that begins no value as if it were a character. */
function syntaxError(bytes: Buffer): string {
  const [first = 0] = bytes;
  if (first < 0x80) return jsonSyntaxError(bytes.toString('utf8'));
  return `invalid character '${goQuote(String.fromCharCode(first)).slice(1, -1)}' looking for beginning of value`;
}

export function encodeContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: token.revision, start: `${token.after}\u0000` })).toString('base64url');
}

/** Reads a token. Throws 400. */
export function decodeContinue(text: string): ContinueToken {
  const refuse = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const bytes = Buffer.from(text, 'base64url');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw refuse(syntaxError(bytes));
  }
  const { v, rv, start } = (value ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== VERSION) throw refuse(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv <= 0)
    throw refuse('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw refuse('encoded start key empty (version meta.k8s.io/v1)');
  return { revision: rv, after: start.endsWith('\u0000') ? start.slice(0, -1) : start };
}
