/** Scrapes of a kubelet that runs many pods: how long each takes, what it costs, in turns with the real kubelet when there is a peer. */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../src/api/resources.ts';
import { until } from '../test/support/until.ts';
import { joinedPlace, peerOption, realPlace, upPlace, type Place } from './kubelet-place.ts';
import { option, quantile, report } from './lib.ts';

const PODS = Number(option('pods') ?? 100);
const SCRAPES = Number(option('scrapes') ?? 40);
const PATHS = ['/metrics/cadvisor', '/metrics/resource', '/stats/summary', '/metrics'] as const;
/** Longer than answers are shared between those who ask together. */
const APART_MS = Number(option('apart') ?? 200);
const CYCLES = 4;
const CYCLE_MS = 15_000;
const MS_PER_TICK = 10;
const AT_ONCE = 10;

interface Scraped {
  readonly place: Place;
  /** ms of each scrape, by path. */
  readonly times: Map<string, number[]>;
  scrape(path: string): Promise<void>;
}

/** With `--peer=URL --peer-cert --peer-key --peer-ca [--peer-node --peer-pid --peer-image]` beside the real kubelet; `--pods=N --scrapes=N --apart=MS`. */
export async function measureMetrics(): Promise<void> {
  const peer = peerOption();
  const places: Place[] = [];
  const emptied: (() => Promise<void>)[] = [];
  try {
    if (peer === undefined) places.push(await upPlace());
    else {
      const real = await realPlace(peer);
      places.push(real, await joinedPlace(peer, real));
    }
    for (const place of places) emptied.push(await fill(place));
    await measure(places.map((place) => scraped(place)));
  } finally {
    for (const empty of emptied) await empty();
    for (const place of places.toReversed()) await place.destroy();
  }
}

async function measure(all: readonly Scraped[]): Promise<void> {
  for (const path of PATHS)
    for (let i = 0; i < SCRAPES; i += 1)
      for (const one of all) {
        await one.scrape(path);
        await pause(APART_MS);
      }
  const [ours, theirs] = [all.at(-1), all.length > 1 ? all[0] : undefined];
  if (ours === undefined) return;
  for (const path of PATHS) report(`${path}, ${PODS} pods`, ours.times.get(path) ?? [], theirs?.times.get(path));
  const before = all.map(({ place }) => cpuMs(place.pid));
  for (let i = 0; i < CYCLES; i += 1) {
    for (const one of all) for (const path of PATHS) await one.scrape(path);
    await pause(CYCLE_MS);
  }
  const spent = all.map(({ place }, i) => (cpuMs(place.pid) - (before[i] ?? Number.NaN)) / CYCLES);
  const [peerSpent, mine] = all.length > 1 ? [spent[0], spent[1]] : [undefined, spent[0]];
  const ratio =
    peerSpent === undefined ? '' : `   ${((mine ?? Number.NaN) / peerSpent).toFixed(2)} × the real one's ${peerSpent.toFixed(0)}`;
  process.stdout.write(`${'CPU of 15 s with a scrape of all four, ms'.padEnd(52)} ${(mine ?? Number.NaN).toFixed(0)}${ratio}\n`);
  process.stdout.write(`worst scrape of ${PATHS[0]}: ${quantile(ours.times.get(PATHS[0]) ?? [], 1).toFixed(0)} ms\n`);
}

function scraped(place: Place): Scraped {
  const agent = new Agent({ ...place.tls, keepAlive: true, rejectUnauthorized: false });
  const times = new Map<string, number[]>();
  return {
    place,
    times,
    scrape: (path) =>
      new Promise((resolve, reject) => {
        const began = performance.now();
        get(`${place.base}${path}`, { agent, headers: { 'accept-encoding': 'gzip' } }, (response) => {
          response.resume().on('error', reject);
          response.on('end', () => {
            times.set(path, [...(times.get(path) ?? []), performance.now() - began]);
            if (response.statusCode === 200) resolve();
            else reject(new Error(`${place.name} ${path}: ${response.statusCode}`));
          });
        }).on('error', reject);
      }),
  };
}

/** CPU that a process has used; NaN when nobody said which it is. */
function cpuMs(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Pods that sleep, all running; gives what removes them. */
async function fill({ client, node, image, name }: Place): Promise<() => Promise<void>> {
  const namespace = 'default';
  const labelSelector = `bench=metrics-${name}`;
  const label = { bench: `metrics-${name}` };
  for (let from = 0; from < PODS; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, PODS - from) }, (_, i) =>
        client.create(
          resources.pods,
          {
            metadata: { name: `metrics-${name}-${from + i}`, namespace, labels: label },
            spec: {
              nodeName: node,
              terminationGracePeriodSeconds: 1,
              automountServiceAccountToken: false,
              tolerations: [{ operator: 'Exists' }],
              containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', command: ['sleep', '100000'] }],
            },
          },
          { namespace },
        ),
      ),
    );
  const running = async (): Promise<boolean> =>
    (await client.list(resources.pods, { namespace, labelSelector })).items.filter(({ status }) => status?.phase === 'Running').length ===
    PODS;
  await until(`${PODS} pods on ${name}`, running, 900_000);
  return async () => {
    const { items } = await client.list(resources.pods, { namespace, labelSelector });
    await Promise.all(items.map(({ metadata }) => client.delete(resources.pods, metadata.name, { namespace }).catch(() => undefined)));
    const gone = async (): Promise<boolean> => (await client.list(resources.pods, { namespace, labelSelector })).items.length === 0;
    await until(`no pods on ${name}`, gone, 900_000);
  };
}
