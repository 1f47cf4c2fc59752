/**
 * Validation errors, one a field, and the 422 Status that carries them (apimachinery
 * `pkg/util/validation/field/errors.go`, `pkg/api/errors/errors.go`).
 */
import { failure } from './status.ts';
import type { StatusError } from './status.ts';

/** One fault: what is wrong (`reason`), with which field, in the words that the client shows. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0');

/** Quotes text as Go's `%q` (`strconv.Quote`): what is printable stays, the rest is escaped. */
export function goQuote(text: string): string {
  const quoted = text.replace(/["\\]|[\p{C}\p{Z}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === ' ') return character;
    if (code >= 0xd800 && code < 0xe000) return '\ufffd';
    const escape = ESCAPES[character];
    if (escape !== undefined) return escape;
    if (code < 0x80) return `\\x${hex(code, 2)}`;
    return code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return `"${quoted}"`;
}

/** Compact JSON as Go writes it: `<`, `>` and `&` escaped. */
export const goJson = (value: unknown): string =>
  JSON.stringify(value ?? null).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${hex(c.charCodeAt(0), 4)}`);

function shown(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : goJson(value);
}

const fault = (reason: string, field: string, what: string, detail = ''): FieldError => ({
  reason,
  field,
  message: detail === '' ? what : `${what}: ${detail}`,
});

/** The field must be set. */
export const required = (field: string, detail = ''): FieldError => fault('FieldValueRequired', field, 'Required value', detail);
/** The value breaks a rule. */
export const invalidValue = (field: string, value: unknown, detail: string): FieldError =>
  fault('FieldValueInvalid', field, `Invalid value: ${shown(value)}`, detail);
/** The value is not of the type that the field has. */
export const typeInvalid = (field: string, value: unknown, detail: string): FieldError =>
  fault('FieldValueTypeInvalid', field, `Invalid value: ${shown(value)}`, detail);
/** The value is none of a few; they are named in the order given. */
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  fault(
    'FieldValueNotSupported',
    field,
    `Unsupported value: ${shown(value)}`,
    supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`,
  );
/** The value may not be set here. */
export const forbiddenField = (field: string, detail: string): FieldError => fault('FieldValueForbidden', field, 'Forbidden', detail);
/** The value stands twice in a list that must not repeat. */
export const duplicate = (field: string, value: unknown): FieldError =>
  fault('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`);
/** What the value refers to is not there. */
export const fieldNotFound = (field: string, value: unknown): FieldError =>
  fault('FieldValueNotFound', field, `Not found: ${shown(value)}`);
/** The value has too many bytes. */
export const tooLong = (field: string, bytes: number): FieldError =>
  fault('FieldValueTooLong', field, 'Too long', `may not be more than ${bytes} bytes`);
/** The list has too many elements. */
export const tooMany = (field: string, actual: number, most: number): FieldError =>
  fault('FieldValueTooMany', field, `Too many: ${actual}`, `must have at most ${most} items`);

/** `spec.containers: Required value`, as one line. */
export const fieldErrorText = (error: FieldError): string => `${error.field}: ${error.message}`;

/** The errors as one text: a single one bare, several in brackets, repeats once. */
export function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(fieldErrorText))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** The 422 answer `Pod "x" is invalid: …` with a cause for each error. */
export function invalid(of: { readonly group: string; readonly kind: string }, name: string, errors: readonly FieldError[]): StatusError {
  const kind = of.group === '' ? of.kind : `${of.kind}.${of.group}`;
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return failure(422, 'Invalid', `${kind} ${goQuote(name)} is invalid: ${aggregate(errors)}`, {
    name,
    group: of.group,
    kind: of.kind,
    causes,
  });
}
