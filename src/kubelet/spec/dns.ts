/** Name resolution and host names of a pod (kubernetes `pkg/kubelet/network/dns/dns.go`, `pkg/kubelet/kubelet_pods.go`). */
import type { DnsConfig } from '../../runtime/runtime.ts';
import type { NodePod } from '../pods/pod.ts';

export interface DnsSettings {
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** The node's own, as parsed from its resolv.conf. */
  readonly host: DnsConfig;
}

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;
const MAX_HOSTNAME = 63;
const MAX_KERNEL_HOSTNAME = 64;

export interface PodDns {
  readonly config: DnsConfig;
  /** Events to send: what was left out, or why the policy could not be followed. */
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
}

/** The resolver configuration by dnsPolicy, with dnsConfig merged in and the limits applied. */
export function podDns(pod: NodePod, settings: DnsSettings): PodDns {
  const { spec, metadata } = pod;
  const warnings: { reason: string; message: string }[] = [];
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const wantsCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && spec.hostNetwork !== true);
  let config: DnsConfig = settings.host;
  if (policy === 'None') config = { servers: [], searches: [], options: [] };
  else if (wantsCluster && settings.clusterDNS.length === 0)
    warnings.push({
      reason: 'MissingClusterDNS',
      message: `kubelet does not have ClusterDNS IP configured and cannot create Pod using "${policy}" policy. Falling back to "Default" policy.`,
    });
  else if (wantsCluster) {
    const domain = settings.clusterDomain;
    const own = domain === '' ? [] : [`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain];
    config = { servers: settings.clusterDNS, searches: unique([...own, ...settings.host.searches]), options: ['ndots:5'] };
  }
  const extra = spec.dnsConfig ?? {};
  const merged: DnsConfig = {
    servers: unique([...config.servers, ...(extra.nameservers ?? [])]),
    searches: unique([...config.searches, ...(extra.searches ?? [])]),
    options: mergeOptions(config.options, extra.options ?? []),
  };
  return { config: limited(merged, warnings), warnings };
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

function mergeOptions(base: readonly string[], extra: readonly { name?: string; value?: string }[]): string[] {
  const merged = new Map(base.map((option): [string, string] => [option.split(':')[0] ?? option, option]));
  for (const { name = '', value } of extra) merged.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  return [...merged.values()];
}

function limited(config: DnsConfig, warnings: { reason: string; message: string }[]): DnsConfig {
  const servers = config.servers.slice(0, MAX_SERVERS);
  if (servers.length < config.servers.length)
    warnings.push({
      reason: 'DNSConfigForming',
      message: `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
    });
  const searches = config.searches.slice(0, MAX_SEARCHES);
  while (searches.join(' ').length > MAX_SEARCH_LENGTH) searches.pop();
  if (searches.length < config.searches.length)
    warnings.push({
      reason: 'DNSConfigForming',
      message: `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
    });
  return { servers, searches, options: config.options };
}

/** Reads the text of a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    else if (keyword === 'search') searches = values.map((v) => (v === '.' ? v : v.replace(/\.$/, '')));
    else if (keyword === 'options') options = values;
  }
  return { servers, searches, options };
}

/** The pod's host name and its domain within the cluster, which is empty without a subdomain. */
export function podHostname(pod: NodePod, clusterDomain: string): { hostname: string; domain: string } {
  const { hostname, subdomain } = pod.spec;
  const name = hostname !== undefined && hostname !== '' ? hostname : pod.metadata.name;
  const short = name.length > MAX_HOSTNAME ? name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '') : name;
  const domain = subdomain !== undefined && subdomain !== '' ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  return { hostname: short, domain };
}

/** What the kernel says in the pod's UTS namespace; empty on the host's. Throws when a full name is too long. */
export function kernelHostname(pod: NodePod, clusterDomain: string): string {
  if (pod.spec.hostNetwork === true) return '';
  const { hostname, domain } = podHostname(pod, clusterDomain);
  if (pod.spec.setHostnameAsFQDN !== true || domain === '') return pod.spec.hostnameOverride ?? hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > MAX_KERNEL_HOSTNAME)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_KERNEL_HOSTNAME} characters is the max, ${full.length} characters requested)`,
    );
  return full;
}
