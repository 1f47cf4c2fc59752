/** Pods that the API server bound to this node. */
import { resources } from '../../api/resources.ts';
import type { Pod, Stored } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { isMirror, type NodePod } from '../pods/pod.ts';

export interface PodSource {
  /** Resolves when the source has said once what it wants. */
  readonly synced: Promise<void>;
  close(): void;
}

export interface ApiSourceHandlers {
  /** A pod to run, new or changed. */
  readonly wanted: (pod: NodePod, resourceVersion: string) => void;
  readonly removed: (pod: NodePod) => void;
  /** The API's picture of a static pod came, changed or went. */
  readonly mirror: (pod: NodePod, present: boolean) => void;
}

export function startApiSource(client: KubeClient, nodeName: string, log: Logger, handlers: ApiSourceHandlers): PodSource {
  const take = (stored: Stored<Pod>): void => {
    const pod = nodePod(stored);
    if (isMirror(pod)) handlers.mirror(pod, true);
    else handlers.wanted(pod, stored.metadata.resourceVersion);
  };
  const informer = client.inform(
    resources.pods,
    { fieldSelector: `spec.nodeName=${nodeName}` },
    {
      added: take,
      modified: take,
      deleted: (stored) => {
        const pod = nodePod(stored);
        if (isMirror(pod)) handlers.mirror(pod, false);
        else handlers.removed(pod);
      },
      failed: (error) => log.warn('Pods could not be read from the API server', { err: errorText(error) }),
    },
  );
  return { synced: informer.synced, close: () => informer.stop() };
}

/** A stored pod always has a namespace. */
function nodePod(pod: Stored<Pod>): NodePod {
  return { ...pod, metadata: { ...pod.metadata, namespace: pod.metadata.namespace ?? 'default' } };
}
