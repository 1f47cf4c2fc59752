/**
 * nodelet's collectors alone, pointed at the containers of a real kubelet, against its `/metrics/cadvisor` of the same moments:
 * `--kubelet=URL --kubelet-cert=FILE --kubelet-key=FILE [--cgroup-root=/]`, run on its machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stored, Pod } from '../src/api/types.ts';
import { podCgroup } from '../src/kubelet/cgroups/names.ts';
import { CONTAINER_NAME } from '../src/kubelet/spec/labels.ts';
import { startNodeStats } from '../src/kubelet/stats/node-stats.ts';
import type { MeasuredPod } from '../src/kubelet/stats/targets.ts';
import { parseText } from '../src/metrics/parse-text.ts';
import { parseCgroupLayout } from '../src/runtime/process/cgroup-layout.ts';
import type { ContainerRuntimeStatus, PodSandboxStatus } from '../src/runtime/runtime.ts';
import { systemHost } from '../src/util/host.ts';
import { silentLogger } from '../src/util/log.ts';
import { option } from './lib.ts';

/** Longer than the oldest sample that the real kubelet shows. */
const WATCH_MS = 60_000;
const STEP_MS = 1_000;
/** A value may lie that far outside of the two of ours around it: as a share, and in its own unit. */
const SHARE = 0.05;
const SLACK: readonly (readonly [name: RegExp, amount: number])[] = [
  [/_bytes|memory_|_cache|_rss/, 256 * 1024],
  [/_seconds/, 0.02],
  [/./, 8],
];
/** Families that mean something else here, as docs/METRICS.md says. */
const APART = /^container_(tasks_state|cpu_load|oom_events|pressure|last_seen|health_state)/;
const SHOWN = 12;

interface Moment {
  readonly at: number;
  readonly value: number;
}

/** Counts what agrees, and shows what does not. */
export async function compareCollectors(): Promise<void> {
  const base = option('kubelet');
  if (base === undefined) {
    process.stdout.write('needs --kubelet=URL --kubelet-cert=FILE --kubelet-key=FILE of a real kubelet on this machine\n');
    return;
  }
  const read = (name: string): Buffer => readFileSync(option(name) ?? '');
  const agent = new Agent({ cert: read('kubelet-cert'), key: read('kubelet-key'), rejectUnauthorized: false, keepAlive: true });
  const ask = (path: string): Promise<string> => body(`${base}${path}`, agent);
  const cgroupRoot = option('cgroup-root') ?? '/';
  const { items } = JSON.parse(await ask('/pods')) as { readonly items: readonly Stored<Pod>[] };
  const pods = items.flatMap((pod) => measuredPod(pod, cgroupRoot) ?? []);
  const stats = await startNodeStats({
    host: systemHost,
    log: silentLogger,
    nodeName: 'collectors',
    rootDir: tmpdir(),
    podLogsDir: '/nonexistent',
    cgroupRoot,
    kubeletCgroups: '',
    systemCgroups: '',
    runtime: { imageFsInfo: () => Promise.resolve([]) },
    pods: () => pods,
  });
  const ours = new Map<string, Moment[]>();
  for (const end = performance.now() + WATCH_MS; performance.now() < end; await pause(STEP_MS))
    for (const [key, moment] of series((await stats.cadvisor()).text())) ours.set(key, [...(ours.get(key) ?? []), moment]);
  const theirs = series(await ask('/metrics/cadvisor'));
  stats.close();
  agent.destroy();

  const ids = new Set(pods.map(({ pod }) => pod.metadata.uid));
  const wrong = new Map<string, string[]>();
  let [same, between] = [0, 0];
  const note = (kind: string, line: string): void => void wrong.set(kind, [...(wrong.get(kind) ?? []), line]);
  for (const [key, { at, value }] of theirs) {
    const uid = /\/pod([0-9a-f-]{36})/.exec(key)?.[1];
    if (uid === undefined || !ids.has(uid) || APART.test(key)) continue;
    const moments = ours.get(key);
    if (moments === undefined) {
      note('missing', key);
      continue;
    }
    const after = moments.findIndex((moment) => moment.at >= at);
    const around = after < 0 ? moments.slice(-1) : moments.slice(Math.max(0, after - 1), after + 1);
    const slack = (SLACK.find(([name]) => name.test(key))?.[1] ?? 0) + SHARE * value;
    const values = around.map((moment) => moment.value);
    if (values.includes(value)) same += 1;
    else if (value >= Math.min(...values) - slack && value <= Math.max(...values) + slack) between += 1;
    else note(key.slice(0, key.indexOf('{')), `${key} ${value}, ours ${values.join(' … ')}`);
  }
  process.stdout.write(`${pods.length} pods: ${same} values the same, ${between} within the two around them\n`);
  for (const [kind, lines] of wrong)
    process.stdout.write(
      `${kind}: ${lines.length}\n${lines
        .slice(0, SHOWN)
        .map((line) => `  ${line}\n`)
        .join('')}`,
    );
}

/** A pod that runs, with what its status and the cgroups tell of its sandbox and containers. */
function measuredPod(pod: Stored<Pod>, cgroupRoot: string): MeasuredPod | undefined {
  const { status } = pod;
  if (status?.phase !== 'Running') return undefined;
  const { name: podName, namespace = '', uid } = pod.metadata;
  const named = { metadata: { ...pod.metadata, namespace }, spec: pod.spec, status };
  const mount = cpuMount();
  const group = `${mount}${podCgroup(named, { cgroupRoot })}`;
  const containers = (status.containerStatuses ?? []).flatMap(({ name, image, imageID, containerID = '', state }) => {
    const id = containerID.replace(/^\w+:\/\//, '');
    const startedAt = Date.parse(state?.running?.startedAt ?? '');
    if (Number.isNaN(startedAt)) return [];
    const [pid = '0'] = readFileSync(`${group}/${id}/cgroup.procs`, 'utf8').split('\n');
    return [
      {
        id,
        sandboxId: '',
        metadata: { name, attempt: 0 },
        image,
        imageRef: imageID,
        state: 'running',
        createdAt: startedAt,
        startedAt,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
        mounts: [],
        resources: {},
        labels: { [CONTAINER_NAME]: name },
        annotations: {},
        logPath: '',
        pid: Number(pid),
      } satisfies ContainerRuntimeStatus,
    ];
  });
  const known = new Set(containers.map(({ id }) => id));
  const sandbox = readdirSync(group).find((name) => /^[0-9a-f]{64}$/.test(name) && !known.has(name));
  if (sandbox === undefined || containers.length === 0) return undefined;
  const ready: PodSandboxStatus = {
    id: sandbox,
    metadata: { name: podName, namespace, uid, attempt: 0 },
    state: 'ready',
    createdAt: 0,
    labels: {},
    annotations: {},
    ips: [],
    network: 'pod',
  };
  return { pod: named, observed: { sandboxes: [ready], containers } };
}

function cpuMount(): string {
  const layout = parseCgroupLayout(readFileSync('/proc/self/mountinfo', 'utf8'));
  return layout?.controllers.get('cpu') ?? layout?.unified ?? '';
}

/** What a cgroup's path says already; a kubelet that cannot ask its runtime leaves it empty. */
const SAID_BY_ID = new Set(['container', 'image', 'name', 'namespace', 'pod']);

/** Series by their path and own labels, with the time of their value; what carries none is of now. */
function series(text: string): Map<string, Moment> {
  const found = new Map<string, Moment>();
  const now = Date.now();
  for (const { samples } of parseText(text))
    for (const { name, labels, value, at } of samples) {
      const shown = labels.filter(([label]) => !SAID_BY_ID.has(label)).map(([label, is]) => `${label}=${is}`);
      found.set(`${name}{${shown.join(',')}}`, { at: at ?? now, value });
    }
  return found;
}

function body(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () => resolve(Buffer.concat(parts).toString()));
    }).on('error', reject);
  });
}
