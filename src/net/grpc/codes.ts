/** How a gRPC call ends (grpc/grpc `doc/statuscodes.md`). */

/** By number. The names in Go's texts are these with a capital. */
const CODES = [
  'ok',
  'canceled',
  'unknown',
  'invalidArgument',
  'deadlineExceeded',
  'notFound',
  'alreadyExists',
  'permissionDenied',
  'resourceExhausted',
  'failedPrecondition',
  'aborted',
  'outOfRange',
  'unimplemented',
  'internal',
  'unavailable',
  'dataLoss',
  'unauthenticated',
] as const;

export type GrpcCode = (typeof CODES)[number];

/** A call that failed. The message is what the server said of it, or what was found here. */
export class GrpcError extends Error {
  readonly code: GrpcCode;
  constructor(code: GrpcCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GrpcError';
    this.code = code;
  }
}

export const codeNumber = (code: GrpcCode): number => CODES.indexOf(code);
/** A number that means nothing is `unknown`. */
export const codeOf = (number: number): GrpcCode => CODES[number] ?? 'unknown';

/** A code as Go writes it: `DeadlineExceeded`, and `Code(99)` for a number that means nothing. */
export function codeName(number: number): string {
  const code = CODES[number];
  if (code === undefined) return `Code(${number})`;
  return code === 'ok' ? 'OK' : `${code.slice(0, 1).toUpperCase()}${code.slice(1)}`;
}

/** An error of a call in the words of Go: `rpc error: code = Unknown desc = …`; any other error is its message. */
export function rpcText(error: unknown): string {
  if (error instanceof GrpcError) return `rpc error: code = ${codeName(codeNumber(error.code))} desc = ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** The text of a `grpc-message` header; bytes that are no UTF-8 stay as they were sent. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A text as a `grpc-message` header: what is not printable ASCII is escaped. */
export const percentEncoded = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
