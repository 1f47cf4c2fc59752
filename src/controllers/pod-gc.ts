/** Removes pods that no kubelet will (controller-manager `podgc/gc_controller.go`). */
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import { goTime } from '../api/time.ts';
import type { Pod, Stored } from '../api/types.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { isOvertaken } from './overtaken.ts';

const PERIOD_MS = 20_000;
/** A node must be missing for so long before its pods are given up. */
const QUARANTINE_MS = 40_000;
/** Pods that have ended and are kept all the same (`--terminated-pod-gc-threshold`). */
const MAX_TERMINATED = 12_500;

export function startPodGarbageCollector({ client, reader = client, clock, log }: ControllerContext): Controller {
  /** Since when a node has been missing, in ms. */
  const missing = new Map<string, number>();
  const pods = reader.inform(resources.pods, {}, {});
  const nodes = reader.inform(resources.nodes, {}, { added: ({ metadata }) => missing.delete(metadata.name) });
  const synced = Promise.all([pods.synced, nodes.synced]);
  let running = false;
  const timer = clock.every(PERIOD_MS, () => void sweep());

  async function sweep(): Promise<void> {
    if (running) return;
    running = true;
    try {
      await synced;
      const all = [...pods.items.values()];
      for (const pod of [...(await orphans(all)), ...superfluous(all), ...unscheduledTerminating(all)]) await remove(pod);
    } catch (error) {
      log.warn('Could not collect pods', { error });
    } finally {
      running = false;
    }
  }

  /** Pods of nodes that have been gone for the quarantine and that the API server does not know either. */
  async function orphans(all: readonly Stored<Pod>[]): Promise<Stored<Pod>[]> {
    const bound = all.filter((pod) => isBound(pod) && !nodes.items.has(pod.spec.nodeName ?? ''));
    const names = new Set(bound.map((pod) => pod.spec.nodeName ?? ''));
    for (const name of missing.keys()) if (!names.has(name)) missing.delete(name);
    const gone = new Set<string>();
    for (const name of names) {
      const since = missing.get(name) ?? clock.now();
      missing.set(name, since);
      if (clock.now() - since >= QUARANTINE_MS && (await isAbsent(name))) gone.add(name);
    }
    return bound.filter((pod) => gone.has(pod.spec.nodeName ?? ''));
  }

  async function isAbsent(node: string): Promise<boolean> {
    try {
      await client.get(resources.nodes, node);
      return false;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return true;
      throw error;
    }
  }

  async function remove(pod: Stored<Pod>): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata;
    log.info('Removing a pod', { pod: `${namespace}/${name}`, node: pod.spec.nodeName ?? '' });
    try {
      if (!isOver(pod)) {
        const status = failedStatus(pod, clock.now());
        await client.patch(resources.pods, name, 'strategic', { metadata: { uid }, status }, { namespace, subresource: 'status' });
      }
      await client.delete(resources.pods, name, { namespace, delete: { gracePeriodSeconds: 0, preconditions: { uid } } });
    } catch (error) {
      if (!isOvertaken(error) && !hasReason(error, 'Conflict')) throw error;
    }
  }

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      timer.cancel();
      pods.stop();
      nodes.stop();
    },
  };
}

/** The oldest of the pods that have ended, beyond what is kept. */
export function superfluous(pods: readonly Stored<Pod>[], keep = MAX_TERMINATED): Stored<Pod>[] {
  const ended = pods.filter(isOver);
  if (ended.length <= keep) return [];
  const age = ({ metadata }: Stored<Pod>): string => `${metadata.creationTimestamp} ${metadata.name}`;
  return ended.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).slice(0, ended.length - keep);
}

/** Pods that were deleted before they had a node: nobody else finishes them. */
export function unscheduledTerminating(pods: readonly Stored<Pod>[]): Stored<Pod>[] {
  return pods.filter((pod) => !isBound(pod) && pod.metadata.deletionTimestamp !== undefined);
}

function failedStatus(pod: Stored<Pod>, now: number): Pod['status'] {
  const at = goTime(now);
  return {
    phase: 'Failed',
    conditions: [
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: isBound(pod) ? 'PodGC: node no longer exists' : 'PodGC: pod was deleted before it was scheduled',
        lastTransitionTime: at,
      },
    ],
  };
}

const isBound = (pod: Stored<Pod>): boolean => (pod.spec.nodeName ?? '') !== '';

function isOver(pod: Stored<Pod>): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
