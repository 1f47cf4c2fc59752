/** The kubelet's configuration under `up`: the file's and the flags', with the places of the data directory filled in. */
import { join } from 'node:path';
import type { KubeletConfiguration } from '../../kubelet/config.ts';
import type { FlagTable, ParsedFlags } from '../../util/flags.ts';
import type { Host } from '../../util/host.ts';
import { loadConfiguration } from '../kubelet-configuration.ts';
import type { DataDir } from './data-dir.ts';

/** Without a file, `up` starts from the safe defaults of an empty one: anonymous off, no read-only port. */
const EMPTY = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const CLUSTER_DOMAIN = 'cluster.local';

/** Throws a UserError for a file that cannot be read or a value that is wrong. */
export async function kubeletConfiguration(
  parsed: Pick<ParsedFlags<FlagTable>, 'values' | 'given'>,
  dir: DataDir,
  host: Host,
): Promise<KubeletConfiguration> {
  const config = await loadConfiguration(parsed, host, EMPTY);
  const { x509 } = config.authentication;
  return {
    ...config,
    authentication: {
      ...config.authentication,
      x509: { ...x509, clientCAFile: x509.clientCAFile === '' ? join(dir.pki, 'ca.crt') : x509.clientCAFile },
    },
    tlsCertFile: config.tlsCertFile === '' ? join(dir.pki, 'kubelet.crt') : config.tlsCertFile,
    tlsPrivateKeyFile: config.tlsPrivateKeyFile === '' ? join(dir.pki, 'kubelet.key') : config.tlsPrivateKeyFile,
    clusterDomain: config.clusterDomain === '' ? CLUSTER_DOMAIN : config.clusterDomain,
  };
}

/** Below it are the pods' control groups when nothing says where: away from those of another kubelet on this machine. */
const CGROUP_ROOT = '/nodelet';

/** Where the pods' control groups are. The configuration leaves it open, as the original's does. */
export function cgroupRootOf(config: Pick<KubeletConfiguration, 'cgroupRoot'>, given: ReadonlySet<string>): string {
  return config.cgroupRoot === '' && !given.has('cgroup-root') ? CGROUP_ROOT : config.cgroupRoot;
}
