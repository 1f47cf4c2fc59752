/** `nodelet kubelet`: the node agent alone, joined to any API server by --kubeconfig, or alone on manifests. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority, issueCertificate, pemCertificates, parseCertificate } from '../auth/x509/x509.ts';
import { KubeconfigError, loadKubeconfig } from '../client/kubeconfig.ts';
import type { Connection } from '../client/transport.ts';
import { ConfigError, loadKubeletConfiguration, type KubeletConfiguration } from '../kubelet/config.ts';
import { configurationOfFlags, flagTexts, KUBELET_FLAGS } from '../kubelet/flags.ts';
import type { ServingCertificate } from '../kubelet/server/server.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import { helpText, parseFlags, type FlagTable, type ParsedFlags } from '../util/flags.ts';
import { systemHost, type Host } from '../util/host.ts';
import { createLogger } from '../util/log.ts';
import { startKubeletHalf } from './kubelet-half.ts';
import { readNamedFile } from './named-file.ts';
import { chooseRuntime, DEFAULT_POD_CIDR } from './runtime.ts';
import { stopSignal } from './stop-signal.ts';
import { allAddresses, hostAddress } from './up/machine.ts';
import { explainListenError, explainStartError, UserError } from './user-error.ts';

const OWN_FLAGS = [
  { name: 'runtime', type: 'string', default: '', placeholder: 'process', help: 'The container runtime. Without it nodelet chooses.' },
  {
    name: 'container-logs-dir',
    type: 'string',
    default: '/var/log/containers',
    placeholder: 'DIR',
    help: 'Where the links to container logs are.',
  },
] as const satisfies FlagTable;
const FLAGS = [...OWN_FLAGS, ...KUBELET_FLAGS] as const;

export const help = (): string => `Starts the kubelet alone. With --kubeconfig it joins that cluster as a node; without, it runs the pods of
--pod-manifest-path. Flags and defaults are those of the original.

Usage: nodelet kubelet [flags]

Flags:
${helpText(FLAGS)}`;

export async function run(argv: readonly string[]): Promise<number> {
  const host = systemHost;
  const parsed = parseFlags(FLAGS, argv);
  const { values } = parsed;
  const verbosity = { level: values.v };
  const log = createLogger({ verbosity });
  for (const notice of parsed.notices) log.warn(notice);
  process.title = 'nodelet kubelet';
  const stop = stopSignal();

  const config = await configuration(values.config, parsed, host);
  const connection = values.kubeconfig === undefined ? undefined : await connectionOf(values.kubeconfig);
  const nodeName = (values['hostname-override'] ?? hostname()).toLowerCase();
  const asked = (values['node-ip'] ?? '').split(',').filter((address) => address !== '' && address !== '0.0.0.0' && address !== '::');
  const nodeIPs = asked.length > 0 ? asked : [hostAddress() ?? '127.0.0.1'];
  const rootDir = values['root-dir'];
  try {
    const serving = await servingCertificate(config, values['cert-dir'], nodeName, host);
    const { runtime, name, why } = await chooseRuntime(
      values.runtime,
      {
        runtime: join(rootDir, 'runtime'),
        images: join(rootDir, 'images'),
        podCIDR: config.podCIDR === '' ? DEFAULT_POD_CIDR : config.podCIDR,
        hidden: [values['cert-dir']],
      },
      host,
      log,
    );
    log.info('Container runtime', { runtime: name, why });
    const half = await startKubeletHalf({
      config,
      nodeName,
      nodeIPs,
      rootDir,
      podLogsDir: config.podLogsDir,
      containerLogsDir: values['container-logs-dir'],
      cgroupRoot: config.cgroupRoot,
      connection,
      serving,
      runtime,
      nodeLabels: values['node-labels'],
      features: { legacyEndpoints: values['legacy-endpoints'], apiExtensions: values['kubelet-api-extensions'] },
      flags: flagTexts(parsed),
      host,
      log,
      verbosity,
    });
    log.info('Kubelet started', {
      node: nodeName,
      secure: half.addresses.secure?.port,
      readOnly: half.addresses.readonly?.port,
      healthz: half.addresses.healthz?.port,
    });
    log.info('Stopping; containers are left running', { signal: await stop });
    await half.close();
    await runtime.close();
    return 0;
  } catch (error) {
    if (error instanceof RuntimeError || error instanceof ConfigError) throw new UserError(error.message);
    throw explainListenError(error) ?? explainStartError(error, 'cannot start the kubelet') ?? error;
  }
}

async function configuration(path: string | undefined, parsed: ParsedFlags<typeof FLAGS>, host: Host): Promise<KubeletConfiguration> {
  const text = path === undefined ? undefined : await readNamedFile('--config', path, host);
  try {
    return loadKubeletConfiguration(text, { overrides: configurationOfFlags(parsed), ...(path !== undefined && { path }) });
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(error.message);
    throw error;
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

const DAY_MS = 86_400_000;
const LIFE_MS = 365 * DAY_MS;

/** The configured certificate; else one of its own making in --cert-dir, kept until it is about to end (`InitializeTLS`). */
async function servingCertificate(
  config: KubeletConfiguration,
  certDir: string,
  nodeName: string,
  host: Host,
): Promise<ServingCertificate> {
  const { files, clock } = host;
  if (config.tlsCertFile !== '' && config.tlsPrivateKeyFile !== '') {
    const [cert, key] = await Promise.all([
      readNamedFile('tlsCertFile', config.tlsCertFile, host),
      readNamedFile('tlsPrivateKeyFile', config.tlsPrivateKeyFile, host),
    ]);
    return { cert, key };
  }
  const [certFile, keyFile] = [join(certDir, 'kubelet.crt'), join(certDir, 'kubelet.key')];
  const [cert, key] = await Promise.all([certFile, keyFile].map((file) => files.readFile(file, 'utf8').catch(() => '')));
  const now = clock.now();
  const [leaf] = cert === undefined || cert === '' ? [] : pemCertificates(cert);
  if (cert !== undefined && key !== undefined && key !== '' && leaf !== undefined && parseCertificate(leaf).notAfter > now + DAY_MS)
    return { cert, key };
  const at = Math.floor(now / 1000);
  const ca = createCertificateAuthority({ commonName: `${nodeName}-ca@${at}`, now, years: 1 });
  const made = issueCertificate({
    ca,
    subject: { commonName: `${nodeName}@${at}` },
    dnsNames: [nodeName],
    ipAddresses: allAddresses(),
    usages: ['serverAuth'],
    notBefore: now - 3_600_000,
    notAfter: now + LIFE_MS,
  });
  await files.mkdir(certDir, { recursive: true, mode: 0o755 });
  await files.writeFile(certFile, made.cert + ca.cert);
  await files.writeFile(keyFile, made.key, { mode: 0o600 });
  return { cert: made.cert + ca.cert, key: made.key };
}
