/** What plugins answer (CNI specification §5, versions 0.1.0 to 1.1.0). */
import { isIP } from 'node:net';
import { isObject } from './config.ts';

/** Addresses of one result. */
const MAX_ADDRESSES = 64;

/** The addresses that a result names, without their prefix, IPv4 first. Throws an Error for what is no result. */
export function addressesOf(result: unknown): string[] {
  if (!isObject(result)) throw new Error('the plugin’s result is not a JSON object');
  const { ips, ip4, ip6 } = result;
  const entries: unknown[] = Array.isArray(ips)
    ? ips.slice(0, MAX_ADDRESSES).map((entry: unknown) => (isObject(entry) ? entry['address'] : undefined))
    : [isObject(ip4) ? ip4['ip'] : undefined, isObject(ip6) ? ip6['ip'] : undefined];
  const found = entries.flatMap((entry) => {
    const address = typeof entry === 'string' ? (entry.split('/')[0] ?? '') : '';
    return isIP(address) === 0 ? [] : [address];
  });
  return [...new Set(found)].toSorted((a, b) => isIP(a) - isIP(b));
}

/** The addresses of the interface in the sandbox alone: those of the host's side, or of no interface named, are left out of newer results. */
export function sandboxAddresses(result: unknown): string[] {
  if (!isObject(result)) return addressesOf(result);
  const { interfaces, ips } = result;
  if (!Array.isArray(ips) || !Array.isArray(interfaces)) return addressesOf(result);
  const inside = ips.filter((entry: unknown) => {
    const index = isObject(entry) ? entry['interface'] : undefined;
    const side: unknown = typeof index === 'number' ? interfaces[index] : undefined;
    return side === undefined || (isObject(side) && typeof side['sandbox'] === 'string' && side['sandbox'] !== '');
  });
  return addressesOf({ ...result, ips: inside });
}
