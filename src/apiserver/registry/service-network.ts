/** The range of the addresses of Services (kubernetes `pkg/registry/core/service/ipallocator`). */
import { isIPv4 } from 'node:net';

export interface ServiceNetwork {
  /** As it was given: `10.96.0.0/16`. */
  readonly range: string;
  /** Addresses in the range, the first and the last included. */
  readonly size: number;
  /** How many addresses at the beginning are given only to who asks for them. */
  readonly staticBand: number;
  readonly contains: (address: string) => boolean;
  /** The `n`th address. */
  readonly at: (n: number) => string;
}

/** Reads an IPv4 range. Throws a RangeError for what is none. */
export function serviceNetwork(range: string): ServiceNetwork {
  const [base = '', length = ''] = range.split('/');
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN;
  if (!isIPv4(base) || !(bits <= 30)) throw new RangeError(`${range} is no range of IPv4 addresses for Services`);
  const size = 2 ** (32 - bits);
  const first = numberOf(base) - (numberOf(base) % size);
  return {
    range,
    size,
    staticBand: Math.min(Math.max(16, Math.floor(size / 16)), 256, size / 2),
    contains: (address) => isIPv4(address) && numberOf(address) >= first && numberOf(address) < first + size,
    at: (n) => [24, 16, 8, 0].map((shift) => Math.floor((first + n) / 2 ** shift) % 256).join('.'),
  };
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
