/** Pods for a node that is about to crash: some that stay, and many that come and go. */
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../../src/api/resources.ts';
import { hasReason } from '../../src/api/status.ts';
import type { Pod, Stored } from '../../src/api/types.ts';
import type { KubeClient } from '../../src/client/kube-client.ts';
import { FOREVER } from '../support/pods.ts';
import { until } from '../support/until.ts';
import type { Machine } from './leftovers.ts';

const WORKERS = 4;
/** How long a pod of the churn may live before it is deleted. */
const LIFE_MS = 4_000;
/** How long one pod may take to go, crashes in between included. */
const GONE_MS = 180_000;
const RUNNING_MS = 120_000;
/** While the API server is away: it may be a part of what crashes. */
const RETRY_MS = 100;
const NAMESPACE = { namespace: 'default' };

/** A pod with volumes of several kinds, an init container and a sidecar. */
function loadPod(name: string, image: string): Pod {
  const container = { image, command: ['sh', '-c', FOREVER] };
  const volumeMounts = [
    { name: 'memory', mountPath: '/memory' },
    { name: 'settings', mountPath: '/settings' },
  ];
  return {
    metadata: { name, ...NAMESPACE },
    spec: {
      terminationGracePeriodSeconds: 1,
      initContainers: [
        { name: 'init', image, command: ['sh', '-c', 'echo made > /memory/file'], volumeMounts },
        { name: 'side', ...container, restartPolicy: 'Always' },
      ],
      containers: [{ name: 'c', ...container, volumeMounts }],
      volumes: [
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'settings', configMap: { name: 'settings' } },
      ],
    },
  };
}

/** Tries again while nobody answers; an answer that says no is one. */
async function answered<T>(ask: () => Promise<T>, deadlineMs = GONE_MS): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (hasReason(error, 'NotFound') || hasReason(error, 'AlreadyExists') || Date.now() > end) throw error;
      await pause(RETRY_MS);
    }
  }
}

const statuses = ({ status }: Stored<Pod>) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
const isReady = ({ status }: Stored<Pod>): boolean => status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;

/** What must not change about a pod that stays: its containers, how often they were restarted, and its processes. */
function identity(pod: Stored<Pod>, machine: Machine): string {
  const containers = statuses(pod).map(({ name, containerID, restartCount }) => `${name} ${containerID} restarted ${restartCount}`);
  return [...containers, `pids ${machine.pids(pod.metadata.uid).join(' ')}`].join(', ');
}

export interface SteadyPods {
  /** What is not as it was, a line for each pod. */
  readonly changed: () => Promise<string[]>;
  readonly remove: () => Promise<void>;
}

/** Starts pods that stay for the whole soak. The processes of their shells' `sleep` last longer than that. */
export async function steadyPods(client: KubeClient, machine: Machine, image: string, count: number): Promise<SteadyPods> {
  await client.create(resources.configmaps, { metadata: { name: 'settings', ...NAMESPACE }, data: { key: 'value' } }, NAMESPACE);
  await until('the default ServiceAccount', () => client.get(resources.serviceaccounts, 'default', NAMESPACE));
  const before = new Map<string, string>();
  const read = (name: string): Promise<Stored<Pod>> => answered(() => client.get(resources.pods, name, NAMESPACE));
  for (let n = 0; n < count; n += 1) await client.create(resources.pods, loadPod(`steady-${n}`, image), NAMESPACE);
  for (let n = 0; n < count; n += 1) {
    const name = `steady-${n}`;
    const pod = await until(`${name} to be ready`, async () => [await read(name)].find(isReady), RUNNING_MS);
    machine.learnNetwork(pod.status.podIP ?? '');
    before.set(name, identity(pod, machine));
  }
  return {
    async changed() {
      const lines: string[] = [];
      for (const [name, was] of before) {
        const now = identity(await read(name), machine);
        if (now !== was) lines.push(`${name} was ${was}; is ${now}`);
      }
      return lines;
    },
    async remove() {
      for (const name of before.keys()) await remove(client, name);
    },
  };
}

async function remove(client: KubeClient, name: string, gracePeriodSeconds?: number): Promise<void> {
  const options = { ...NAMESPACE, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) };
  const missing = (error: unknown): void => {
    if (!hasReason(error, 'NotFound')) throw error;
  };
  await answered(() => client.delete(resources.pods, name, options)).catch(missing);
  await until(
    `${name} to be gone`,
    () =>
      client.get(resources.pods, name, NAMESPACE).then(
        () => false,
        (error) => hasReason(error, 'NotFound'),
      ),
    GONE_MS,
  );
}

export interface Churn {
  readonly counts: { made: number; ran: number; restarted: number };
  /** Ends it; resolves when the last pod has gone. */
  readonly stop: () => Promise<void>;
}

/** Makes and deletes pods, several at a time, at random moments of their lives. A runtime that dies while it starts a container makes a second start necessary. */
export function startChurn(client: KubeClient, image: string, wrong: string[], mayRestart: boolean): Churn {
  const stopping = new AbortController();
  const counts = { made: 0, ran: 0, restarted: 0 };
  async function work(id: number): Promise<void> {
    while (!stopping.signal.aborted) {
      const name = `churn-${id}-${randomBytes(3).toString('hex')}`;
      try {
        await answered(() => client.create(resources.pods, loadPod(name, image), NAMESPACE)).catch((error: unknown) => {
          // It was made just before the crash that lost the answer.
          if (!hasReason(error, 'AlreadyExists')) throw error;
        });
        counts.made += 1;
        await pause(randomInt(LIFE_MS), undefined, { signal: stopping.signal }).catch(() => undefined);
        const pod = await answered(() => client.get(resources.pods, name, NAMESPACE));
        if (isReady(pod)) counts.ran += 1;
        const restarts = statuses(pod).filter(({ restartCount }) => restartCount > 0);
        counts.restarted += restarts.length;
        if (restarts.length > 0 && !mayRestart)
          wrong.push(`${name}: restarted ${restarts.map(({ name: container }) => container).join(', ')}`);
        await remove(client, name, randomInt(4) === 0 ? 0 : undefined);
      } catch (error) {
        wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const workers = Array.from({ length: WORKERS }, (_, id) => work(id));
  return {
    counts,
    async stop() {
      stopping.abort();
      await Promise.all(workers);
    },
  };
}
