/** The kubelet with its runtime, access control and HTTP servers, as `up` and `kubelet` start it. */
import type { MetricFamily } from '../metrics/family.ts';
import { join } from 'node:path';
import { createKubeClient } from '../client/rest-client.ts';
import type { Connection } from '../client/transport.ts';
import { kubeletAccess } from '../kubelet/auth/access.ts';
import type { KubeletConfiguration } from '../kubelet/config.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import { createKubeletMetrics } from '../kubelet/stats/kubelet-metrics.ts';
import { accessObserver, requestObserver } from '../kubelet/stats/observers.ts';
import type { ServerFeatures } from '../kubelet/server/route.ts';
import { kubeletCertificate, type CertificateNames } from '../kubelet/server/kubelet-certificate.ts';
import { startKubeletServer, type KubeletServerHandle } from '../kubelet/server/server.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Host } from '../util/host.ts';
import type { Logger, Verbosity } from '../util/log.ts';
import { KUBERNETES_VERSION } from '../util/version.ts';

export interface KubeletHalfOptions {
  readonly config: KubeletConfiguration;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly rootDir: string;
  readonly podLogsDir: string;
  readonly containerLogsDir: string;
  readonly cgroupRoot: string;
  /** How the API server is reached; absent when the kubelet runs alone. */
  readonly connection: Connection | undefined;
  /** More families of `/metrics`. */
  readonly families?: readonly MetricFamily[];
  /** Where serving certificates are kept that the configuration does not name, and what they are to be called. */
  readonly certDir: string;
  readonly names: () => CertificateNames;
  readonly runtime: Runtime;
  /** Programs that know credentials for registries. */
  readonly credentialProviders?: { readonly config: string; readonly binDir: string };
  /** Labels that the Node is registered with. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly features: ServerFeatures;
  /** Every flag as text, for `/flagz`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly host: Host;
  readonly log: Logger;
  readonly verbosity: Verbosity;
}

export interface KubeletHalf {
  readonly addresses: KubeletServerHandle['addresses'];
  /** Ends the kubelet; containers go on running, and the runtime is open for whoever opened it. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 2_000;

export async function startKubeletHalf(options: KubeletHalfOptions): Promise<KubeletHalf> {
  const { config, host, log, verbosity } = options;
  const metrics = createKubeletMetrics();
  const client =
    options.connection &&
    createKubeClient(
      { userAgent: 'kubelet/nodelet', ...options.connection },
      host.clock,
      requestObserver(metrics, options.connection.server),
    );
  let server: KubeletServerHandle | undefined;
  const certificate = await kubeletCertificate({
    ...options,
    client,
    log: log.scope('certificate'),
    onChange: (pair) => server?.reload(pair, access.clientCA()),
  });
  const access = await kubeletAccess({
    config,
    client,
    host,
    log,
    observer: accessObserver(metrics),
    onClientCA: (pem) => server?.reload(certificate.current, pem),
  }).catch(async (error: unknown) => {
    await certificate.close();
    throw error;
  });
  const clientCA = access.clientCA();
  const kubelet = await startKubelet({ ...options, client, metrics, version: KUBERNETES_VERSION });
  try {
    server = await startKubeletServer({
      config: { ...config, ...certificate.files },
      view: kubelet.view,
      tls: certificate.current,
      ...(clientCA !== undefined && { clientCA }),
      authenticate: access.authenticate,
      authorize: access.authorize,
      host,
      log,
      verbosity,
      flags: options.flags,
      features: options.features,
      version: KUBERNETES_VERSION.slice(1),
      checkpointsDir: join(options.rootDir, 'checkpoints'),
      measurements: {
        ...kubelet.measurements,
        families: [...(kubelet.measurements.families ?? []), ...certificate.families, ...(options.families ?? [])],
      },
    });
  } catch (error) {
    access.close();
    await certificate.close();
    await kubelet.close();
    client?.close();
    throw error;
  }
  const started = server;
  return {
    addresses: started.addresses,
    close: async () => {
      await started.close(CLOSE_GRACE_MS);
      access.close();
      await certificate.close();
      await kubelet.close();
      client?.close();
    },
  };
}
