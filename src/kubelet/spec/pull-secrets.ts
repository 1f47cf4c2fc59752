/** Registry credentials from a pod's imagePullSecrets (kubernetes `pkg/credentialprovider`). */
import type { Secret } from '../../api/types.ts';
import type { PullAuth } from '../../runtime/runtime.ts';

export interface RegistryCredential {
  /** As the secret names it: `registry.example`, `https://index.docker.io/v1/`. */
  readonly registry: string;
  readonly auth: PullAuth;
}

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

/** The credentials of a secret of type dockerconfigjson or dockercfg; none of any other, nor of one that is no JSON. */
export function pullCredentials(secret: Secret): RegistryCredential[] {
  const json = secret.data?.['.dockerconfigjson'];
  const text = json ?? secret.data?.['.dockercfg'];
  if (text === undefined) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return [];
  }
  const table = json === undefined ? parsed : (parsed as { auths?: unknown } | null)?.auths;
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table as Record<string, Entry | null>).flatMap(([registry, entry]) =>
    entry === null || typeof entry !== 'object' ? [] : [{ registry, auth: authOf(registry, entry) }],
  );
}

function authOf(registry: string, { username, password, auth, identitytoken }: Entry): PullAuth {
  const [user, ...rest] = auth === undefined ? [] : Buffer.from(auth, 'base64').toString('utf8').split(':');
  const name = username ?? user;
  const secret = password ?? (rest.length > 0 ? rest.join(':') : undefined);
  return {
    serverAddress: registry,
    ...(name !== undefined && { username: name }),
    ...(secret !== undefined && { password: secret }),
    ...(identitytoken !== undefined && identitytoken !== '' && { identityToken: identitytoken }),
  };
}

/** The credentials that fit an image's registry, the longest name first. */
export function credentialsFor(credentials: readonly RegistryCredential[], image: string): PullAuth[] {
  const first = image.split('/')[0] ?? '';
  const host = image.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
  return credentials
    .map(({ registry, auth }) => ({ place: registry.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, ''), auth }))
    .filter(({ place }) => place === host || (host === 'docker.io' && place === 'index.docker.io') || image.startsWith(`${place}/`))
    .sort((a, b) => b.place.length - a.place.length)
    .map(({ auth }) => auth);
}
