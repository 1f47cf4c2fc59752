/** Registry credentials from a pod's imagePullSecrets and the node's files (kubernetes `pkg/credentialprovider/{config,keyring}.go`). */
import type { Secret } from '../../api/types.ts';
import type { PullAuth } from '../../runtime/runtime.ts';
import { parseReference } from '../../runtime/images/reference.ts';

export interface RegistryCredential {
  /** Without scheme: `registry.example`, `*.example.com:5000/team`. */
  readonly registry: string;
  readonly auth: PullAuth;
}

/** The credentials of a secret of type dockerconfigjson or dockercfg; none of any other, nor of one that is no JSON. */
export function pullCredentials(secret: Secret): RegistryCredential[] {
  const json = secret.data?.['.dockerconfigjson'];
  const text = json ?? secret.data?.['.dockercfg'];
  return text === undefined ? [] : dockerCredentials(Buffer.from(text, 'base64').toString('utf8'), json !== undefined);
}

/** The credentials of a docker configuration: `config.json` with its `auths`, or the older `.dockercfg`. */
export function dockerCredentials(text: string, hasAuths: boolean): RegistryCredential[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const table = hasAuths ? member(parsed, 'auths') : parsed;
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table).flatMap(([place, entry]: [string, unknown]) => {
    const registry = registryKey(place);
    return registry === null || typeof entry !== 'object' || entry === null ? [] : [{ registry, auth: authOf(entry) }];
  });
}

/** A host or place as users write it, `https://index.docker.io/v1/`, as what images are compared with; null when it is neither. */
export function registryKey(place: string): string | null {
  const text = /^https?:\/\//.test(place) ? place.replace(/^https?:\/\//, '') : place;
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? '' : text.slice(slash).replace(/^\/v[12]\//, '/');
  if (host === '' || /[\s?#@\\]/.test(host)) return null;
  return path === '' || path === '/' ? host : `${host}${path}`;
}

function authOf(entry: object): PullAuth {
  const text = (name: string): string | undefined => {
    const value = member(entry, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const auth = text('auth');
  const decoded = auth === undefined ? '' : Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const username = colon >= 0 ? decoded.slice(0, colon) : text('username');
  const password = colon >= 0 ? decoded.slice(colon + 1) : text('password');
  const identityToken = text('identitytoken');
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(identityToken !== undefined && { identityToken }),
  };
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

const HUB = 'index.docker.io';

/** The credentials that fit an image, the longest place first; Docker Hub's own when none fits and the image is one of its. */
export function credentialsFor(credentials: readonly RegistryCredential[], image: string): PullAuth[] {
  const reference = parseReference(image);
  const repository = reference ? `${reference.domain}/${reference.path}` : image;
  const fitting = credentials
    .filter(({ registry }) => placeMatches(registry, repository))
    .toSorted((a, b) => (a.registry < b.registry ? 1 : a.registry > b.registry ? -1 : 0));
  const found =
    fitting.length === 0 && repository.startsWith('docker.io/') ? credentials.filter(({ registry }) => registry === HUB) : fitting;
  return found.map(({ auth }) => auth);
}

/** Whether a place with `*` in the parts of its host covers an image: the same number of parts, the same port, the path before the image's. */
export function placeMatches(place: string, image: string): boolean {
  const wanted = splitPlace(place);
  const given = splitPlace(image);
  if (wanted.port !== given.port || wanted.parts.length !== given.parts.length || !given.path.startsWith(wanted.path)) return false;
  return wanted.parts.every((part, index) => globMatches(part, given.parts[index] ?? ''));
}

function splitPlace(text: string): { readonly parts: readonly string[]; readonly port: string; readonly path: string } {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const colon = host.lastIndexOf(':');
  return {
    parts: (colon < 0 ? host : host.slice(0, colon)).split('.'),
    port: colon < 0 ? '' : host.slice(colon + 1),
    path: slash < 0 ? '' : text.slice(slash),
  };
}

/** `*` for any letters, `?` for one: what Go's path.Match has that names of hosts can use. Linear in both lengths' product. */
function globMatches(pattern: string, text: string): boolean {
  let reach = new Set([0]);
  for (const char of pattern) {
    const next = new Set<number>();
    for (const at of reach) {
      if (char === '*') for (let to = at; to <= text.length; to += 1) next.add(to);
      else if (at < text.length && (char === '?' || text[at] === char)) next.add(at + 1);
    }
    reach = next;
  }
  return reach.has(text.length);
}
