/** Deletes pods that do not tolerate the NoExecute taints of their node, or no longer (controller-manager `tainteviction`). */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import { tolerates, type Taint } from '../../api/taints.ts';
import { goTime } from '../../api/time.ts';
import type { Node, Pod, Stored, Toleration } from '../../api/types.ts';
import type { Timer } from '../../util/clock.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { recordEvent } from '../events.ts';
import { isOvertaken } from '../overtaken.ts';
import { splitKey, startWorkQueue } from '../queue.ts';

const COMPONENT = 'taint-eviction-controller';
const REASON = 'TaintManagerEviction';

interface Planned {
  readonly since: number;
  readonly at: number;
  readonly timer: Timer;
}

export function startTaintEvictionController({ client, reader = client, clock, log }: ControllerContext): Controller {
  /** Pods that are tolerated for a while. */
  const planned = new Map<string, Planned>();
  const queue = startWorkQueue({ clock, handle: sync, failed: (key, error) => log.warn('Could not evict a pod', { pod: key, error }) });
  const nodes = reader.inform(
    resources.nodes,
    {},
    { added: lookAtPods, modified: (now, before) => tainted(now, before) && lookAtPods(now) },
  );
  const pods = reader.inform(
    resources.pods,
    {},
    { added: look, modified: look, deleted: ({ metadata }) => forget(`${metadata.namespace ?? ''}/${metadata.name}`) },
  );
  const synced = Promise.all([nodes.synced, pods.synced]);

  function look({ metadata, spec }: Stored<Pod>): void {
    if ((spec.nodeName ?? '') !== '') queue.add(`${metadata.namespace ?? ''}/${metadata.name}`);
  }

  function lookAtPods({ metadata }: Stored<Node>): void {
    for (const pod of pods.items.values()) if (pod.spec.nodeName === metadata.name) look(pod);
  }

  function forget(key: string): boolean {
    planned.get(key)?.timer.cancel();
    return planned.delete(key);
  }

  async function sync(key: string): Promise<void> {
    await synced;
    const pod = pods.items.get(key);
    const node = nodes.items.get(pod?.spec.nodeName ?? '');
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) return void forget(key);
    const stay = toleratedMs(noExecute(node), pod.spec.tolerations ?? []);
    if (stay === Number.POSITIVE_INFINITY) {
      if (forget(key)) await event(pod, `Cancelling deletion of Pod ${key}`);
      return;
    }
    const { since, at } = planned.get(key) ?? { since: clock.now(), at: undefined };
    const due = since + stay;
    if (due <= clock.now()) {
      forget(key);
      await evict(pod, key);
    } else if (due !== at) {
      forget(key);
      planned.set(key, { since, at: due, timer: clock.after(due - clock.now(), () => queue.add(key)) });
    }
  }

  async function evict(pod: Stored<Pod>, key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const { uid, generation } = pod.metadata;
    await event(pod, `Marking for deletion Pod ${key}`);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: goTime(clock.now()),
      ...(generation !== undefined && { observedGeneration: generation }),
    };
    try {
      await client.patch(
        resources.pods,
        name,
        'strategic',
        { metadata: { uid }, status: { conditions: [condition] } },
        { namespace, subresource: 'status' },
      );
      await client.delete(resources.pods, name, { namespace, delete: { preconditions: { uid } } });
    } catch (error) {
      if (!isOvertaken(error) && !hasReason(error, 'Conflict')) throw error;
    }
  }

  const event = (pod: Stored<Pod>, message: string): Promise<void> =>
    recordEvent(
      { client, clock, log },
      { object: pod, kind: 'Pod', component: COMPONENT, type: 'Normal', reason: REASON, message, action: REASON },
    );

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      queue.stop();
      for (const { timer } of planned.values()) timer.cancel();
      nodes.stop();
      pods.stop();
    },
  };
}

/** How long a pod may stay under taints, in ms: the shortest of the tolerations that cover them. */
export function toleratedMs(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  if (taints.length === 0) return Number.POSITIVE_INFINITY;
  const used: Toleration[] = [];
  for (const taint of taints) {
    const covering = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (covering.length === 0) return 0;
    // The first that covers a taint is the one that counts for it.
    used.push(...covering.slice(0, 1));
  }
  const seconds = used.flatMap(({ tolerationSeconds }) => (tolerationSeconds === undefined ? [] : [tolerationSeconds]));
  return seconds.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.min(...seconds)) * 1000;
}

const noExecute = (node: Stored<Node>): Taint[] => (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute');

function tainted(now: Stored<Node>, before: Stored<Node>): boolean {
  return JSON.stringify(noExecute(now)) !== JSON.stringify(noExecute(before));
}
