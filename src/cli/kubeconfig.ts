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

/** The same with the client certificate in files, which are read again when they change. */
export interface KubeconfigWithFiles extends Omit<KubeconfigContent, 'ca' | 'cert' | 'key'> {
  readonly ca: string | undefined;
  readonly certFile: string;
  readonly keyFile: string;
}

/** The text of the file, keys in the order in which kubectl writes them. */
export function kubeconfigText({ cert, key, ...rest }: KubeconfigContent): string {
  return textOf(rest, `client-certificate-data: ${base64(cert)}\n    client-key-data: ${base64(key)}`);
}

/** The text of a file that names others. */
export function kubeconfigWithFiles({ certFile, keyFile, ...rest }: KubeconfigWithFiles): string {
  return textOf(rest, `client-certificate: ${JSON.stringify(certFile)}\n    client-key: ${JSON.stringify(keyFile)}`);
}

function textOf({ server, ca, user }: Pick<KubeconfigWithFiles, 'server' | 'ca' | 'user'>, credentials: string): string {
  const authority = ca === undefined ? '' : `    certificate-authority-data: ${base64(ca)}\n`;
  return `apiVersion: v1
clusters:
- cluster:
${authority}    server: ${server}
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
    ${credentials}
`;
}

/** Writes the file for its owner alone, in one step; leaves it untouched when it says the same already. */
export function writeKubeconfig(path: string, content: KubeconfigContent, host: Host): Promise<void> {
  return writeKubeconfigText(path, kubeconfigText(content), host);
}

export async function writeKubeconfigText(path: string, text: string, { files }: Host): Promise<void> {
  const present = await files.readFile(path, 'utf8').catch(() => undefined);
  if (present === text) return;
  const temporary = `${path}.new`;
  await files.writeFile(temporary, text, { mode: 0o600 });
  await files.rename(temporary, path);
}
