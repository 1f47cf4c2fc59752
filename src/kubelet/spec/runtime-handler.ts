/** How a pod's RuntimeClass becomes the name of a handler (kubernetes `pkg/kubelet/runtimeclass/runtimeclass_manager.go`). */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { errorText } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';

/** The handler that makes the pod's sandbox; empty for the default one. Throws an Error with the original's text. */
export async function runtimeHandler({ spec }: NodePod, client: KubeClient | undefined): Promise<string> {
  const name = spec.runtimeClassName ?? '';
  if (name === '') return '';
  const missing = `runtimeclass.node.k8s.io "${name}" not found`;
  if (client === undefined) throw new Error(missing);
  try {
    return (await client.get(resources['runtimeclasses.node.k8s.io'], name)).handler;
  } catch (error) {
    throw new Error(hasReason(error, 'NotFound') ? missing : `failed to lookup RuntimeClass ${name}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
