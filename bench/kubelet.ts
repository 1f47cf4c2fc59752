/** The kubelet's HTTP API and streams with 100 pods, in alternating slices with the real kubelet when there is a peer. */
import { randomBytes } from 'node:crypto';
import { resources } from '../src/api/resources.ts';
import { until } from '../test/support/until.ts';
import { footprint, timePath, type Timing } from './kubelet-http.ts';
import { joinedPlace, peerOption, realPlace, upPlace, type Place } from './kubelet-place.ts';
import { startStreamPod, type StreamFigures, type StreamPod } from './kubelet-streams.ts';
import { option, quantile, report } from './lib.ts';

const PODS = Number(option('pods') ?? 100);
const ROUNDS = 3;
const REST_MS = 20_000;
const PATHS: Readonly<Record<string, number>> = { '/healthz': 2_000, '/configz': 1_000, '/pods': 300 };
const STREAMS: Readonly<Record<keyof StreamFigures, string>> = {
  exec: 'exec true by WebSocket, ms',
  execsAtOnce: 'exec true, 20 at once, ms',
  logs: 'containerLogs of 4.8 MiB, MiB/s',
  tail: 'containerLogs?tailLines=10, ms',
  forward: 'kubectl port-forward, MiB/s',
  connection: 'kubectl port-forward, new connection, ms',
  kubectlExec: 'kubectl exec true, ms',
};

/** With `--peer=URL --peer-cert --peer-key --peer-ca [--peer-node --peer-pid --peer-image]` beside the real kubelet, under its API server. */
export async function measureKubelet(): Promise<void> {
  const peer = peerOption();
  const places: Place[] = [];
  const fills: (() => Promise<void>)[] = [];
  const pods: StreamPod[] = [];
  try {
    if (peer !== undefined) {
      const real = await realPlace(peer);
      places.push(real);
      places.push(await joinedPlace(peer, real));
    }
    places.push(await upPlace());
    for (const place of places) fills.push(await fill(place));
    await rest(places);
    for (const [path, count] of Object.entries(PATHS)) showPath(path, await timePath(places, path, count));
    for (const place of places) pods.push(await startStreamPod(place));
    for (let round = 0; round < ROUNDS; round++) for (const pod of pods) await pod.round();
    for (const what of Object.keys(STREAMS)) if (isFigure(what)) showStream(what, pods);
  } finally {
    for (const pod of pods) await pod.destroy();
    for (const empty of fills) await empty();
    for (const place of places.toReversed()) await place.destroy();
  }
}

/** Pods that do nothing; how they are taken away. */
async function fill({ client, node, image }: Place): Promise<() => Promise<void>> {
  const run = randomBytes(3).toString('hex');
  const scope = { namespace: 'default' };
  await until('the default service account', () => client.get(resources.serviceaccounts, 'default', scope));
  const names = Array.from({ length: PODS }, (_, i) => `fill-${run}-${i}`);
  const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'];
  for (const name of names)
    await client.create(resources.pods, {
      metadata: { name, ...scope, labels: { fill: run } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        containers: [{ name: 'c', image, imagePullPolicy: 'IfNotPresent', command }],
      },
    });
  const list = (): ReturnType<typeof client.list<typeof resources.pods>> =>
    client.list(resources.pods, { ...scope, labelSelector: `fill=${run}` });
  await until('all pods to run', async () => (await list()).items.every(({ status }) => status?.phase === 'Running'), 300_000);
  return async () => {
    for (const name of names) await client.delete(resources.pods, name, scope);
    await until('all pods to be gone', async () => (await list()).items.length === 0, 300_000);
  };
}

async function rest(places: readonly Place[]): Promise<void> {
  const look = (): (ReturnType<typeof footprint> | undefined)[] =>
    places.map(({ pid }) => (pid === undefined ? undefined : footprint(pid)));
  const before = look();
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  for (const [i, now] of look().entries()) {
    if (now === undefined) continue;
    const milli = (now.cpu - (before[i]?.cpu ?? 0)) / (REST_MS / 1_000);
    process.stdout.write(
      `${places[i]?.name.padEnd(8)} at rest, ${PODS} pods: ${now.memory.toFixed(0)} MiB, ${milli.toFixed(0)} millicores\n`,
    );
  }
}

function showPath(path: string, timings: readonly Timing[]): void {
  const real = timings.find(({ name }) => name === 'real');
  const rate = ({ busy }: Timing): number => busy.count / (busy.ms / 1_000);
  for (const timing of timings) {
    report(`${path} ${timing.name}`, timing.each, timing === real ? undefined : real?.each);
    const ratio = real === undefined || timing === real ? '' : `   ${(rate(timing) / rate(real)).toFixed(2)} ×`;
    process.stdout.write(`${''.padEnd(52)} ${rate(timing).toFixed(0)} a second over 8 connections${ratio}\n`);
  }
}

function isFigure(name: string): name is keyof StreamFigures {
  return Object.hasOwn(STREAMS, name);
}

function showStream(what: keyof StreamFigures, pods: readonly StreamPod[]): void {
  const medians = pods.map(({ place, figures }) => ({ name: place.name, value: quantile(figures[what], 0.5) }));
  const real = medians.find(({ name }) => name === 'real')?.value;
  const shown = medians.map(({ name, value }) => {
    const ratio = real === undefined || name === 'real' ? '' : ` (${(value / real).toFixed(2)} ×)`;
    return `${name} ${value.toFixed(1)}${ratio}`;
  });
  process.stdout.write(`${STREAMS[what].padEnd(44)} ${shown.join('   ')}\n`);
}
