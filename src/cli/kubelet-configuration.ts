/** The kubelet's configuration as its command line gives it: the file of `--config`, and the flags that win over it. */
import { ConfigError, loadKubeletConfiguration, type KubeletConfiguration } from '../kubelet/config.ts';
import { configurationOfFlags } from '../kubelet/flags.ts';
import type { FlagTable, ParsedFlags } from '../util/flags.ts';
import type { Host } from '../util/host.ts';
import { readNamedFile } from './named-file.ts';
import { UserError } from './user-error.ts';

/** `without` is the text that stands for the file when none is named. Throws a UserError for what cannot be read or is wrong. */
export async function loadConfiguration(
  parsed: Pick<ParsedFlags<FlagTable>, 'values' | 'given'>,
  host: Host,
  without?: string,
): Promise<KubeletConfiguration> {
  const path = (parsed.values as { readonly config?: string }).config;
  const text = path === undefined ? without : await readNamedFile('--config', path, host);
  try {
    return loadKubeletConfiguration(text, { overrides: configurationOfFlags(parsed), ...(path !== undefined && { path }) });
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(error.message);
    throw error;
  }
}
