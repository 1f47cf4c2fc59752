/** Network configurations as CNI's files have them (containernetworking/cni `libcni/conf.go`). */
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';
import { errorText } from '../../../util/log.ts';

export interface CniPlugin {
  /** File name of the plugin's program. */
  readonly type: string;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** As the file has it. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface CniNetwork {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly CniPlugin[];
  /** The owner shares the network among runtimes, or has plugins that cannot be asked. */
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
}

/** Versions of the specification that are spoken. */
export const CNI_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** Bytes of a configuration file. */
const MAX_FILE = 1 << 20;
/** Plugins of one network. */
const MAX_PLUGINS = 64;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Whether version `a` of the specification is `b` or later. */
export const isSince = (a: string, b: string): boolean => CNI_VERSIONS.findIndex((v) => v === a) >= CNI_VERSIONS.findIndex((v) => v === b);

/**
 * The network of the first usable file in `directory`, by name, as containerd chooses it; null when there is no file.
 * Rejects with an Error that names the files when none of them can be used.
 */
export async function readCniNetwork(host: Host, directory: string): Promise<CniNetwork | null> {
  const names = await host.files.readdir(directory).catch(() => []);
  const files = names.filter((name) => /\.(conflist|conf|json)$/.test(name)).toSorted();
  const wrong: string[] = [];
  for (const name of files) {
    const path = join(directory, name);
    try {
      const stat = await host.files.stat(path);
      if (!stat.isFile() || stat.size > MAX_FILE) throw new Error(`it is not a file of at most ${MAX_FILE} bytes`);
      return parseCniNetwork(await host.files.readFile(path, 'utf8'));
    } catch (error) {
      wrong.push(`${path}: ${errorText(error)}`);
    }
  }
  if (wrong.length > 0) throw new Error(`no valid CNI network configuration: ${wrong.join('; ')}`);
  return null;
}

/** Reads a configuration or a list of them. Throws an Error that says what is wrong. */
export function parseCniNetwork(text: string): CniNetwork {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error('it is not a JSON object');
  const { name, cniVersion = '0.1.0', plugins, disableCheck, disableGC } = value;
  if (typeof name !== 'string' || !NAME.test(name)) throw new Error(`invalid network name ${JSON.stringify(name)}`);
  const version = CNI_VERSIONS.find((known) => known === cniVersion);
  if (version === undefined) throw new Error(`unsupported CNI version ${JSON.stringify(cniVersion)}`);
  const list: unknown[] = plugins === undefined ? [value] : Array.isArray(plugins) ? plugins : [];
  if (list.length === 0) throw new Error('no plugins in list');
  if (list.length > MAX_PLUGINS) throw new Error(`more than ${MAX_PLUGINS} plugins in list`);
  return {
    name,
    cniVersion: version,
    plugins: list.map(readPlugin),
    disableCheck: disableCheck === true,
    disableGC: disableGC === true,
  };
}

function readPlugin(value: unknown): CniPlugin {
  if (!isObject(value)) throw new Error('a plugin is not a JSON object');
  const { type, capabilities } = value;
  if (typeof type !== 'string' || !NAME.test(type)) throw new Error(`a plugin has no type that is a file name: ${JSON.stringify(type)}`);
  const wanted = isObject(capabilities) ? Object.entries(capabilities).map(([key, on]) => [key, on === true] as const) : [];
  return { type, capabilities: Object.fromEntries(wanted), config: value };
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
