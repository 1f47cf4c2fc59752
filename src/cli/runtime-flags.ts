/** Flags of the runtimes, where a node is started. */
import { parseMirrors, type RegistrySettings } from '../runtime/images/registry/hosts.ts';
import { UsageError, type FlagTable, type FlagValues } from '../util/flags.ts';

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

/** What the flags say of registries. Throws UsageError. */
export function registrySettings(values: FlagValues<typeof REGISTRY_FLAGS>): RegistrySettings {
  try {
    return { mirrors: parseMirrors(values['registry-mirrors']), insecure: values['insecure-registries'] };
  } catch (error) {
    throw new UsageError(`invalid argument for "--registry-mirrors" flag: ${error instanceof Error ? error.message : String(error)}`);
  }
}
