/** Which servers are asked for a registry's images. */

/** What the node's owner says about registries. */
export interface RegistrySettings {
  /** By registry (`docker.io`): base URLs that are asked before it, in this order. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** `host:port` of registries that may be asked over plain http, or with a certificate that nobody vouches for. */
  readonly insecure: readonly string[];
}

export const noRegistrySettings: RegistrySettings = { mirrors: {}, insecure: [] };

export interface RegistryHost {
  /** Without a slash at its end: `https://registry-1.docker.io`. */
  readonly base: string;
  /** A mirror gets no credentials, and is told whose images it is asked for. */
  readonly mirror: boolean;
  readonly insecure: boolean;
}

const HUB = 'registry-1.docker.io';

/** The servers for `domain`, to be asked in this order. */
export function registryHosts(domain: string, settings: RegistrySettings): RegistryHost[] {
  const mirrors = (settings.mirrors[domain] ?? []).map((url) => ({
    base: url.replace(/\/+$/, ''),
    mirror: true,
    insecure: settings.insecure.includes(new URL(url).host),
  }));
  const insecure = settings.insecure.includes(domain);
  const scheme = insecure || isLoopback(domain) ? 'http' : 'https';
  return [...mirrors, { base: `${scheme}://${domain === 'docker.io' ? HUB : domain}`, mirror: false, insecure }];
}

/** `localhost`, `127.0.0.1:5000`, `[::1]:5000`: what is said to it stays on this machine. */
function isLoopback(domain: string): boolean {
  const host = domain.replace(/:\d+$/, '');
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Reads `docker.io=https://mirror.example` pairs. Throws an Error for a text that is no such pair. */
export function parseMirrors(texts: readonly string[]): Record<string, string[]> {
  const mirrors: Record<string, string[]> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const url = text.slice(at + 1);
    if (at < 1 || !/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new Error(`${JSON.stringify(text)} is not a mirror: REGISTRY=URL, such as docker.io=https://mirror.example`);
    (mirrors[text.slice(0, at)] ??= []).push(url);
  }
  return mirrors;
}
