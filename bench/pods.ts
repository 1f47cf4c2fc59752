/** From POST of a pod to Running, and from DELETE to gone, as a watcher sees them. */
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { resources } from '../src/api/resources.ts';
import type { Pod } from '../src/api/types.ts';
import type { KubeClient } from '../src/client/kube-client.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { createKubeClient } from '../src/client/rest-client.ts';
import { startTestNode } from '../test/support/node.ts';
import { until } from '../test/support/until.ts';
import { option, report } from './lib.ts';

const SERIAL = 20;
const BURST = Number(option('pods') ?? 30);

export interface PodFigures {
  readonly start: number[];
  readonly stop: number[];
  /** From the first POST until all of a burst run. */
  readonly burst: number[];
}

export interface PodMeasurement {
  readonly image: string;
  /** Pods at once; 30 by default. */
  readonly burst?: number;
  /** Pods are bound to this node from the start; a scheduler does it otherwise. */
  readonly nodeName?: string;
  /** Called after the pods of one after the other, and again while those of the burst run. */
  readonly afterSerial?: () => Promise<void>;
  readonly whileAllRun?: () => Promise<void>;
}

export async function measurePods(): Promise<void> {
  const peer = option('peer');
  const theirs =
    peer === undefined
      ? undefined
      : await measurePodsOf(peerClient(peer), { image: option('peer-image') ?? 'docker.io/library/busybox:1.36' });
  const node = await startTestNode(['--runtime=process']);
  try {
    const client = createKubeClient(await loadKubeconfig(`${node.dataDir}/kubeconfig`));
    const ours = await measurePodsOf(client, { image: 'host' });
    report('pod POST → Running', ours.start, theirs?.start);
    report('pod DELETE → gone, process exits on TERM', ours.stop, theirs?.stop);
    report(`${BURST} pods at once → all Running`, ours.burst, theirs?.burst);
  } finally {
    await node.destroy();
  }
}

function peerClient(server: string): KubeClient {
  const read = (name: string): string => readFileSync(option(name) ?? '', 'utf8');
  return createKubeClient({ server, cert: read('peer-cert'), key: read('peer-key'), insecureSkipVerify: true });
}

/** Starts and deletes pods one by one, and many at once. */
export async function measurePodsOf(client: KubeClient, options: PodMeasurement): Promise<PodFigures> {
  const { burst = BURST, nodeName } = options;
  const run = randomBytes(3).toString('hex');
  const running = new Map<string, number>();
  const gone = new Map<string, number>();
  const isUp = (pod: Pick<Pod, 'status'>): boolean =>
    pod.status?.phase === 'Running' && pod.status.containerStatuses?.every((c) => c.state?.running !== undefined) === true;
  const informer = client.inform(
    resources.pods,
    { namespace: 'default' },
    {
      added: (pod) => isUp(pod) && running.set(pod.metadata.name, performance.now()),
      modified: (pod) => isUp(pod) && !running.has(pod.metadata.name) && running.set(pod.metadata.name, performance.now()),
      deleted: (pod) => gone.set(pod.metadata.name, performance.now()),
    },
  );
  await informer.synced;
  await until('the default service account', () => client.get(resources.serviceaccounts, 'default', { namespace: 'default' }));
  const create = async (name: string): Promise<void> => {
    await client.create(resources.pods, {
      metadata: { name, namespace: 'default' },
      spec: { ...spec(options.image), ...(nodeName !== undefined && { nodeName }) },
    });
  };
  const remove = async (name: string): Promise<void> => {
    await client.delete(resources.pods, name, { namespace: 'default' });
  };
  const figures: PodFigures = { start: [], stop: [], burst: [] };
  for (let n = 0; n < SERIAL; n++) {
    const name = `bench-${run}-${n}`;
    const asked = performance.now();
    await create(name);
    figures.start.push((await until('Running', () => running.get(name), 60_000)) - asked);
    const deleted = performance.now();
    await remove(name);
    figures.stop.push((await until('gone', () => gone.get(name), 60_000)) - deleted);
  }
  await options.afterSerial?.();
  const names = Array.from({ length: burst }, (_, n) => `burst-${run}-${n}`);
  const asked = performance.now();
  await Promise.all(names.map(create));
  await until('all Running', () => names.every((name) => running.has(name)), 240_000);
  figures.burst.push(Math.max(...names.map((name) => running.get(name) ?? 0)) - asked);
  await options.whileAllRun?.();
  await Promise.all(names.map(remove));
  await until('all gone', () => names.every((name) => gone.has(name)), 240_000);
  informer.stop();
  client.close();
  return figures;
}

function spec(image: string): NonNullable<Pod['spec']> {
  return {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'c',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'],
      },
    ],
  };
}
