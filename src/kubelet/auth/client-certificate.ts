/** The kubelet's own client certificate: asked for with a bootstrap credential, and renewed in time (kubelet `certificate/{bootstrap,kubelet.go}`). */
import type { MetricFamily } from '../../metrics/family.ts';
import { certificateMetrics } from '../stats/certificate-metrics.ts';
import { createKubeClient } from '../../client/rest-client.ts';
import type { ClientIdentity, Connection } from '../../client/transport.ts';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import { CLIENT, requestedCertificate } from '../server/requested-certificate.ts';

export interface ClientCertificateOptions {
  /** Where the API server is, and the certificate to begin with, if there is one. */
  readonly connection: Connection;
  /** Who asks for the first certificate, when there is none. */
  readonly bootstrap: Connection | undefined;
  readonly nodeName: string;
  readonly certDir: string;
  readonly host: Host;
  readonly log: Logger;
  readonly random?: () => number;
}

export interface ClientCertificate {
  /** Asks with the newest certificate. */
  readonly connection: Connection;
  /** Resolves when there is a certificate. */
  readonly granted: Promise<void>;
  /** What is measured of it. */
  readonly families: readonly MetricFamily[];
  close(): Promise<void>;
}

const NO_NAMES = { dnsNames: [], ipAddresses: [] } as const;

/** Never rejects: what fails is logged and tried again. */
export async function clientCertificate(options: ClientCertificateOptions): Promise<ClientCertificate> {
  const { connection, bootstrap, nodeName, certDir, host, log } = options;
  const { cert, key, ...place } = connection;
  let tellGranted = (): void => undefined;
  const granted = new Promise<void>((resolve) => (tellGranted = resolve));
  let current: ClientIdentity | undefined = cert === undefined || key === undefined ? undefined : { cert, key };
  const joined: Connection = { ...place, identity: () => current };
  const own = createKubeClient(joined, host.clock);
  const first = bootstrap && createKubeClient(bootstrap, host.clock);
  const observer = certificateMetrics('client', host.clock);
  const handle = await requestedCertificate({
    observer,
    get client() {
      return current === undefined && first !== undefined ? first : own;
    },
    purpose: CLIENT,
    initial: current,
    anew: bootstrap !== undefined,
    names: () => NO_NAMES,
    nodeName,
    certDir,
    host,
    log,
    ...(options.random && { random: options.random }),
    onChange: (next) => {
      current = next;
      tellGranted();
    },
  });
  current = handle.current ?? current;
  if (current !== undefined) tellGranted();
  return {
    connection: joined,
    granted,
    families: observer.families(() => current?.cert),
    close: async () => {
      await handle.close();
      own.close();
      first?.close();
    },
  };
}
