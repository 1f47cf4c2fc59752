/** Where the secure port's certificate comes from: the cluster's authority, configured files, or one of the kubelet's own making. */
import type { MetricFamily } from '../../metrics/family.ts';
import { certificateMetrics } from '../stats/certificate-metrics.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { ConfigError, type KubeletConfiguration } from '../config.ts';
import { requestedCertificate } from './requested-certificate.ts';
import { servingCertificate } from './serving-certificate.ts';
import type { ServingCertificate } from './server.ts';

export interface CertificateNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface KubeletCertificateOptions {
  readonly config: Pick<KubeletConfiguration, 'tlsCertFile' | 'tlsPrivateKeyFile' | 'serverTLSBootstrap'>;
  readonly client: KubeClient | undefined;
  readonly nodeName: string;
  /** Where certificates are kept that no file of the configuration names. */
  readonly certDir: string;
  /** What this node is called now. */
  readonly names: () => CertificateNames;
  readonly host: Host;
  readonly log: Logger;
  /** Called with each certificate that replaces the one before it. */
  readonly onChange: (certificate: ServingCertificate) => void;
}

export interface KubeletCertificate {
  /** Empty while the cluster's authority has granted none: every handshake fails so long, as in the original. */
  readonly current: ServingCertificate;
  /** Fields of the configuration in effect, for `/configz`. */
  readonly files: Partial<Pick<KubeletConfiguration, 'tlsCertFile' | 'tlsPrivateKeyFile'>>;
  /** What is measured of a certificate that the cluster grants. */
  readonly families: readonly MetricFamily[];
  close(): Promise<void>;
}

const NONE: ServingCertificate = { cert: '', key: '' };

/** Throws ConfigError for what cannot be: no API server to ask, or files that cannot be used. */
export async function kubeletCertificate(options: KubeletCertificateOptions): Promise<KubeletCertificate> {
  const { config, client } = options;
  if (config.serverTLSBootstrap) {
    if (client === undefined) throw new ConfigError('no client provided, cannot use serverTLSBootstrap');
    const observer = certificateMetrics('server', options.host.clock);
    const requested = await requestedCertificate({ ...options, client, observer });
    return {
      get current() {
        return requested.current ?? NONE;
      },
      files: {},
      families: observer.families(() => requested.current?.cert),
      close: () => requested.close(),
    };
  }
  const handle = await servingCertificate({ ...options, ...options.names() });
  return {
    get current() {
      return handle.current;
    },
    files: handle.files,
    families: [],
    close: () => Promise.resolve(handle.close()),
  };
}
