/**
 * `npm run peer:collectors -- --kubelet=URL --cert=FILE --key=FILE --runtime-endpoint=unix:///PATH`: nodelet's collectors alone,
 * pointed at the containers of a real kubelet, against what it answers at the same moments: series by all of their labels, in both
 * directions, and values. Run on its machine; `[--cgroup-root=/] [--root-dir=/var/lib/kubelet] [--seconds=60] [--show=12]`. A kubelet
 * whose runtime is not at /run/containerd needs `--containerd=PATH` itself, else it knows no labels. Exits with 1 when something differs.
 */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pod, Stored } from '../../src/api/types.ts';
import { observePod } from '../../src/kubelet/pods/observed.ts';
import { startNodeStats } from '../../src/kubelet/stats/node-stats.ts';
import type { MeasuredPod } from '../../src/kubelet/stats/targets.ts';
import { startCriRuntime } from '../../src/runtime/cri/cri-runtime.ts';
import { systemHost } from '../../src/util/host.ts';
import { silentLogger } from '../../src/util/log.ts';
import { compare, differences, type Moments } from './measured-values.ts';
import { exposed, summarized, type Taken } from './measured-series.ts';

const STEP_MS = 1_000;
/** Of our steps, how many go by between two questions to the other kubelet. */
const THEIRS_EVERY = 5;

const argument = (name: string): string | undefined => process.argv.find((text) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
const [base, cert, key, endpoint] = ['kubelet', 'cert', 'key', 'runtime-endpoint'].map(argument);
if (base === undefined || cert === undefined || key === undefined || endpoint === undefined) {
  process.stderr.write('usage: npm run peer:collectors -- --kubelet=URL --cert=FILE --key=FILE --runtime-endpoint=unix:///PATH\n');
  process.exit(2);
}
const agent = new Agent({ cert: readFileSync(cert), key: readFileSync(key), rejectUnauthorized: false, keepAlive: true });
const runtime = await startCriRuntime({ endpoint, host: systemHost, log: silentLogger });
let pods: readonly MeasuredPod[] = [];
const stats = await startNodeStats({
  host: systemHost,
  log: silentLogger,
  nodeName: 'collectors',
  rootDir: argument('root-dir') ?? '/var/lib/kubelet',
  podLogsDir: '/var/log/pods',
  cgroupRoot: argument('cgroup-root') ?? '/',
  kubeletCgroups: '',
  systemCgroups: '',
  runtime,
  pods: () => pods,
});

const ours: Moments = new Map();
const theirs: Moments = new Map();
const steps = Math.max(20, Number(argument('seconds') ?? 60));
/** Steps at which a container ran. */
const seen = new Map<string, number>();
for (let step = 0; step < steps; step += 1) {
  pods = await observed();
  for (const {
    observed: { containers },
  } of pods)
    for (const { id, state } of containers) if (state === 'running') seen.set(id, (seen.get(id) ?? 0) + 1);
  keep(ours, [
    ...exposed((await stats.cadvisor()).text()),
    ...exposed((await stats.resource()).text()),
    ...summarized(await stats.summary(false)),
  ]);
  // The first steps are left out: what is counted in the background, and rates, need a few samples.
  if (step >= steps / 2 && step % THEIRS_EVERY === 0) {
    const [cadvisor, resource, summary] = await Promise.all(['/metrics/cadvisor', '/metrics/resource', '/stats/summary'].map(ask));
    keep(theirs, [...exposed(cadvisor ?? ''), ...exposed(resource ?? ''), ...summarized(JSON.parse(summary ?? '{}'))]);
  }
  await pause(STEP_MS);
}
stats.close();
agent.destroy();
await runtime.close();

// Pods whose containers came or went meanwhile are left out, as a whole.
const moved = pods.flatMap(({ pod: { metadata }, observed: { sandboxes, containers } }) =>
  containers.every(({ id, state }) => state !== 'running' || seen.get(id) === steps) && containers.some(({ id }) => seen.get(id) === steps)
    ? []
    : [metadata.uid, ...sandboxes.map(({ id }) => id), `pod="${metadata.name}"`],
);
const result = compare(ours, theirs, (series) => !moved.some((text) => series.includes(text)));
process.stdout.write(
  `${pods.length} pods, ${result.series} series: ${result.same} values the same, ${result.between} within those around them\n`,
);
process.stdout.write(differences(result, Number(argument('show') ?? 12)));
process.exitCode = result.wrong.size === 0 ? 0 : 1;

async function observed(): Promise<MeasuredPod[]> {
  const { items } = JSON.parse(await ask('/pods')) as { readonly items: readonly Stored<Pod>[] };
  return Promise.all(
    items.map(async ({ metadata, spec, status }) => ({
      pod: { metadata: { ...metadata, namespace: metadata.namespace ?? '' }, spec, status },
      observed: await observePod(runtime, metadata.uid),
    })),
  );
}

function keep(moments: Moments, taken: readonly Taken[]): void {
  for (const { series, at, value } of taken) {
    const list = moments.get(series) ?? [];
    // One that says the time of its sample may be asked twice for the same.
    if (list.at(-1)?.at !== at) moments.set(series, [...list, { at, value }]);
  }
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`${base}${path}`, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
    }).on('error', reject);
  });
}
