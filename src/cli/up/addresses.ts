/** Addresses out of ranges in CIDR form. */
import { UserError } from '../user-error.ts';

/** The `n`th address of an IPv4 range: `10.96.0.0/16`, 10 → `10.96.0.10`. Throws a UserError for what is no such range, or too small. */
export function addressIn(range: string, n: number): string {
  const [, a, b, c, d, bits] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(range) ?? [];
  const bytes = [a, b, c, d].map(Number);
  const length = Number(bits);
  if (bits === undefined || length > 32 || bytes.some((byte) => byte > 255))
    throw new UserError(`${range} is not an IPv4 range such as 10.96.0.0/16`);
  const size = 2 ** (32 - length);
  const given = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (n >= size) throw new UserError(`${range} has only ${size} addresses; at least ${n + 1} are needed`);
  const value = given - (given % size) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
