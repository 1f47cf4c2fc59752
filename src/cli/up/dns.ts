/** The cluster's DNS beside `up`'s API server, on the service range's tenth address. */
import type { Pki } from '../../auth/pki.ts';
import { createKubeClient } from '../../client/rest-client.ts';
import { parseResolvConf } from '../../kubelet/spec/dns.ts';
import { startClusterDns, type ClusterDns } from '../../services/dns/dns.ts';
import type { Host } from '../../util/host.ts';
import type { UpSettings } from './settings.ts';

const PORT = 53;

export interface UpDns {
  /** What pods are told: the settings with the server in them, or as they were where there is none. */
  readonly settings: UpSettings;
  close(): Promise<void>;
}

/** Nothing is started where the user named other servers or this machine lacks the address; a port that is taken is said, and pods get the node's resolver. */
export async function startDns(settings: UpSettings, pki: Pki, server: string, onDnsIP: boolean, host: Host): Promise<UpDns> {
  const { config, dnsIP, log } = settings;
  const none = { settings, close: async () => undefined };
  if (!onDnsIP || (config.clusterDNS ?? []).length > 0) return none;
  const { cert, key } = pki.dns;
  const client = createKubeClient({ server, ca: pki.ca.cert, cert, key, userAgent: 'nodelet-dns' });
  const resolvConf = config.resolvConf ?? '/etc/resolv.conf';
  let dns: ClusterDns;
  try {
    dns = await startClusterDns({
      client,
      address: dnsIP,
      port: PORT,
      domain: config.clusterDomain,
      upstreams: async () => parseResolvConf(await host.files.readFile(resolvConf, 'utf8').catch(() => '')).servers,
      clock: host.clock,
      log,
    });
  } catch (error) {
    log.warn('Could not start the cluster DNS: pods get the resolver of the node', { address: `${dnsIP}:${PORT}`, error });
    client.close();
    return none;
  }
  return {
    settings: { ...settings, config: { ...config, clusterDNS: [dnsIP] } },
    close: async () => {
      await dns.close();
      client.close();
    },
  };
}
