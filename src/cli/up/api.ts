/** The API server as `up` starts it: on this machine's own address, and on the one where pods find it. */
import { advertised, auditOf, flagsAsText, limitsOf } from '../../apiserver/flags.ts';
import type { Pki } from '../../auth/pki.ts';
import type { Host } from '../../util/host.ts';
import { startApiServerHalf, type ApiServerHalf } from '../apiserver-half.ts';
import { readNamedFile, readNamedFiles } from '../named-file.ts';
import { explainListenError, explainStartError } from '../user-error.ts';
import { servingTls } from './certificates.ts';
import type { UpSettings } from './settings.ts';

/** The port of Service `kubernetes`. */
const SERVICE_PORT = 443;

/** The keys of the cluster, with the one that signs tokens from where the flag names it. Throws a UserError. */
export async function withSigningKey(pki: Pki, { api }: UpSettings, host: Host): Promise<Pki> {
  const path = api['service-account-signing-key-file'];
  if (path === undefined) return pki;
  const key = await readNamedFile('--service-account-signing-key-file', path, host);
  return { ...pki, serviceAccount: { ...pki.serviceAccount, key } };
}

/** They run in this process: as long as it answers, they do. */
const COMPONENTS = ['controller-manager', 'scheduler'].map((name) => ({ name, check: () => undefined }));

/** Starts it. `onServiceIP` says whether this machine has the service address. Throws a UserError for what users can mend. */
export async function startApi(settings: UpSettings, pki: Pki, onServiceIP: boolean, host: Host): Promise<ApiServerHalf> {
  const { api, apiAddress, dir, log, serviceIP } = settings;
  const forPods = onServiceIP ? [{ host: serviceIP, port: SERVICE_PORT }] : [];
  const readFlag = async (
    name: 'kubelet-client-certificate' | 'kubelet-client-key' | 'kubelet-certificate-authority',
  ): Promise<string | undefined> => {
    const path = api[name];
    return path === undefined ? undefined : readNamedFile(`--${name}`, path, host);
  };
  try {
    const [cert, key, ca] = await Promise.all([
      readFlag('kubelet-client-certificate'),
      readFlag('kubelet-client-key'),
      readFlag('kubelet-certificate-authority'),
    ]);
    const serviceAccountKeys = await readNamedFiles('--service-account-key-file', api['service-account-key-file'], host);
    return await startApiServerHalf({
      listen: [{ host: apiAddress, port: api['secure-port'] }, ...forPods],
      tls: servingTls(pki),
      store: dir.store,
      clientCA: pki.ca.cert,
      serviceAccountKey: pki.serviceAccount.key,
      serviceAccountKeys,
      components: COMPONENTS,
      limits: limitsOf(api),
      issuer: api['service-account-issuer'],
      audiences: api['api-audiences'],
      anonymous: true,
      bootstrapTokens: api['enable-bootstrap-token-auth'],
      authorizationModes: ['Node', 'RBAC'],
      serviceIP,
      serviceRange: api['service-cluster-ip-range'],
      audit: auditOf(api),
      flags: flagsAsText(api),
      // Where it listens for pods, else where it is told that others reach it.
      advertise: forPods[0] ?? advertised(api),
      kubelet: {
        cert: cert ?? pki.apiserverKubeletClient.cert,
        key: key ?? pki.apiserverKubeletClient.key,
        ca: ca ?? pki.ca.cert,
        // The node's name resolves nowhere on a machine of its own: its address comes first.
        preferredAddressTypes: ['InternalIP', ...api['kubelet-preferred-address-types'].filter((type) => type !== 'InternalIP')],
      },
      host,
      log,
    });
  } catch (error) {
    throw explainListenError(error) ?? explainStartError(error, `cannot open the store ${dir.store}`) ?? error;
  }
}
