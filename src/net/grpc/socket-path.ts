/** Bytes of a path that a unix socket can have on Linux; Node would cut a longer one off. */
const MAX_BYTES = 107;

/** Throws for a path that is too long, as the system does when it is asked (`bind` or `connect`). */
export function checkSocketPath(path: string, call: 'bind' | 'connect'): void {
  if (Buffer.byteLength(path) <= MAX_BYTES) return;
  const verb = call === 'bind' ? 'listen' : 'dial';
  throw Object.assign(new Error(`${verb} unix ${path}: ${call}: invalid argument`), { code: 'EINVAL' });
}
