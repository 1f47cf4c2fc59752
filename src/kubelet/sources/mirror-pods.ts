/** Mirror pods: what the API server shows of static pods (kubernetes `pkg/kubelet/pod/mirror_client.go`). */
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Node, Pod } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { HASH_ANNOTATION, MIRROR_ANNOTATION, podKey, type NodePod } from '../pods/pod.ts';
import type { StatusTarget } from '../pods/status-writer.ts';

export interface MirrorPods {
  /** The static pods that the node runs now. */
  readonly wanted: (pods: readonly NodePod[]) => void;
  /** What the API server has. */
  seen(mirror: NodePod, present: boolean): void;
  /** The mirror of a static pod, as the place of its status. */
  target(pod: NodePod): StatusTarget | undefined;
  /** Tries again what failed. */
  repair(): void;
}

export interface MirrorPodsOptions {
  readonly client: KubeClient | undefined;
  readonly log: Logger;
  readonly node: () => Node | undefined;
  /** A mirror appeared or changed: the static pod's status belongs there. */
  readonly appeared: (pod: NodePod, mirror: NodePod) => void;
}

export function createMirrorPods({ client, log, node, appeared }: MirrorPodsOptions): MirrorPods {
  const mirrors = new Map<string, NodePod>();
  let desired = new Map<string, NodePod>();
  const busy = new Set<string>();

  /** Deletes a mirror that is out of date or wanted no more, creates one that is missing. */
  async function mend(api: KubeClient, key: string): Promise<void> {
    const pod = desired.get(key);
    const mirror = mirrors.get(key);
    const current = pod && mirror?.metadata.annotations?.[MIRROR_ANNOTATION] === pod.metadata.annotations?.[HASH_ANNOTATION];
    if (mirror && (!current || mirror.metadata.deletionTimestamp !== undefined)) {
      const { name, namespace, uid } = mirror.metadata;
      await ignoring(
        'NotFound',
        api.delete(resources.pods, name, { namespace, delete: { gracePeriodSeconds: 0, preconditions: { uid } } }),
      );
      if (mirrors.get(key) === mirror) mirrors.delete(key);
    }
    if (pod && !mirrors.has(key))
      await ignoring('AlreadyExists', api.create(resources.pods, mirrorOf(pod, node()), { namespace: pod.metadata.namespace }));
  }

  function repair(key: string): void {
    if (client === undefined || busy.has(key)) return;
    busy.add(key);
    mend(client, key)
      .catch((error: unknown) => log.warn('Mirror pod could not be kept', { pod: key, err: errorText(error) }))
      .finally(() => busy.delete(key));
  }

  return {
    wanted(pods) {
      const before = desired;
      desired = new Map(pods.map((pod) => [podKey(pod), pod]));
      for (const key of new Set([...before.keys(), ...desired.keys()])) repair(key);
    },
    seen(mirror, present) {
      const key = podKey(mirror);
      if (present) mirrors.set(key, mirror);
      else mirrors.delete(key);
      const pod = desired.get(key);
      if (present && pod) appeared(pod, mirror);
      repair(key);
    },
    target(pod) {
      const mirror = mirrors.get(podKey(pod));
      if (mirror === undefined) return undefined;
      const { namespace, name, uid } = mirror.metadata;
      return { namespace, name, uid, status: mirror.status };
    },
    repair: () => {
      for (const key of new Set([...mirrors.keys(), ...desired.keys()])) repair(key);
    },
  };
}

function mirrorOf(pod: NodePod, node: Node | undefined): Pod {
  const { uid: _uid, resourceVersion: _version, ...metadata } = pod.metadata;
  const { name, uid } = node?.metadata ?? {};
  const owner =
    name !== undefined && uid !== undefined ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid, controller: true }] } : {};
  const hash = pod.metadata.annotations?.[HASH_ANNOTATION] ?? '';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, ...owner, annotations: { ...metadata.annotations, [MIRROR_ANNOTATION]: hash } },
    spec: pod.spec,
  };
}

async function ignoring(reason: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!hasReason(error, reason)) throw error;
  }
}
