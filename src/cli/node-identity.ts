/** How a kubelet comes to its connection: a kubeconfig, or a bootstrap kubeconfig that gets it one (kubelet `certificate/bootstrap/bootstrap.go`). */
import { join } from 'node:path';
import { parseCertificate, pemCertificates } from '../auth/x509/x509.ts';
import { KubeconfigError, loadKubeconfig } from '../client/kubeconfig.ts';
import type { Connection } from '../client/transport.ts';
import { clientCertificate } from '../kubelet/auth/client-certificate.ts';
import { CLIENT } from '../kubelet/server/requested-certificate.ts';
import type { MetricFamily } from '../metrics/family.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import { kubeconfigWithFiles, writeKubeconfigText } from './kubeconfig.ts';
import { UserError } from './user-error.ts';

export interface NodeIdentityOptions {
  readonly kubeconfig: string | undefined;
  readonly bootstrapKubeconfig: string | undefined;
  readonly certDir: string;
  /** `rotateCertificates`. */
  readonly rotate: boolean;
  readonly nodeName: string;
  /** Resolves when the program is told to stop. */
  readonly stop: Promise<unknown>;
}

export interface NodeIdentity {
  /** Absent when the kubelet runs alone. */
  readonly connection: Connection | undefined;
  /** What is measured of a certificate that is renewed. */
  readonly families: readonly MetricFamily[];
  close(): Promise<void>;
}

/** Waits for the first certificate where there is none. Throws a UserError for a file that cannot be used. */
export async function nodeIdentity(options: NodeIdentityOptions, host: Host, log: Logger): Promise<NodeIdentity | 'stopped'> {
  const { kubeconfig, bootstrapKubeconfig, certDir, nodeName } = options;
  const plain = (connection: Connection | undefined): NodeIdentity => ({ connection, families: [], close: () => Promise.resolve() });
  if (kubeconfig === undefined) {
    if (bootstrapKubeconfig !== undefined) throw new UserError('--bootstrap-kubeconfig needs --kubeconfig: the file to write');
    return plain(undefined);
  }
  const joins = bootstrapKubeconfig !== undefined && !(await isUsable(kubeconfig, host));
  const connection = await connectionOf(joins ? bootstrapKubeconfig : kubeconfig);
  if (!joins && !options.rotate) return plain(connection);
  const { server, ca, serverName, insecureSkipVerify } = connection;
  const place: Connection = {
    server,
    ...(ca !== undefined && { ca }),
    ...(serverName !== undefined && { serverName }),
    ...(insecureSkipVerify !== undefined && { insecureSkipVerify }),
  };
  const certificate = await clientCertificate({
    connection: joins ? place : connection,
    bootstrap: joins ? connection : undefined,
    nodeName,
    certDir,
    host,
    log: log.scope('certificate'),
  });
  const stopped = await Promise.race([certificate.granted.then(() => false), options.stop.then(() => true)]);
  if (stopped) {
    await certificate.close();
    return 'stopped';
  }
  if (joins) {
    const file = join(certDir, CLIENT.file);
    await writeKubeconfigText(kubeconfig, kubeconfigWithFiles({ server, ca, certFile: file, keyFile: file, user: 'default-auth' }), host);
  }
  if (!options.rotate) {
    await certificate.close();
    return plain(await connectionOf(kubeconfig));
  }
  return certificate;
}

/** The file is there and its certificate, if it has one, has not run out. */
async function isUsable(path: string, host: Host): Promise<boolean> {
  try {
    const { cert } = await loadKubeconfig(path);
    return cert === undefined || pemCertificates(cert).every((der) => parseCertificate(der).notAfter > host.clock.now());
  } catch {
    return false;
  }
}

async function connectionOf(path: string): Promise<Connection> {
  try {
    return await loadKubeconfig(path);
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UserError(error.message);
    throw error;
  }
}
