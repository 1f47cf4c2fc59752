import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { addressAt, createAddressPool, hexBytes, parseSubnet, type AddressPool } from './address-pool.ts';
import type { Cni } from './cni/cni.ts';
import { networkRules, type HostPorts } from './network-rules.ts';
import { helperEnvironment } from './tools.ts';

export interface BridgeOptions {
  /** Interface name, at most 15 characters. */
  readonly bridge: string;
  /** CIDR; its second address is the bridge's. */
  readonly subnet: string;
}

/** The pods' network: one bridge, an address for each sandbox. */
export interface PodNetwork {
  readonly addresses: AddressPool;
  /** Who connects sandboxes; null where they get an address from `addresses` and a cable to the bridge. */
  readonly cni: Cni | null;
  /** Who takes back what plugins made, in this start or an earlier one. */
  readonly past: Cni | null;
  /** Null when the network stands; else why not. */
  readonly problem: string | null;
  readonly notices: readonly string[];
  /** Name of the host's end of a sandbox's cable. */
  interfaceOf(sandboxId: string): string;
  /** Commands for `ip -batch` inside the sandbox's network namespace: `lo` and, with an address, `eth0`. */
  insideBatch(sandboxId: string, address: string): string;
  /** Commands for `ip -batch` on the host, to be run after the inside ones. */
  hostBatch(sandboxId: string): string;
  /** Replaces the host ports of all sandboxes. */
  publish(ports: readonly HostPorts[]): Promise<void>;
  /** Removes bridge and rules; for those who take everything away. */
  remove(): Promise<void>;
}

/** Makes the bridge, if it is not there, with forwarding and masquerading. Never rejects for the machine's lack: `problem` says it. */
export async function openPodNetwork(host: Host, options: BridgeOptions, log: Logger): Promise<PodNetwork> {
  const subnet = parseSubnet(options.subnet);
  if (!/^[a-zA-Z0-9_-]{1,15}$/.test(options.bridge)) throw new Error(`"${options.bridge}" is not a name for a bridge`);
  const addresses = createAddressPool(subnet);
  const table = tableOf(options.bridge);
  const notices: string[] = [];
  const mtu = await uplinkMtu(host);
  let problem: string | null = null;
  let rules: 'nft' | 'none' = 'nft';

  async function run(command: string, args: readonly string[], input?: string): Promise<string | null> {
    try {
      const outcome = await host.processes.run(command, args, { env: { ...helperEnvironment }, ...(input !== undefined && { input }) });
      return outcome.code === 0 ? null : outcome.stderr.toString().trim() || `${command} failed`;
    } catch (error) {
      return errorText(error);
    }
  }

  async function bridgeUp(): Promise<string | null> {
    const present = await run('ip', ['link', 'show', options.bridge]);
    if (present !== null) {
      const made = await run('ip', ['link', 'add', options.bridge, 'mtu', String(mtu), 'type', 'bridge']);
      if (made !== null) return `bridge ${options.bridge}: ${made}`;
    }
    const failed = await run(
      'ip',
      ['-batch', '-'],
      `link set ${options.bridge} address ${linkAddressOf(addresses.gateway)}
addr replace ${addresses.gateway}/${subnet.prefix} dev ${options.bridge}
link set ${options.bridge} up
`,
    );
    if (failed !== null) return `bridge ${options.bridge}: ${failed}`;
    // The second lets 127.0.0.1:hostPort leave by the bridge.
    for (const file of ['/proc/sys/net/ipv4/ip_forward', `/proc/sys/net/ipv4/conf/${options.bridge}/route_localnet`]) {
      await host.files
        .writeFile(file, '1')
        .catch((error: unknown) => log.warn('Pods may not reach beyond this machine', { file, error: errorText(error) }));
    }
    return null;
  }

  async function publish(ports: readonly HostPorts[]): Promise<void> {
    if (rules === 'none') {
      if (ports.some((entry) => entry.ports.some((port) => port.hostPort > 0)))
        throw new Error('host ports need nftables, which is not usable here (Debian package nftables)');
      return;
    }
    const failed = await run('nft', ['-f', '-'], networkRules(table, options.bridge, options.subnet, ports));
    if (failed !== null) throw new Error(`nft: ${failed}`);
  }

  problem = await bridgeUp();
  if (problem === null) {
    await publish([]).catch((error: unknown) => {
      rules = 'none';
      notices.push(`Pods reach this machine and each other, but not beyond it, and host ports are refused: ${errorText(error)}.`);
    });
  }

  const interfaceOf = (sandboxId: string): string => `nl${sandboxId.slice(0, 12)}`;
  return {
    addresses,
    cni: null,
    past: null,
    problem,
    notices,
    interfaceOf,
    insideBatch(sandboxId, address) {
      const lines = ['link set lo up'];
      if (address) {
        lines.push(
          `link add eth0 address ${linkAddressOf(address)} mtu ${mtu} type veth peer name ${interfaceOf(sandboxId)} mtu ${mtu} netns ${process.pid}`,
          `addr add ${address}/${subnet.prefix} brd ${addressAt(subnet, subnet.size - 1)} dev eth0`,
          'link set eth0 up',
          `route add default via ${addresses.gateway}`,
        );
      }
      return `${lines.join('\n')}\n`;
    },
    hostBatch: (sandboxId) =>
      `link set ${interfaceOf(sandboxId)} master ${options.bridge} up\nlink set ${interfaceOf(sandboxId)} type bridge_slave hairpin on\n`,
    publish,
    remove: () => removePodNetwork(host, options.bridge),
  };
}

/**
 * The link address that belongs to an IPv4 address (kubenet's prefix). A bridge without one of its own takes the lowest of its ports,
 * and a pod with a random one is not found at an address that another had before: both lose packets until neighbours ask again.
 */
export const linkAddressOf = (address: string): string => ['0a', '58', ...hexBytes(address)].join(':');

const tableOf = (bridge: string): string => `nodelet_${bridge.replaceAll('-', '_')}`;

/** Takes a bridge and its rules away, whoever made them; what is not there is fine. */
export async function removePodNetwork({ processes }: Host, bridge: string): Promise<void> {
  await Promise.allSettled([
    processes.run('nft', ['delete', 'table', 'ip', tableOf(bridge)]),
    processes.run('ip', ['link', 'del', bridge]),
  ]);
}

/** What stands for the network where containers share the host's. */
export function noPodNetwork(subnet: string): PodNetwork {
  return {
    addresses: createAddressPool(parseSubnet(subnet)),
    cni: null,
    past: null,
    problem: null,
    notices: [],
    interfaceOf: () => '',
    insideBatch: () => '',
    hostBatch: () => '',
    publish: async () => undefined,
    remove: async () => undefined,
  };
}

/** The MTU of the default route's interface, so that packets of pods fit where they go; 1500 when there is none. */
async function uplinkMtu(host: Host): Promise<number> {
  try {
    const routes = await host.files.readFile('/proc/net/route', 'utf8');
    const name = routes
      .split('\n')
      .map((line) => line.split('\t'))
      .find((fields) => fields[1] === '00000000')?.[0];
    const mtu = name ? Number(await host.files.readFile(`/sys/class/net/${name}/mtu`, 'utf8')) : 1500;
    return mtu >= 576 && mtu <= 65535 ? mtu : 1500;
  } catch {
    return 1500;
  }
}
