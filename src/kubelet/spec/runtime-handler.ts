/** How a pod's RuntimeClass becomes the name of a handler (kubernetes `pkg/kubelet/runtimeclass/runtimeclass_manager.go`, `pkg/kubelet/userns/userns_manager.go`). */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';

/** The handler that makes the pod's sandbox; empty for the default one. Throws an Error with the original's text. */
export async function runtimeHandler(pod: NodePod, client: KubeClient | undefined, runtime: Pick<Runtime, 'status'>): Promise<string> {
  const handler = await handlerOfClass(pod.spec.runtimeClassName ?? '', client);
  if (pod.spec.hostUsers === false) await refuseUserNamespace(handler, runtime);
  return handler;
}

async function handlerOfClass(name: string, client: KubeClient | undefined): Promise<string> {
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

/** A pod that asks for a user namespace must not run without: it may hold what only a mapped root may have. */
async function refuseUserNamespace(handler: string, runtime: Pick<Runtime, 'status'>): Promise<never> {
  const { handlers } = await runtime.status();
  const known = handlers.find(({ name }) => name === handler);
  if (known === undefined) throw new Error(`the handler "${handler}" is not known`);
  if (!known.userNamespaces) throw new Error(`RuntimeClass handler "${handler}" does not support user namespaces`);
  throw new Error("can't set spec.hostUsers: this kubelet does not map the users of pods");
}
