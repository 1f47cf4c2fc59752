/** One repository, asked by the distribution API (containerd `remotes/docker/{resolver,fetcher}.go`). */
import type { PullAuth } from '../../runtime.ts';
import type { ImageReference } from '../reference.ts';
import { createAuthorizer, type Authorizer } from './authorizer.ts';
import { anonymous, credentialOf } from './credential.ts';
import { digestOf, isDigest } from './digest.ts';
import { exchange, readAnswer, RegistryError, statusText, type Answer } from './exchange.ts';
import { registryHosts, type RegistryHost, type RegistrySettings } from './hosts.ts';

/** What an index or manifest says of a part of it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** No server that was asked has it. */
export class NotFoundError extends RegistryError {
  constructor(message: string) {
    super(message);
    this.name = 'NotFoundError';
  }
}

export interface Repository {
  /** The digest behind the reference's tag, or its own. Rejects with `NotFoundError` or `RegistryError`. */
  resolve(): Promise<string>;
  /** A manifest or index, checked against its digest. */
  manifest(digest: string): Promise<{ readonly content: Buffer; readonly mediaType: string }>;
  /** A blob from byte `offset` on: 200 when the server begins at 0 instead, 206 otherwise. */
  blob(digest: string, offset: number): Promise<Answer>;
}

export const MANIFEST_TYPES = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
] as const;

/** Bytes of a manifest or index. */
const MAX_MANIFEST = 8 * 2 ** 20;
/** Times that one question is asked when the server wants to see who asks. */
const MAX_ASKED = 4;

export interface RepositoryOptions {
  readonly reference: ImageReference;
  readonly settings: RegistrySettings;
  readonly auth?: PullAuth;
  readonly signal?: AbortSignal;
}

interface Source {
  readonly host: RegistryHost;
  readonly authorizer: Authorizer;
}

export function openRepository(options: RepositoryOptions): Repository {
  const { reference, signal } = options;
  const { domain, path } = reference;
  const name = reference.tag === '' || reference.digest !== '' ? reference.digest : reference.tag;
  const sources = registryHosts(domain, options.settings).map((host) => ({
    host,
    authorizer: createAuthorizer({
      registry: host.base,
      scope: `repository:${path}:pull`,
      credential: host.mirror ? anonymous : credentialOf(options.auth, domain),
      insecure: host.insecure,
    }),
  }));
  // Where the image was resolved: the others are asked after it.
  let preferred = 0;

  async function ask(source: Source, method: 'GET' | 'HEAD', what: string, headers: Record<string, string>): Promise<Answer> {
    const url = `${source.host.base}/v2/${path}/${what}${source.host.mirror ? `?ns=${encodeURIComponent(domain)}` : ''}`;
    for (let asked = 1; ; asked += 1) {
      const authorization = await source.authorizer.header(signal);
      const answer = await exchange(url, {
        method,
        headers,
        insecure: source.host.insecure,
        ...(authorization !== undefined && { authorization }),
        ...(signal && { signal }),
      }).catch((error: unknown) => {
        if (!(error instanceof RegistryError)) throw error;
        throw new RegistryError(`failed to do request: ${error.message}`, { cause: error, retry: error.retry });
      });
      if (answer.status !== 401 || asked >= MAX_ASKED) return answer;
      if (!source.authorizer.refused(answer.headers['www-authenticate'] ?? '')) return answer;
      answer.body.destroy();
    }
  }

  /** Asks one server after the other; the first error counts. */
  async function fromAny<T>(get: (source: Source) => Promise<T>, notFound: string): Promise<T> {
    let first: unknown;
    for (const index of [preferred, ...sources.keys()].filter((at, place, all) => all.indexOf(at) === place)) {
      const source = sources[index];
      if (source === undefined) continue;
      try {
        const found = await get(source);
        preferred = index;
        return found;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof NotFoundError)) first ??= error;
      }
    }
    throw first ?? new NotFoundError(notFound);
  }

  return {
    resolve: () =>
      fromAny(
        async (source) => {
          const answer = await denied(ask(source, 'HEAD', `manifests/${name}`, { Accept: [...MANIFEST_TYPES, '*/*'].join(', ') }));
          answer.body.destroy();
          const said = answer.headers['docker-content-digest'];
          if (isOk(answer)) {
            if (reference.digest !== '') return reference.digest;
            if (isDigest(said)) return said;
          } else if (answer.status !== 405) throw unexpected('HEAD', answer);
          // A server that does not say the digest is asked for the whole.
          const whole = await denied(ask(source, 'GET', `manifests/${name}`, { Accept: MANIFEST_TYPES.join(', ') }));
          if (!isOk(whole)) throw unexpected('GET', whole);
          return digestOf(await readAnswer(whole, MAX_MANIFEST), reference.digest || undefined);
        },
        `${domain}/${path}${reference.digest ? '@' : ':'}${name}: not found`,
      ),

    manifest: (digest) =>
      fromAny(async (source) => {
        const answer = await ask(source, 'GET', `manifests/${digest}`, { Accept: MANIFEST_TYPES.join(', ') });
        if (!isOk(answer)) throw unexpected('GET', answer);
        const content = await readAnswer(answer, MAX_MANIFEST);
        const found = digestOf(content, digest);
        if (found !== digest) throw new RegistryError(`unexpected commit digest ${found}, expected ${digest}: failed precondition`);
        return { content, mediaType: (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '' };
      }, `content ${digest} of ${domain}/${path}: not found`),

    blob: (digest, offset) =>
      fromAny(async (source) => {
        const range = offset > 0 ? { Range: `bytes=${offset}-` } : {};
        const answer = await ask(source, 'GET', `blobs/${digest}`, { ...range, 'Accept-Encoding': 'identity' });
        if (answer.status === 200 || (answer.status === 206 && offset > 0)) return answer;
        throw unexpected('GET', answer);
      }, `content ${digest} of ${domain}/${path}: not found`),
  };
}

const isOk = ({ status }: Answer): boolean => status >= 200 && status < 300;

function unexpected(method: string, answer: Answer): RegistryError {
  answer.body.destroy();
  if (answer.status === 404) return new NotFoundError(`content at ${answer.url} not found: not found`);
  return new RegistryError(`unexpected status from ${method} request to ${answer.url}: ${statusText(answer)}`, {
    retry: answer.status === 429 || answer.status >= 500,
  });
}

/** Who asks for a repository that is not theirs is told what it may be. */
async function denied(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RegistryError) || !/authorization failed/.test(error.message)) throw error;
    throw new RegistryError(`pull access denied, repository does not exist or may require authorization: ${error.message}`, {
      cause: error,
    });
  }
}
