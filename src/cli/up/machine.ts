/** The addresses of this machine that `up` uses, and the interface that it makes for them. */
import { networkInterfaces } from 'node:os';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { linkName } from '../runtime.ts';

const DEFAULT_SERVICE_IP = '10.96.0.1';

/** The interface that carries these addresses: each service range has its own, so that one that ends takes nothing from another. */
const serviceInterface = ([first = DEFAULT_SERVICE_IP]: readonly string[]): string =>
  first === DEFAULT_SERVICE_IP ? 'nodelet0' : linkName('nodelets', first);

/** Whether this process may make network interfaces, namespaces and mounts. */
export function isLinuxRoot(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

/** Makes the interface with these addresses, if they are not there; false when the machine does not let us. A bridge without ports stands in where the kernel has no dummy. */
export async function ensureServiceInterface(addresses: readonly string[], host: Host, log: Logger): Promise<boolean> {
  const present = allAddresses();
  const missing = addresses.filter((address) => !present.includes(address));
  if (missing.length === 0) return true;
  const script = `link=$1; shift
ip link show "$link" >/dev/null 2>&1 || ip link add "$link" type dummy 2>/dev/null || ip link add "$link" type bridge || exit 1
for address; do ip addr replace "$address/32" dev "$link" || exit 1; done
ip link set "$link" up`;
  try {
    const { code, stderr } = await host.processes.run('sh', ['-c', script, 'sh', serviceInterface(addresses), ...missing]);
    if (code === 0) return true;
    log.warn('Could not make the service interface: pods reach the API server by the node address', { error: stderr.toString().trim() });
  } catch (error) {
    log.warn('Could not make the service interface: pods reach the API server by the node address', { error });
  }
  return false;
}

/** The node's address: the first IPv4 address that is neither loopback nor link-local nor one of our own interfaces. */
function hostAddress(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name.startsWith('nodelet')) continue;
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal && !address.startsWith('169.254.')) return address;
    }
  }
  return undefined;
}

/** The addresses that `--node-ip` names, or the machine's own; `otherwise` where it has none. */
export function nodeAddresses(asked: string | undefined, otherwise: string): string[] {
  const named = (asked ?? '').split(',').filter((address) => address !== '' && address !== '0.0.0.0' && address !== '::');
  return named.length > 0 ? named : [hostAddress() ?? otherwise];
}

/** Every address of this machine, for certificates. */
export function allAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv4' || !address.startsWith('fe80'))
    .map(({ address }) => address);
}

/** Takes the interface of these addresses away; one that is not there is fine. */
export async function removeServiceInterface(addresses: readonly string[], host: Host): Promise<void> {
  await host.processes.run('ip', ['link', 'del', serviceInterface(addresses)]).catch(() => undefined);
}
