/** The pods' network where CNI plugins make it: `lo` is made here, all else by them. */
import type { Host } from '../../../util/host.ts';
import { errorText, type Logger } from '../../../util/log.ts';
import { createAddressPool, parseSubnet } from '../address-pool.ts';
import type { PodNetwork } from '../network.ts';
import { hostPortRules, type HostPorts } from '../network-rules.ts';
import { helperEnvironment } from '../tools.ts';
import type { Cni } from './cni.ts';

/** nftables table of the host ports that no plugin publishes; `name` tells runtimes of one machine apart. */
const tableOf = (name: string): string => `nodelet_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}_cni`;

export interface CniNetworkOptions {
  readonly host: Host;
  readonly log: Logger;
  /** Tells this runtime from others of the machine. */
  readonly name: string;
}

/** Never rejects for the machine's lack: `problem` says it, and says it again when it is asked again. */
export async function openCniNetwork(cni: Cni, options: CniNetworkOptions): Promise<PodNetwork> {
  const { host, log, name } = options;
  const publishesPorts = await cni.publishesPorts();
  let published = false;

  async function publish(ports: readonly HostPorts[]): Promise<void> {
    const wanted = publishesPorts ? [] : ports;
    if (wanted.length === 0 && !published) return;
    const outcome = await host.processes
      .run('nft', ['-f', '-'], { input: hostPortRules(tableOf(name), wanted), env: { ...helperEnvironment } })
      .catch((error: unknown) => ({ code: 1, stderr: errorText(error) }));
    if (outcome.code !== 0) throw new Error(`nft: ${outcome.stderr.toString().trim()}`);
    published = wanted.length > 0;
  }

  const problem = await cni.problem();
  if (problem !== null) log.warn('Pods get no network', { error: problem });
  return {
    addresses: createAddressPool(parseSubnet('192.0.2.0/24')),
    cni,
    past: cni,
    problem,
    notices: [],
    interfaceOf: (sandboxId) => `nl${sandboxId.slice(0, 12)}`,
    insideBatch: () => 'link set lo up\n',
    hostBatch: () => '',
    publish,
    remove: () => removeCniPorts(host, name),
  };
}

/** Takes the host ports away that no plugin published; none is fine. */
export async function removeCniPorts({ processes }: Host, name: string): Promise<void> {
  await processes.run('nft', ['delete', 'table', 'ip', tableOf(name)]).catch(() => undefined);
}

/** Whether `directory` has a file that looks like a configuration. */
export async function hasCniFiles({ files }: Host, directory: string): Promise<boolean> {
  return (await files.readdir(directory).catch(() => [])).some((name) => /\.(conflist|conf|json)$/.test(name));
}
