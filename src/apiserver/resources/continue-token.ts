/** The token that carries a paged list on (apiserver `pkg/storage/continue.go`). */
import { jsonSyntaxError } from '../../api/json-syntax.ts';
import { badRequest } from '../../api/status.ts';

export interface ContinueToken {
  /** The revision of the first page. */
  readonly revision: number;
  /** The last key that was sent, without the list's own prefix. */
  readonly after: string;
}

const VERSION = 'meta.k8s.io/v1';

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
    throw refuse(jsonSyntaxError(bytes.toString('latin1')));
  }
  const { v, rv, start } = (value ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== VERSION) throw refuse(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv <= 0)
    throw refuse('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw refuse('encoded start key empty (version meta.k8s.io/v1)');
  return { revision: rv, after: start.replace(/\u0000$/, '') };
}
