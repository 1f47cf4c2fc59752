/** Programs that know credentials for registries (kubernetes `pkg/credentialprovider/plugin/plugin.go`). */
import { join } from 'node:path';
import { parseDuration } from '../../api/duration.ts';
import { isObject } from '../../api/own.ts';
import { parseYaml } from '../../api/yaml.ts';
import { parseReference } from '../../runtime/images/reference.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { placeMatches, type RegistryCredential } from '../spec/pull-secrets.ts';

export interface CredentialProviders {
  /** What the programs that are meant for an image know about it. Never rejects: a program that fails is logged. */
  credentials(image: string): Promise<RegistryCredential[]>;
}

export interface CredentialProviderOptions {
  /** `--image-credential-provider-config`: a file, or a directory of `*.json`, `*.yaml` and `*.yml`. */
  readonly config: string;
  /** `--image-credential-provider-bin-dir`. */
  readonly binDir: string;
  readonly host: Host;
  readonly log: Logger;
}

interface Provider {
  readonly name: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheMs: number;
  readonly apiVersion: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const CONFIG_VERSIONS = new Set<unknown>(['kubelet.config.k8s.io/v1', 'kubelet.config.k8s.io/v1beta1', 'kubelet.config.k8s.io/v1alpha1']);
const API_VERSIONS = [
  'credentialprovider.kubelet.k8s.io/v1',
  'credentialprovider.kubelet.k8s.io/v1beta1',
  'credentialprovider.kubelet.k8s.io/v1alpha1',
];
const TIMEOUT_MS = 60_000;
/** Answers that are kept; the oldest goes first. */
const MAX_CACHED = 1000;

/** Reads the configuration. Rejects with an Error that names the file for one that cannot be used. */
export async function openCredentialProviders(options: CredentialProviderOptions): Promise<CredentialProviders> {
  const { host, log, binDir } = options;
  const providers = await readProviders(options);
  for (const { name } of providers)
    await host.files.access(join(binDir, name), 1).catch(() => {
      throw new Error(`plugin binary executable ${join(binDir, name)} did not exist`);
    });
  const cache = new Map<string, { readonly until: number; readonly found: RegistryCredential[] }>();
  const asking = new Map<string, Promise<RegistryCredential[]>>();

  async function ask(provider: Provider, image: string): Promise<RegistryCredential[]> {
    const now = host.clock.now();
    for (const key of [image, registryOf(image), '*']) {
      const kept = cache.get(`${provider.name} ${key}`);
      if (kept && kept.until > now) return kept.found;
    }
    const answer = await run(provider, image, options);
    if (answer.cacheMs > 0) {
      const key = { Image: image, Registry: registryOf(image), Global: '*' }[answer.cacheKeyType];
      cache.set(`${provider.name} ${key}`, { until: now + answer.cacheMs, found: answer.found });
      for (const oldest of cache.keys()) {
        if (cache.size <= MAX_CACHED) break;
        cache.delete(oldest);
      }
    }
    return answer.found;
  }

  return {
    async credentials(image) {
      const reference = parseReference(image);
      const name = reference ? `${reference.domain}/${reference.path}` : image;
      const found = await Promise.all(
        providers
          .filter(({ matchImages }) => matchImages.some((place) => placeMatches(place, name)))
          .map((provider) => {
            const key = `${provider.name} ${name}`;
            const answer =
              asking.get(key) ??
              ask(provider, name)
                .catch((error: unknown): RegistryCredential[] => {
                  log.warn('Failed getting credential from external registry credential provider', {
                    provider: provider.name,
                    image: name,
                    err: errorText(error),
                  });
                  return [];
                })
                .finally(() => asking.delete(key));
            asking.set(key, answer);
            return answer;
          }),
      );
      return found.flat();
    },
  };
}

const registryOf = (image: string): string => image.split('/')[0] ?? '';

interface ProviderAnswer {
  readonly cacheKeyType: 'Image' | 'Registry' | 'Global';
  readonly cacheMs: number;
  readonly found: RegistryCredential[];
}

async function run(provider: Provider, image: string, { host, binDir }: CredentialProviderOptions): Promise<ProviderAnswer> {
  const { apiVersion } = provider;
  const request = { kind: 'CredentialProviderRequest', apiVersion, image };
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const outcome = await host.processes.run(join(binDir, provider.name), provider.args, {
    input: JSON.stringify(request),
    env: { ...env, ...provider.env },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (outcome.code !== 0) {
    const how = outcome.code === null ? `signal: ${outcome.signal ?? ''}` : `exit status ${outcome.code}`;
    throw new Error(
      `error execing credential provider plugin ${provider.name} for image ${image}: ${how}: ${outcome.stderr.toString().slice(0, 1000)}`,
    );
  }
  const answer: unknown = JSON.parse(outcome.stdout.toString());
  if (!isObject(answer) || answer['kind'] !== 'CredentialProviderResponse' || answer['apiVersion'] !== apiVersion)
    throw new Error(`the answer of ${provider.name} is no CredentialProviderResponse of ${apiVersion}`);
  const { cacheKeyType, cacheDuration, auth } = answer;
  if (cacheKeyType !== 'Image' && cacheKeyType !== 'Registry' && cacheKeyType !== 'Global')
    throw new Error(`credential provider plugin did not return a valid cacheKeyType: ${JSON.stringify(cacheKeyType)}`);
  return {
    cacheKeyType,
    cacheMs: typeof cacheDuration === 'string' ? parseDuration(cacheDuration) : provider.defaultCacheMs,
    found: Object.entries(isObject(auth) ? auth : {}).flatMap(([registry, entry]) => {
      if (!isObject(entry)) return [];
      const { username, password } = entry;
      return [
        {
          registry,
          auth: {
            ...(typeof username === 'string' && { username }),
            ...(typeof password === 'string' && { password }),
          },
        },
      ];
    }),
  };
}

async function readProviders({ config, host: { files } }: CredentialProviderOptions): Promise<Provider[]> {
  const isDirectory = (await files.stat(config)).isDirectory();
  const names = isDirectory ? (await files.readdir(config)).filter((name) => /\.(json|ya?ml)$/.test(name)).toSorted() : [''];
  const found: Provider[] = [];
  for (const name of names) {
    const file = join(config, name);
    try {
      found.push(...parseYaml(await files.readFile(file, 'utf8')).flatMap(readDocument));
    } catch (error) {
      throw new Error(`error reading credential provider config ${file}: ${errorText(error)}`, { cause: error });
    }
  }
  if (found.length === 0) throw new Error(`error validating credential provider config ${config}: at least 1 item in plugins is required`);
  const seen = new Set<string>();
  for (const { name } of found) {
    if (seen.has(name)) throw new Error(`error validating credential provider config ${config}: duplicate provider name: ${name}`);
    seen.add(name);
  }
  return found;
}

function readDocument(document: unknown): Provider[] {
  if (document === null || document === undefined) return [];
  if (!isObject(document) || document['kind'] !== 'CredentialProviderConfig' || !CONFIG_VERSIONS.has(document['apiVersion']))
    throw new Error('it is no CredentialProviderConfig of kubelet.config.k8s.io/v1');
  const { providers } = document;
  return (Array.isArray(providers) ? providers : []).map(readProvider);
}

function readProvider(value: unknown): Provider {
  const { name, matchImages, defaultCacheDuration, apiVersion, args, env, tokenAttributes } = isObject(value) ? value : {};
  if (typeof name !== 'string' || name === '') throw new Error('name is required');
  if (/[/\s]/.test(name) || name === '.' || name === '..')
    throw new Error(`provider name ${JSON.stringify(name)} must be a plain file name`);
  if (typeof apiVersion !== 'string' || !API_VERSIONS.includes(apiVersion))
    throw new Error(`apiVersion of ${name}: unsupported value ${JSON.stringify(apiVersion)}: supported values: ${API_VERSIONS.join(', ')}`);
  const images = texts(matchImages);
  if (images.length === 0) throw new Error(`matchImages of ${name}: at least 1 item is required`);
  if (typeof defaultCacheDuration !== 'string') throw new Error(`defaultCacheDuration of ${name} is required`);
  if (tokenAttributes !== undefined && tokenAttributes !== null)
    throw new Error(`tokenAttributes of ${name}: this node hands no service account tokens to credential providers`);
  const defaultCacheMs = parseDuration(defaultCacheDuration);
  if (defaultCacheMs < 0) throw new Error(`defaultCacheDuration of ${name} must be greater than or equal to 0`);
  const variables = (Array.isArray(env) ? env : []).flatMap((item: unknown): [string, string][] =>
    isObject(item) && typeof item['name'] === 'string' ? [[item['name'], typeof item['value'] === 'string' ? item['value'] : '']] : [],
  );
  return { name, matchImages: images, defaultCacheMs, apiVersion, args: texts(args), env: Object.fromEntries(variables) };
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []);
