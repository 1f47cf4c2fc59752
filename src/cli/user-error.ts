import { StoreError } from '../apiserver/store/errors.ts';

/** What the user did or their machine lacks: printed as one line, exit code 1, no stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UserError';
  }
}

/** A failed start in a sentence that says what to do, when it, or what caused it, is one that users meet. */
export function explainStartError(error: unknown, what: string): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof StoreError) return new UserError(error.message);
  if (!('code' in error)) return explainStartError(error.cause, what);
  const { code } = error;
  if (code === 'EADDRINUSE') return new UserError(`${what}: the port is taken by another program. Stop it, or choose another port.`);
  if (code === 'EADDRNOTAVAIL') return new UserError(`${what}: this machine has no such address.`);
  if (code === 'EACCES' || code === 'EPERM')
    return new UserError(`${what}: permission denied. Run as root, or choose a directory and ports that you may use.`);
  if (code === 'EROFS') return new UserError(`${what}: the file system is read-only.`);
  if (code === 'ENOSPC') return new UserError(`${what}: no space is left on the disk.`);
  if (code === 'EEXIST') return new UserError(`${what}: there is something else of that name.`);
  if (code === 'ENOTDIR' || code === 'EISDIR') return new UserError(`${what}: ${error.message}.`);
  return undefined;
}

/** An address that cannot be taken names itself. */
export function explainListenError(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!('port' in error)) return explainListenError(error.cause);
  const address = 'address' in error ? String(error.address) : '';
  return explainStartError(error, `cannot listen on ${address}:${String(error.port)}`);
}
