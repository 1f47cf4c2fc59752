/** What a kubelet gives along with a pull, as names and secrets (containerd `pkg/cri/server/image_pull.go`, ParseAuth). */
import type { PullAuth } from '../../runtime.ts';

export interface Credential {
  /** Empty when the secret is an identity token. */
  readonly username: string;
  readonly secret: string;
  /** Sent as it is. */
  readonly registryToken: string;
}

export const anonymous: Credential = { username: '', secret: '', registryToken: '' };

/** The credential for `host`; anonymous for one that was given for another host. */
export function credentialOf(auth: PullAuth | undefined, host: string): Credential {
  if (auth === undefined) return anonymous;
  if (auth.serverAddress) {
    const address = /^https?:\/\//.test(auth.serverAddress) ? auth.serverAddress : `https://${auth.serverAddress}`;
    if (!URL.canParse(address) || hostName(new URL(address).host) !== hostName(host)) return anonymous;
  }
  const registryToken = auth.registryToken ?? '';
  if (auth.username) return { username: auth.username, secret: auth.password ?? '', registryToken };
  if (auth.identityToken) return { username: '', secret: auth.identityToken, registryToken };
  if (auth.auth) {
    const text = Buffer.from(auth.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = text.indexOf(':');
    if (colon > 0) return { username: text.slice(0, colon), secret: text.slice(colon + 1), registryToken };
  }
  return { ...anonymous, registryToken };
}

/** Docker Hub has several names. */
const hostName = (host: string): string => (host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host);
