/** `nodelet kubelet`: the node agent alone, joined to any API server by --kubeconfig, or alone on manifests. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../kubelet/config.ts';
import { flagTexts, KUBELET_FLAGS } from '../kubelet/flags.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import { helpText, parseFlags, type FlagTable } from '../util/flags.ts';
import { systemHost } from '../util/host.ts';
import { createLogger } from '../util/log.ts';
import { startKubeletHalf } from './kubelet-half.ts';
import { loadConfiguration } from './kubelet-configuration.ts';
import { credentialProviders, RUNTIME_FLAGS, processRuntimeExtras } from './runtime-flags.ts';
import { chooseRuntime, DEFAULT_POD_CIDR, runtimeWish } from './runtime.ts';
import { nodeIdentity } from './node-identity.ts';
import { boundHeapGrowth } from './small-heap.ts';
import { stopSignal } from './stop-signal.ts';
import { allAddresses, nodeAddresses } from './up/machine.ts';
import { explainListenError, explainStartError, UserError } from './user-error.ts';

const OWN_FLAGS = [
  ...RUNTIME_FLAGS,
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
  boundHeapGrowth();
  const stop = stopSignal();

  const config = await loadConfiguration(parsed, host);
  const nodeName = (values['hostname-override'] ?? hostname()).toLowerCase();
  const identity = await nodeIdentity(
    {
      kubeconfig: values.kubeconfig,
      bootstrapKubeconfig: values['bootstrap-kubeconfig'],
      certDir: values['cert-dir'],
      rotate: config.rotateCertificates,
      nodeName,
      stop,
    },
    host,
    log,
  );
  if (identity === 'stopped') return 0;
  const { connection } = identity;
  const nodeIPs = nodeAddresses(values['node-ip'], '127.0.0.1');
  const rootDir = values['root-dir'];
  try {
    const { runtime, name, why } = await chooseRuntime(
      runtimeWish(values.runtime, config, parsed.given.has('container-runtime-endpoint')),
      {
        runtime: join(rootDir, 'runtime'),
        images: join(rootDir, 'images'),
        podCIDR: config.podCIDR === '' ? DEFAULT_POD_CIDR : config.podCIDR,
        hidden: [values['cert-dir']],
        ...processRuntimeExtras(values, parsed.given, config.podCIDR),
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
      certDir: values['cert-dir'],
      families: identity.families,
      names: () => ({ dnsNames: [nodeName], ipAddresses: config.serverTLSBootstrap ? nodeIPs : allAddresses() }),
      runtime,
      nodeLabels: values['node-labels'],
      ...credentialProviders(values),
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
    await identity.close();
    return 0;
  } catch (error) {
    if (error instanceof RuntimeError || error instanceof ConfigError) throw new UserError(error.message);
    throw explainListenError(error) ?? explainStartError(error, 'cannot start the kubelet') ?? error;
  }
}
