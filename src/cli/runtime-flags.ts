/** Flags of the runtimes, where a node is started. */
import { resolve } from 'node:path';
import { parseMirrors, type RegistrySettings } from '../runtime/images/registry/hosts.ts';
import { UsageError, type FlagTable, type FlagValues } from '../util/flags.ts';

const DEFAULT_CNI_CONF_DIR = '/etc/cni/net.d';

export const REGISTRY_FLAGS = [
  {
    name: 'registry-mirrors',
    type: 'strings',
    default: [],
    placeholder: 'REGISTRY=URL,…',
    help: 'Servers that the process runtime asks for images before their registry, such as docker.io=https://mirror.example. They get no credentials.',
  },
  {
    name: 'insecure-registries',
    type: 'strings',
    default: [],
    placeholder: 'HOST:PORT,…',
    help: 'Registries that the process runtime asks over plain http. Those on localhost and 127.0.0.0/8 always are.',
  },
] as const satisfies FlagTable;

/** Which runtime, and what the process runtime is told. */
export const RUNTIME_FLAGS = [
  { name: 'runtime', type: 'string', default: '', placeholder: 'process|cri', help: 'The container runtime. Without it nodelet chooses.' },
  {
    name: 'cni-conf-dir',
    type: 'string',
    default: DEFAULT_CNI_CONF_DIR,
    placeholder: 'DIR',
    help: 'Where a CNI configuration is: with one its plugins make the network of pods that the process runtime runs. Without, or with an empty DIR, or when --pod-cidr alone is given, nodelet makes a bridge of its own.',
  },
  {
    name: 'cni-bin-dir',
    type: 'strings',
    default: ['/opt/cni/bin', '/usr/lib/cni'],
    placeholder: 'DIR,…',
    help: 'Where CNI plugins are looked for.',
  },
  ...REGISTRY_FLAGS,
] as const satisfies FlagTable;

/** What the process runtime is told beside its places. */
export interface ProcessRuntimeExtras {
  readonly registries: RegistrySettings;
  readonly cni?: { readonly confDir: string; readonly binDirs: readonly string[] };
}

/** Who names a range for pods and no CNI configuration wants nodelet's own bridge on that range. Throws UsageError. */
export function processRuntimeExtras(
  values: FlagValues<typeof RUNTIME_FLAGS>,
  given: ReadonlySet<string>,
  podCIDR: string,
): ProcessRuntimeExtras {
  const confDir = given.has('cni-conf-dir') || podCIDR === '' ? values['cni-conf-dir'] : '';
  return {
    registries: registrySettings(values),
    ...(confDir !== '' && { cni: { confDir: resolve(confDir), binDirs: values['cni-bin-dir'].map((dir) => resolve(dir)) } }),
  };
}

/** `--image-credential-provider-*`, where they are given. Throws UsageError for one without the other. */
export function credentialProviders(values: {
  readonly 'image-credential-provider-config': string;
  readonly 'image-credential-provider-bin-dir': string;
}): { readonly credentialProviders?: { readonly config: string; readonly binDir: string } } {
  const config = values['image-credential-provider-config'];
  const binDir = values['image-credential-provider-bin-dir'];
  if (config === '' && binDir === '') return {};
  if (config === '' || binDir === '')
    throw new UsageError('--image-credential-provider-config and --image-credential-provider-bin-dir are given together or not at all');
  return { credentialProviders: { config, binDir } };
}

/** What the flags say of registries. Throws UsageError. */
export function registrySettings(values: FlagValues<typeof REGISTRY_FLAGS>): RegistrySettings {
  try {
    return { mirrors: parseMirrors(values['registry-mirrors']), insecure: values['insecure-registries'] };
  } catch (error) {
    throw new UsageError(`invalid argument for "--registry-mirrors" flag: ${error instanceof Error ? error.message : String(error)}`);
  }
}
