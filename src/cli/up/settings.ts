/** What `up` was asked for, read from its flags and the kubelet's configuration: names, places, addresses. */
import { hostname } from 'node:os';
import { APISERVER_FLAGS } from '../../apiserver/flags.ts';
import type { KubeletConfiguration } from '../../kubelet/config.ts';
import { flagTexts } from '../../kubelet/flags.ts';
import { parseFlags } from '../../util/flags.ts';
import type { Host } from '../../util/host.ts';
import { createLogger, type Logger, type Verbosity } from '../../util/log.ts';
import { DEFAULT_POD_CIDR, runtimeWish, type RuntimeWish } from '../runtime.ts';
import { credentialProviders, processRuntimeExtras, type ProcessRuntimeExtras } from '../runtime-flags.ts';
import { addressIn } from './addresses.ts';
import { cgroupRootOf, kubeletConfiguration } from './configuration.ts';
import { dataDirAt, type DataDir } from './data-dir.ts';
import { UP_APISERVER_FLAGS, UP_FLAGS, UP_KUBELET_FLAGS } from './flags.ts';
import { nodeAddresses } from './machine.ts';

export const LOCALHOST = '127.0.0.1';

export type ApiFlags = ReturnType<typeof parseFlags<typeof APISERVER_FLAGS>>['values'];

export interface UpSettings {
  readonly dir: DataDir;
  readonly runtime: RuntimeWish;
  readonly processRuntime: ProcessRuntimeExtras;
  readonly credentialProviders?: { readonly config: string; readonly binDir: string };
  /** `--rm`: containers end with the program. */
  readonly removeContainers: boolean;
  /** `--without-kubelet`: API server and controllers alone. */
  readonly withoutKubelet: boolean;
  readonly api: ApiFlags;
  /** Where clients of this machine reach the API server. */
  readonly apiAddress: string;
  readonly config: KubeletConfiguration;
  /** Below it are the pods' control groups. */
  readonly cgroupRoot: string;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly features: { readonly legacyEndpoints: boolean; readonly apiExtensions: boolean };
  /** The kubelet's flags as text, for `/flagz`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly podCIDR: string;
  /** The pod bridge's own address. */
  readonly gateway: string;
  /** Where pods reach the API server, and where the cluster's DNS is to be: the range's first and tenth address. */
  readonly serviceIP: string;
  readonly dnsIP: string;
  readonly log: Logger;
  readonly verbosity: Verbosity;
}

/** Throws UsageError and UserError for flags and files that cannot be used. */
export async function readSettings(argv: readonly string[], host: Host): Promise<UpSettings> {
  const parsed = parseFlags([...UP_FLAGS, ...UP_KUBELET_FLAGS, ...UP_APISERVER_FLAGS], argv);
  const { values, given } = parsed;
  const own = { ...parseFlags(UP_FLAGS, []).values, ...pick(values, UP_FLAGS) };
  const api = { ...parseFlags(APISERVER_FLAGS, []).values, ...pick(values, UP_APISERVER_FLAGS) };
  const verbosity = { level: values.v };
  const log = createLogger({ verbosity });
  for (const notice of parsed.notices) log.warn(notice);
  const dir = dataDirAt(own['data-dir']);
  const config = await kubeletConfiguration(parsed, dir, host);
  const podCIDR = config.podCIDR === '' ? DEFAULT_POD_CIDR : config.podCIDR;
  const gateway = addressIn(podCIDR, 1);
  return {
    dir,
    runtime: runtimeWish(own.runtime, config, given.has('container-runtime-endpoint')),
    processRuntime: processRuntimeExtras(own, given, config.podCIDR),
    ...credentialProviders(values),
    removeContainers: own.rm,
    withoutKubelet: own['without-kubelet'],
    api,
    apiAddress: given.has('bind-address') ? api['bind-address'] : LOCALHOST,
    config,
    cgroupRoot: cgroupRootOf(config, given),
    nodeName: (values['hostname-override'] ?? hostname()).toLowerCase(),
    nodeIPs: nodeAddresses(values['node-ip'], gateway),
    nodeLabels: values['node-labels'],
    features: { legacyEndpoints: values['legacy-endpoints'], apiExtensions: values['kubelet-api-extensions'] },
    flags: flagTexts(parsed),
    podCIDR,
    gateway,
    serviceIP: addressIn(api['service-cluster-ip-range'], 1),
    dnsIP: addressIn(api['service-cluster-ip-range'], 10),
    log,
    verbosity,
  };
}

/** The values of one table's flags out of a larger set. */
function pick(values: Readonly<Record<string, unknown>>, table: readonly { readonly name: string }[]): Record<string, never> {
  return Object.fromEntries(table.filter(({ name }) => values[name] !== undefined).map(({ name }) => [name, values[name] as never]));
}
