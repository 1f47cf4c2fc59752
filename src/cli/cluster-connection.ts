/** How the verbs that ask a cluster find it. */
import { KubeconfigError, loadKubeconfig } from '../client/kubeconfig.ts';
import type { Connection } from '../client/transport.ts';
import { dataDirAt, defaultDataDir } from './up/data-dir.ts';
import { UserError } from './user-error.ts';

/** `--kubeconfig`, or the first file of $KUBECONFIG, or what `up` wrote. Throws a UserError for one that cannot be used. */
export async function clusterConnection(given: string): Promise<Connection> {
  const fromEnvironment = (process.env['KUBECONFIG'] ?? '').split(':').find((path) => path !== '');
  const path = given !== '' ? given : (fromEnvironment ?? dataDirAt(defaultDataDir()).kubeconfig);
  try {
    return await loadKubeconfig(path);
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UserError(`${error.message}; name one with --kubeconfig, or a kubelet with --kubelet`);
    throw error;
  }
}
