/** An IPv4 subnet in CIDR form, as numbers. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
  /** Addresses in it, the first and last of which are not given out. */
  readonly size: number;
}

/** Reads `10.88.0.0/16`. Throws for anything else, and for subnets of fewer than 8 addresses. */
export function parseSubnet(text: string): Subnet {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = parts;
  if ([a, b, c, d].some((part) => part > 255) || prefix < 8 || prefix > 29)
    throw new Error(`"${text}" is not an IPv4 subnet between /8 and /29`);
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { base: address - (address % size), prefix, size };
}

/** The address at `offset` of the subnet; 0 is the network itself, 1 the bridge. */
export function addressAt(subnet: Subnet, offset: number): string {
  const value = subnet.base + offset;
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** Gives addresses out in a circle, so that one that was given back is not met again soon. */
export interface AddressPool {
  readonly gateway: string;
  /** Throws when none is free. */
  take(): string;
  /** Marks one as taken, as a record on disk says. */
  keep(address: string): void;
  give(address: string): void;
}

export function createAddressPool(subnet: Subnet): AddressPool {
  const taken = new Set<string>();
  let next = 2;
  return {
    gateway: addressAt(subnet, 1),
    take() {
      for (let tried = 0; tried < subnet.size - 3; tried += 1) {
        const address = addressAt(subnet, next);
        next = next + 1 >= subnet.size - 1 ? 2 : next + 1;
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error(`no free address is left in ${addressAt(subnet, 0)}/${subnet.prefix}`);
    },
    keep(address) {
      taken.add(address);
    },
    give(address) {
      taken.delete(address);
    },
  };
}

/** The bytes of an IPv4 address, two hexadecimal digits each. */
export const hexBytes = (address: string): string[] => address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
