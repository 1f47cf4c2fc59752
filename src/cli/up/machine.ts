/** The addresses of this machine that `up` uses, and the interface that it makes for them. */
import { networkInterfaces } from 'node:os';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';

/** The first address of the service range: the API server. */
export const SERVICE_IP = '10.96.0.1';
/** The address of the cluster DNS. */
export const DNS_IP = '10.96.0.10';
const INTERFACE = 'nodelet0';

/** Whether this process may make network interfaces, namespaces and mounts. */
export function isLinuxRoot(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

/** Makes the dummy interface with the service addresses, if it is not there; false when the machine does not let us. */
export async function ensureServiceInterface(host: Host, log: Logger): Promise<boolean> {
  if (hasAddress(SERVICE_IP) && hasAddress(DNS_IP)) return true;
  const script = [
    `ip link show ${INTERFACE} >/dev/null 2>&1 || ip link add ${INTERFACE} type dummy`,
    `ip addr replace ${SERVICE_IP}/32 dev ${INTERFACE}`,
    `ip addr replace ${DNS_IP}/32 dev ${INTERFACE}`,
    `ip link set ${INTERFACE} up`,
  ].join(' && ');
  try {
    const { code, stderr } = await host.processes.run('sh', ['-c', script]);
    if (code === 0) return true;
    log.warn('Could not make the service interface: pods reach the API server by the node address', { error: stderr.toString().trim() });
  } catch (error) {
    log.warn('Could not make the service interface: pods reach the API server by the node address', { error });
  }
  return false;
}

/** The node's address: the first IPv4 address that is neither loopback nor link-local nor one of our own interfaces. */
export function hostAddress(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === INTERFACE || name.startsWith('nodelet')) continue;
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal && !address.startsWith('169.254.')) return address;
    }
  }
  return undefined;
}

/** Every address of this machine, for certificates. */
export function allAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv4' || !address.startsWith('fe80'))
    .map(({ address }) => address);
}

function hasAddress(wanted: string): boolean {
  return allAddresses().includes(wanted);
}
