/** `nodelet up`: both halves on this machine, in one process, joined by HTTPS. Read this as a table of contents. */
import { hostname } from 'node:os';
import { advertised, APISERVER_FLAGS, auditOf, flagsAsText } from '../../apiserver/flags.ts';
import { ensurePki, type Pki } from '../../auth/pki.ts';
import { flagTexts } from '../../kubelet/flags.ts';
import { removePodNetwork } from '../../runtime/process/network.ts';
import { helpText, parseFlags } from '../../util/flags.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { createLogger, type Logger } from '../../util/log.ts';
import { startApiServerHalf, type ApiServerHalf } from '../apiserver-half.ts';
import { startKubeletHalf, type KubeletHalf } from '../kubelet-half.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { readNamedFile } from '../named-file.ts';
import { bridgeName, chooseRuntime, DEFAULT_POD_CIDR, type ChosenRuntime } from '../runtime.ts';
import { stopSignal } from '../stop-signal.ts';
import { explainListenError, explainStartError } from '../user-error.ts';
import { addressIn } from './addresses.ts';
import { announcement } from './announce.ts';
import { kubeletConfiguration } from './configuration.ts';
import { startControllers } from './controllers.ts';
import { dataDirAt, openDataDir, type DataDir } from './data-dir.ts';
import { UP_APISERVER_FLAGS, UP_FLAGS, UP_KUBELET_FLAGS } from './flags.ts';
import { writeMachineRecord } from './machine-record.ts';
import { allAddresses, ensureServiceInterface, hostAddress, isLinuxRoot, removeServiceAddresses } from './machine.ts';
import { removeContainers } from './remove-containers.ts';

export const help = (): string => `Starts an API server and a kubelet on this machine and runs until it is told to stop.
Containers go on running when it stops (unless --rm); the next start finds them again.

Usage: nodelet up [flags]

Flags of up:
${helpText(UP_FLAGS)}
Flags of the kubelet:
${helpText(UP_KUBELET_FLAGS)}
Flags of the API server:
${helpText(UP_APISERVER_FLAGS)}`;

const HOUR_MS = 3_600_000;
const ADDRESS_CHECK_MS = 60_000;
const CLOSE_GRACE_MS = 2_000;
const LOCALHOST = '127.0.0.1';
/** Where pods find the API server. */
const SERVICE_PORT = 443;

export async function run(argv: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const host = systemHost;
  const parsed = parseFlags([...UP_FLAGS, ...UP_KUBELET_FLAGS, ...UP_APISERVER_FLAGS], argv);
  const flags = parseFlags(UP_FLAGS, []).values;
  const own = { ...flags, ...pick(parsed.values, UP_FLAGS) };
  const api = { ...parseFlags(APISERVER_FLAGS, []).values, ...pick(parsed.values, UP_APISERVER_FLAGS) };
  const verbosity = { level: parsed.values.v };
  const log = createLogger({ verbosity });
  for (const notice of parsed.notices) log.warn(notice);
  process.title = 'nodelet kubelet apiserver';

  const dir = dataDirAt(own['data-dir']);
  const config = await kubeletConfiguration(parsed, dir, host);
  await openDataDir(dir, host);
  const stop = stopSignal();

  // Where everything is on this machine.
  const nodeName = (parsed.values['hostname-override'] ?? hostname()).toLowerCase();
  const serviceIP = addressIn(api['service-cluster-ip-range'], 1);
  const podCIDR = config.podCIDR === '' ? DEFAULT_POD_CIDR : config.podCIDR;
  const gateway = addressIn(podCIDR, 1);
  const nodeIPs = nodeAddresses(parsed.values['node-ip'], gateway);
  const serviceAddresses = [serviceIP, addressIn(api['service-cluster-ip-range'], 10)];
  await writeMachineRecord(dir, { podCIDR, bridge: bridgeName(podCIDR), serviceAddresses, cgroupRoot: config.cgroupRoot }, host);
  const hasInterface = isLinuxRoot() && (await ensureServiceInterface(serviceAddresses, host, log));
  const apiAddress = parsed.given.has('bind-address') ? api['bind-address'] : LOCALHOST;
  const listen = [{ host: apiAddress, port: api['secure-port'] }, ...(hasInterface ? [{ host: serviceIP, port: SERVICE_PORT }] : [])];
  const pkiFor = (): Promise<Pki> =>
    ensurePki(dir.pki, {
      hostnames: ['localhost', hostname(), ...KUBERNETES_NAMES],
      ips: [...new Set([LOCALHOST, serviceIP, gateway, ...nodeIPs, ...allAddresses()])],
      nodeName,
      files: host.files,
      now: host.clock.now(),
    });

  // The API server, and how to reach it.
  let pki = await pkiFor();
  const apiServer = await startApi(pki, dir, listen, serviceIP, api, host, log);
  const server = `https://${apiAddress === '0.0.0.0' ? LOCALHOST : apiAddress}:${apiServer.addresses[0]?.port ?? 0}`;
  const resumed = (await host.files.stat(dir.kubeconfig).catch(() => undefined)) !== undefined;
  await writeKubeconfig(
    dir.kubeconfig,
    { server, ca: pki.ca.cert, cert: pki.admin.cert, key: pki.admin.key, user: 'kubernetes-admin' },
    host,
  );

  // The controllers, each with its own identity.
  await apiServer.ready;
  const controllers = startControllers(server, pki, host, log);

  // The kubelet over its runtime.
  let chosen: ChosenRuntime | undefined;
  let kubelet: KubeletHalf | undefined;
  let stopping = false;
  const close = async (): Promise<void> => {
    controllers.stop();
    await kubelet?.close();
    // Only now: a running kubelet would start them again.
    if (stopping && own.rm && chosen !== undefined) await removeContainers(chosen.runtime, log);
    await chosen?.runtime.close();
    await apiServer.close(CLOSE_GRACE_MS);
  };
  try {
    chosen = await chooseRuntime(own.runtime, { runtime: dir.runtime, images: dir.images, podCIDR, hidden: [dir.root] }, host, log);
    kubelet = await startKubeletHalf({
      config,
      nodeName,
      nodeIPs,
      rootDir: dir.kubelet,
      podLogsDir: dir.podLogs,
      containerLogsDir: dir.containerLogs,
      cgroupRoot: config.cgroupRoot,
      connection: { server, ca: pki.ca.cert, cert: pki.kubeletClient.cert, key: pki.kubeletClient.key },
      certDir: dir.pki,
      names: () => ({ dnsNames: [nodeName], ipAddresses: nodeIPs }),
      runtime: chosen.runtime,
      nodeLabels: parsed.values['node-labels'],
      features: { legacyEndpoints: parsed.values['legacy-endpoints'], apiExtensions: parsed.values['kubelet-api-extensions'] },
      flags: flagTexts(parsed),
      host,
      log,
      verbosity,
    });
  } catch (error) {
    await close();
    throw explainListenError(error) ?? error;
  }

  const { notices } = await chosen.runtime.status();
  const terminal = process.stdout.isTTY;
  process.stdout.write(
    announcement(
      {
        nodeName,
        apiServer: apiServer.addresses.map((address) => `https://${address.host}:${address.port}`),
        kubelet: kubelet.addresses.secure === undefined ? 'off' : `https://${nodeIPs[0] ?? LOCALHOST}:${kubelet.addresses.secure.port}`,
        runtime: chosen.name,
        why: chosen.why,
        notices,
        dataDir: dir.root,
        kubeconfig: dir.kubeconfig,
        tookMs: performance.now() - startedAt,
        resumed,
      },
      terminal ? (text) => `\u001b[1m${text}\u001b[0m` : undefined,
    ),
  );

  // Certificates follow the addresses of the machine and the calendar.
  let known = allAddresses().toSorted().join();
  let checkedAt = host.clock.now();
  const renewal = host.clock.every(ADDRESS_CHECK_MS, () => {
    const present = allAddresses().toSorted().join();
    if (present === known && host.clock.now() - checkedAt < HOUR_MS) return;
    known = present;
    checkedAt = host.clock.now();
    void renew().catch((error: unknown) => log.error('Certificates could not be renewed', { error }));
  });
  async function renew(): Promise<void> {
    pki = await pkiFor();
    if (pki.written.length === 0) return;
    log.info('Renewed certificates', { files: pki.written });
    apiServer.reload(tlsOf(pki));
    // The kubelet watches its own.
  }

  const signal = await stop;
  log.info('Stopping', { signal, containers: own.rm ? 'removed' : 'left running' });
  renewal.cancel();
  stopping = true;
  await close();
  if (own.rm) {
    await removePodNetwork(host, bridgeName(podCIDR));
    await removeServiceAddresses(serviceAddresses, host);
  }
  return 0;
}

const KUBERNETES_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];

/** The addresses that `--node-ip` names, or the machine's own; the pod bridge's where it has none. */
function nodeAddresses(asked: string | undefined, gateway: string): string[] {
  const named = (asked ?? '').split(',').filter((address) => address !== '' && address !== '0.0.0.0' && address !== '::');
  return named.length > 0 ? named : [hostAddress() ?? gateway];
}

type ApiFlags = ReturnType<typeof parseFlags<typeof APISERVER_FLAGS>>['values'];

async function startApi(
  pki: Pki,
  dir: DataDir,
  listen: { host: string; port: number }[],
  serviceIP: string,
  flags: ApiFlags,
  host: Host,
  log: Logger,
): Promise<ApiServerHalf> {
  const readFlag = async (
    name: 'kubelet-client-certificate' | 'kubelet-client-key' | 'kubelet-certificate-authority',
  ): Promise<string | undefined> => {
    const path = flags[name];
    return path === undefined ? undefined : readNamedFile(`--${name}`, path, host);
  };
  try {
    const [cert, key, ca] = await Promise.all([
      readFlag('kubelet-client-certificate'),
      readFlag('kubelet-client-key'),
      readFlag('kubelet-certificate-authority'),
    ]);
    return await startApiServerHalf({
      listen,
      tls: tlsOf(pki),
      store: dir.store,
      clientCA: pki.ca.cert,
      serviceAccountKey: pki.serviceAccount.key,
      issuer: flags['service-account-issuer'],
      audiences: flags['api-audiences'],
      anonymous: true,
      authorizationModes: ['Node', 'RBAC'],
      serviceIP,
      serviceRange: flags['service-cluster-ip-range'],
      audit: auditOf(flags),
      flags: flagsAsText(flags),
      // Where it listens for pods, else where it is told that others reach it.
      advertise: listen.find(({ host: address }) => address === serviceIP) ?? advertised(flags),
      kubelet: {
        cert: cert ?? pki.apiserverKubeletClient.cert,
        key: key ?? pki.apiserverKubeletClient.key,
        ca: ca ?? pki.ca.cert,
        // The node's name resolves nowhere on a machine of its own: its address comes first.
        preferredAddressTypes: ['InternalIP', ...flags['kubelet-preferred-address-types'].filter((type) => type !== 'InternalIP')],
      },
      host,
      log,
    });
  } catch (error) {
    throw explainListenError(error) ?? explainStartError(error, `cannot open the store ${dir.store}`) ?? error;
  }
}

function tlsOf(pki: Pki): { cert: string; key: string; requestClientCert: true; clientCAs: string } {
  return { cert: pki.apiserver.cert, key: pki.apiserver.key, requestClientCert: true, clientCAs: pki.ca.cert };
}

/** The values of one table's flags out of a larger set. */
function pick(values: Readonly<Record<string, unknown>>, table: readonly { readonly name: string }[]): Record<string, never> {
  return Object.fromEntries(table.filter(({ name }) => values[name] !== undefined).map(({ name }) => [name, values[name] as never]));
}
