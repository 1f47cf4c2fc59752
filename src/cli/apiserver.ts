/** `nodelet apiserver`: the one-node API server alone. */
import { hostname } from 'node:os';
import { advertised, APISERVER_FLAGS, auditOf, flagsAsText, limitsOf } from '../apiserver/flags.ts';
import { ensurePki } from '../auth/pki.ts';
import { helpText, parseFlags, type FlagTable } from '../util/flags.ts';
import { systemHost } from '../util/host.ts';
import { createLogger } from '../util/log.ts';
import { startApiServerHalf } from './apiserver-half.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { readNamedFile, readNamedFiles } from './named-file.ts';
import { probedComponents } from './probed-components.ts';
import { keepHeapSmall } from './small-heap.ts';
import { stopSignal } from './stop-signal.ts';
import { addressIn } from './up/addresses.ts';
import { KUBERNETES_NAMES } from './up/certificates.ts';
import { dataDirAt, defaultDataDir, openDataDir } from './up/data-dir.ts';
import { allAddresses } from './up/machine.ts';
import { explainStartError } from './user-error.ts';

const OWN_FLAGS = [
  {
    name: 'data-dir',
    type: 'string',
    default: defaultDataDir(),
    placeholder: 'DIR',
    help: 'Where the store, keys and the kubeconfig are kept; in place of etcd.',
  },
  { name: 'v', short: 'v', type: 'int', default: 0, placeholder: 'LEVEL', help: 'How much to log.' },
] as const satisfies FlagTable;
const FLAGS = [...OWN_FLAGS, ...APISERVER_FLAGS] as const;
const CLOSE_GRACE_MS = 2_000;

export const help = (): string => `Starts the one-node API server alone: no kubelet, no scheduler. Flags have the names of kube-apiserver;
what is not given is made under the data directory.

Usage: nodelet apiserver [flags]

Flags:
${helpText(FLAGS)}`;

export async function run(argv: readonly string[]): Promise<number> {
  const host = systemHost;
  const parsed = parseFlags(FLAGS, argv);
  const { values } = parsed;
  const log = createLogger({ verbosity: { level: values.v } });
  for (const notice of parsed.notices) log.warn(notice);
  process.title = 'nodelet apiserver';
  keepHeapSmall();
  const dir = dataDirAt(values['data-dir']);
  await openDataDir(dir, host);
  const stop = stopSignal();
  const serviceIP = addressIn(values['service-cluster-ip-range'], 1);
  const advertisedHost = values['advertise-address'];
  const pki = await ensurePki(dir.pki, {
    hostnames: ['localhost', hostname(), ...KUBERNETES_NAMES],
    ips: [...new Set(['127.0.0.1', serviceIP, ...allAddresses(), ...(advertisedHost === undefined ? [] : [advertisedHost])])],
    nodeName: hostname().toLowerCase(),
    files: host.files,
    now: host.clock.now(),
  });
  const read = async (name: keyof typeof values & `${string}-${string}`, otherwise: string): Promise<string> => {
    const path = values[name];
    return typeof path === 'string' ? readNamedFile(`--${name}`, path, host) : otherwise;
  };
  const [cert, key, clientCA, signingKey, kubeletCert, kubeletKey] = await Promise.all([
    read('tls-cert-file', pki.apiserver.cert),
    read('tls-private-key-file', pki.apiserver.key),
    read('client-ca-file', pki.ca.cert),
    read('service-account-signing-key-file', pki.serviceAccount.key),
    read('kubelet-client-certificate', pki.apiserverKubeletClient.cert),
    read('kubelet-client-key', pki.apiserverKubeletClient.key),
  ]);
  const kubeletCA = await read('kubelet-certificate-authority', '');
  const address = values['bind-address'];
  try {
    const handle = await startApiServerHalf({
      listen: [{ host: address, port: values['secure-port'] }],
      tls: { cert, key, requestClientCert: true, clientCAs: clientCA },
      store: dir.store,
      clientCA,
      serviceAccountKey: signingKey,
      serviceAccountKeys: await readNamedFiles('--service-account-key-file', values['service-account-key-file'], host),
      components: probedComponents(),
      limits: limitsOf(values),
      issuer: values['service-account-issuer'],
      audiences: values['api-audiences'],
      anonymous: values['anonymous-auth'],
      bootstrapTokens: values['enable-bootstrap-token-auth'],
      authorizationModes: values['authorization-mode'],
      serviceIP,
      serviceRange: values['service-cluster-ip-range'],
      flags: flagsAsText(values),
      advertise: advertised(values),
      audit: auditOf(values),
      kubelet: {
        cert: kubeletCert,
        key: kubeletKey,
        ...(kubeletCA !== '' && { ca: kubeletCA }),
        preferredAddressTypes: values['kubelet-preferred-address-types'],
      },
      host,
      log,
    });
    const server = `https://${address === '0.0.0.0' ? '127.0.0.1' : address}:${handle.addresses[0]?.port ?? 0}`;
    await writeKubeconfig(
      dir.kubeconfig,
      { server, ca: pki.ca.cert, cert: pki.admin.cert, key: pki.admin.key, user: 'kubernetes-admin' },
      host,
    );
    process.stdout.write(`nodelet apiserver listens on ${server}; kubeconfig ${dir.kubeconfig}\n`);
    log.info('Stopping', { signal: await stop });
    await handle.close(CLOSE_GRACE_MS);
    return 0;
  } catch (error) {
    throw explainStartError(error, `cannot start the API server on ${address}:${values['secure-port']}`) ?? error;
  }
}
