/** Binds pods to nodes (kube-scheduler): the first node that fits and has the fewest pods. */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { Node, Pod, Stored } from '../../api/types.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { recordEvent } from '../events.ts';
import { splitKey, startWorkQueue } from '../queue.ts';
import { misfits, unschedulableMessage } from './filters.ts';
import { keepVolumes, podVolumes, volumeMisfits } from './volumes.ts';

const NAME = 'default-scheduler';
/** A pod that fits nowhere is looked at again this often, besides when nodes or pods change. */
const RETRY_MS = 30_000;

export function startScheduler({ client, clock, log }: ControllerContext): Controller {
  /** Where pods are bound to that the watch has not shown yet. */
  const assumed = new Map<string, string>();
  const unschedulable = new Set<string>();
  const queue = startWorkQueue({ clock, handle: schedule, failed: (key, error) => log.warn('Could not schedule', { pod: key, error }) });
  const nodes = client.inform(resources.nodes, {}, { added: retryAll, modified: (now, before) => nodeChanged(now, before) && retryAll() });
  const pods = client.inform(
    resources.pods,
    {},
    {
      added: offer,
      modified: (pod) => {
        offer(pod);
        if (isOver(pod)) retryAll();
      },
      deleted: (pod) => {
        forget(keyOf(pod));
        retryAll();
      },
    },
  );
  const retry = { added: retryAll, modified: retryAll };
  const claims = client.inform(resources.persistentvolumeclaims, {}, retry);
  const volumes = client.inform(resources.persistentvolumes, {}, retry);
  const classes = client.inform(resources['storageclasses.storage.k8s.io'], {}, retry);
  const facts = { claims: claims.items, volumes: volumes.items, classes: classes.items };
  const synced = Promise.all([nodes, pods, claims, volumes, classes].map((informer) => informer.synced));
  const retries = clock.every(RETRY_MS, retryAll);

  function offer(pod: Stored<Pod>): void {
    const key = keyOf(pod);
    if ((pod.spec.nodeName ?? '') !== '') forget(key);
    else if (isOurs(pod)) queue.add(key);
  }

  function forget(key: string): void {
    assumed.delete(key);
    unschedulable.delete(key);
  }

  function retryAll(): void {
    for (const key of unschedulable) queue.add(key);
  }

  async function schedule(key: string): Promise<void> {
    await synced;
    const pod = pods.items.get(key);
    if (pod === undefined || !isOurs(pod) || assumed.has(key)) return;
    if ((pod.spec.schedulingGates ?? []).length > 0) return;
    const candidates = [...nodes.items.values()].map((node) => ({ node, pods: podsOn(node.metadata.name) }));
    const wanted = podVolumes(pod, facts);
    // What no node can help with is not asked of any.
    if (wanted.problem !== undefined && candidates.length > 0)
      return refuse(pod, key, `0/${candidates.length} nodes are available: ${wanted.problem}. not found`);
    const found = candidates.map((candidate) => {
      const why = misfits(pod, candidate);
      return { candidate, why: why.length > 0 ? why : volumeMisfits(wanted, candidate.node, candidate.pods, facts) };
    });
    const fitting = found.filter(({ why }) => why.length === 0).toSorted((a, b) => a.candidate.pods.length - b.candidate.pods.length)[0];
    if (fitting === undefined) await refuse(pod, key, unschedulableMessage(found.map(({ why }) => why)));
    else if (wanted.waiting.length > 0) {
      // The pod's turn comes again when its claims are bound.
      unschedulable.add(key);
      await keepVolumes(client, wanted, fitting.candidate.node, facts);
    } else await bind(pod, key, fitting.candidate.node.metadata.name);
  }

  function podsOn(node: string): Stored<Pod>[] {
    return [...pods.items.values()].filter((pod) => (pod.spec.nodeName ?? assumed.get(keyOf(pod))) === node);
  }

  async function bind(pod: Stored<Pod>, key: string, node: string): Promise<void> {
    const { namespace } = splitKey(key);
    assumed.set(key, node);
    try {
      const { name, uid } = pod.metadata;
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { kind: 'Node', name: node } };
      await client.createSubresource(resources.pods, name, 'binding', binding, { namespace });
    } catch (error) {
      assumed.delete(key);
      if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
      throw error;
    }
    unschedulable.delete(key);
    void event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node}`, 'Binding');
  }

  async function refuse(pod: Stored<Pod>, key: string, message: string): Promise<void> {
    unschedulable.add(key);
    const present = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (present?.status === 'False' && present.message === message) return;
    const { namespace } = splitKey(key);
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      observedGeneration: pod.metadata.generation,
      lastProbeTime: null,
      lastTransitionTime: new Date(clock.now()).toISOString().replace(/\.\d+/, ''),
    };
    await client.patch(
      resources.pods,
      pod.metadata.name,
      'strategic',
      { status: { conditions: [condition] } },
      { namespace, subresource: 'status' },
    );
    void event(pod, 'Warning', 'FailedScheduling', message, 'Scheduling');
  }

  const event = (pod: Stored<Pod>, type: 'Normal' | 'Warning', reason: string, message: string, action: string): Promise<void> =>
    recordEvent({ client, clock, log }, { object: pod, kind: 'Pod', component: NAME, type, reason, message, action });

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      queue.stop();
      retries.cancel();
      nodes.stop();
      pods.stop();
      claims.stop();
      volumes.stop();
      classes.stop();
    },
  };
}

function isOurs(pod: Stored<Pod>): boolean {
  return (
    (pod.spec.nodeName ?? '') === '' &&
    (pod.spec.schedulerName ?? NAME) === NAME &&
    pod.metadata.deletionTimestamp === undefined &&
    !isOver(pod)
  );
}

function isOver(pod: Stored<Pod>): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

function keyOf(pod: Stored<Pod>): string {
  return `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
}

/** Heartbeats change nothing that a pod waits for. */
function nodeChanged(now: Stored<Node>, before: Stored<Node>): boolean {
  return (
    JSON.stringify([now.spec, now.metadata.labels, now.status.allocatable]) !==
    JSON.stringify([before.spec, before.metadata.labels, before.status.allocatable])
  );
}
