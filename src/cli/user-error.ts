/** What the user did or their machine lacks: printed as one line, exit code 1, no stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UserError';
  }
}

/** A failed start in a sentence that says what to do, when the cause is one that users meet. */
export function explainStartError(error: unknown, what: string): UserError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const { code } = error;
  if (code === 'EADDRINUSE') return new UserError(`${what}: the port is taken by another program. Stop it, or choose another port.`);
  if (code === 'EADDRNOTAVAIL') return new UserError(`${what}: this machine has no such address.`);
  if (code === 'EACCES' || code === 'EPERM')
    return new UserError(`${what}: permission denied. Run as root, or choose a directory and ports that you may use.`);
  if (code === 'EROFS') return new UserError(`${what}: the file system is read-only.`);
  if (code === 'ENOSPC') return new UserError(`${what}: no space is left on the disk.`);
  if (code === 'ENOTDIR' || code === 'EISDIR') return new UserError(`${what}: ${error.message}.`);
  return undefined;
}
