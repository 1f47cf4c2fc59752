/** Credentials that the node itself has: docker's files, and programs that know more (kubernetes `pkg/credentialprovider/config.go`). */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { dockerCredentials, type RegistryCredential } from '../spec/pull-secrets.ts';
import type { CredentialProviders } from './credential-provider.ts';

export type NodeCredentials = (image: string) => Promise<RegistryCredential[]>;

/** How long what the files say is believed: docker's provider of the original keeps it five minutes. */
const KEEP_MS = 60_000;
/** Bytes of a file. */
const MAX_FILE = 1 << 20;

/** Reads the first `config.json`, else the first `.dockercfg`, among the kubelet's directory and the home directory's. */
export function openNodeCredentials(host: Host, rootDir: string, providers?: CredentialProviders): NodeCredentials {
  let kept: { readonly at: number; readonly found: Promise<RegistryCredential[]> } | undefined;
  return async (image) => {
    const now = host.clock.monotonic();
    if (kept === undefined || now - kept.at > KEEP_MS) kept = { at: now, found: readFiles(host, rootDir) };
    const [files, programs] = await Promise.all([kept.found, providers?.credentials(image) ?? []]);
    return [...files, ...programs];
  };
}

async function readFiles({ files }: Host, rootDir: string): Promise<RegistryCredential[]> {
  const candidates: [string, boolean][] = [
    [join(rootDir, 'config.json'), true],
    [join(homedir(), '.docker', 'config.json'), true],
    [join(rootDir, '.dockercfg'), false],
    [join(homedir(), '.dockercfg'), false],
  ];
  for (const [path, hasAuths] of candidates) {
    const stat = await files.stat(path).catch(() => null);
    if (!stat?.isFile() || stat.size > MAX_FILE) continue;
    const found = dockerCredentials(await files.readFile(path, 'utf8').catch(() => ''), hasAuths);
    if (found.length > 0) return found;
  }
  return [];
}
