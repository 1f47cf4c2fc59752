import { RuntimeError, type DnsConfig } from '../runtime.ts';

/** The resolv.conf of a pod, in containerd's order of lines. */
export function resolvConf(dns: DnsConfig): string {
  const lines = [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * The file and value of each sysctl, which must belong to the pod's own network or ipc namespace
 * (runc `libcontainer/configs/validate`). Throws `unknown` with runc's text otherwise.
 */
export function sysctlFiles(
  sysctls: Readonly<Record<string, string>>,
  own: { readonly network: boolean; readonly ipc: boolean },
): [string, string][] {
  return Object.entries(sysctls).map(([name, value]) => {
    const dotted = name.replaceAll('/', '.');
    if (!/^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/.test(dotted)) throw new RuntimeError('unknown', `invalid sysctl name ${JSON.stringify(name)}`);
    const network = dotted.startsWith('net.');
    const ipc = IPC_SYSCTLS.has(dotted) || dotted.startsWith('fs.mqueue.');
    if (!network && !ipc) throw new RuntimeError('unknown', `sysctl ${JSON.stringify(dotted)} is not in a separate kernel namespace`);
    if ((network && !own.network) || (ipc && !own.ipc)) {
      throw new RuntimeError(
        'unknown',
        `sysctl ${JSON.stringify(dotted)} is not allowed in the host's ${network ? 'network' : 'ipc'} namespace`,
      );
    }
    return [`/proc/sys/${dotted.replaceAll('.', '/')}`, value];
  });
}

const IPC_SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);
