/** The hosts file that the kubelet writes for a pod (kubernetes `pkg/kubelet/kubelet_pods.go`, managedHostsFileContent). */
import type { NodePod } from '../pods/pod.ts';
import { podHostname } from './dns.ts';

const FIXED = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** `nodeHosts` is the node's own file: it is what a pod on the host's network sees. */
export function hostsFile(pod: NodePod, podIPs: readonly string[], clusterDomain: string, nodeHosts: string): string {
  const aliases = hostAliases(pod);
  if (pod.spec.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliases}`;
  const { hostname, domain } = podHostname(pod, clusterDomain);
  const lines = podIPs.map((ip) => (domain === '' ? `${ip}\t${hostname}` : `${ip}\t${hostname}.${domain}\t${hostname}`));
  return `${['# Kubernetes-managed hosts file.', ...FIXED, ...lines].join('\n')}\n${aliases}`;
}

function hostAliases({ spec }: NodePod): string {
  const aliases = spec.hostAliases ?? [];
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}
