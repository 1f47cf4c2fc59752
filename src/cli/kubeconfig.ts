/** Kubeconfig files as nodelet writes them: one cluster, one user, credentials inside. */
import type { Host } from '../util/host.ts';

export interface KubeconfigContent {
  readonly server: string;
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly user: string;
}

const base64 = (pem: string): string => Buffer.from(pem).toString('base64');

/** The text of the file, keys in the order in which kubectl writes them. */
export function kubeconfigText({ server, ca, cert, key, user }: KubeconfigContent): string {
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(ca)}
    server: ${server}
  name: nodelet
contexts:
- context:
    cluster: nodelet
    user: ${user}
  name: nodelet
current-context: nodelet
kind: Config
preferences: {}
users:
- name: ${user}
  user:
    client-certificate-data: ${base64(cert)}
    client-key-data: ${base64(key)}
`;
}

/** Writes the file for its owner alone, in one step; leaves it untouched when it says the same already. */
export async function writeKubeconfig(path: string, content: KubeconfigContent, { files }: Host): Promise<void> {
  const text = kubeconfigText(content);
  const present = await files.readFile(path, 'utf8').catch(() => undefined);
  if (present === text) return;
  const temporary = `${path}.new`;
  await files.writeFile(temporary, text, { mode: 0o600 });
  await files.rename(temporary, path);
}
