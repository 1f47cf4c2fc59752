import type { PortMapping } from '../runtime.ts';

/** The host ports of one sandbox. */
export interface HostPorts {
  readonly address: string;
  readonly ports: readonly PortMapping[];
}

/**
 * The whole nftables table of a bridge, replaced in one transaction: masquerading of what leaves the subnet, and
 * destination NAT of host ports (from outside, from this machine, and from pods back to themselves).
 * `table` is an identifier; `bridge` and `subnet` come from configuration.
 */
export function networkRules(table: string, bridge: string, subnet: string, hostPorts: readonly HostPorts[]): string {
  const dnat = dnatRules(hostPorts);
  return [
    `table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    ' chain hostports {',
    ...dnat.map((rule) => `  ${rule}`),
    ' }',
    ' chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local jump hostports; }',
    ' chain output { type nat hook output priority -100; fib daddr type local jump hostports; }',
    ' chain postrouting {',
    '  type nat hook postrouting priority srcnat;',
    `  ip saddr ${subnet} ip daddr != ${subnet} masquerade`,
    `  ip saddr ${subnet} ct status dnat oifname "${bridge}" masquerade`,
    `  ip saddr 127.0.0.0/8 ct status dnat oifname "${bridge}" masquerade`,
    ' }',
    '}',
    '',
  ].join('\n');
}

/** The table of host ports alone, for pods on networks that others masquerade; replaced in one transaction. */
export function hostPortRules(table: string, hostPorts: readonly HostPorts[]): string {
  const dnat = dnatRules(hostPorts);
  const head = [`table ip ${table}`, `delete table ip ${table}`];
  if (dnat.length === 0) return [...head, ''].join('\n');
  return [
    ...head,
    `table ip ${table} {`,
    ' chain hostports {',
    ...dnat.map((rule) => `  ${rule}`),
    ' }',
    ' chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local jump hostports; }',
    ' chain output { type nat hook output priority -100; ip daddr != 127.0.0.0/8 fib daddr type local jump hostports; }',
    '}',
    '',
  ].join('\n');
}

function dnatRules(hostPorts: readonly HostPorts[]): string[] {
  return hostPorts.flatMap(({ address, ports }) =>
    ports.filter((port) => port.hostPort > 0 && isAddress(address)).map((port) => dnatRule(address, port)),
  );
}

function dnatRule(address: string, port: PortMapping): string {
  const protocol = port.protocol.toLowerCase();
  const only = isAddress(port.hostIp) && port.hostIp !== '0.0.0.0' ? `ip daddr ${port.hostIp} ` : '';
  return `${only}${protocol} dport ${Math.trunc(port.hostPort)} dnat to ${address}:${Math.trunc(port.containerPort)}`;
}

function isAddress(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
}
