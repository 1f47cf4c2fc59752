/**
 * `npm run bench -- pods --runtime-endpoint=unix:///PATH --peer-bin=FOLDER`: nodelet's kubelet and the real one, in turns, on one
 * container runtime and under one real API server. Never both at once: each would remove the other's pods.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../src/api/resources.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { createKubeClient } from '../src/client/rest-client.ts';
import { makeCgroup } from '../test/peer/cgroups.ts';
import { kubeconfigOf, machineAddress, unmountBelow } from '../test/peer/machine.ts';
import { startRealCluster, type RealCluster } from '../test/peer/real-cluster.ts';
import { freePorts } from '../test/support/free-port.ts';
import { PROGRAM, startProgram, type RunningProgram } from '../test/support/program.ts';
import { until } from '../test/support/until.ts';
import { footprint } from './kubelet-http.ts';
import { option, quantile, report } from './lib.ts';
import { measurePodsOf } from './pods.ts';

const NODE = 'bench-node';
const WHO = ['real', 'nodelet'] as const;
type Who = (typeof WHO)[number];
const ROUNDS = Number(option('rounds') ?? 2);
const BURST = Number(option('pods') ?? 100);
const REST_MS = 20_000;
/** What a start of a pod asks of the runtime. */
const START_CALLS =
  /^kubelet_runtime_operations_duration_seconds_sum\{operation_type="(run_podsandbox|create_container|start_container)"\} (\S+)$/gm;

interface Figures {
  readonly start: number[];
  readonly stop: number[];
  readonly burst: number[];
  /** A start without what the runtime's calls took, on the mean. */
  readonly own: number[];
  readonly memory: number[];
  readonly millicores: number[];
}

const empty = (): Figures => ({ start: [], stop: [], burst: [], own: [], memory: [], millicores: [] });

export async function measurePodsOnRuntime(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
  const bin = resolve(option('peer-bin') ?? '');
  const address = machineAddress();
  const cgroup = `/nodelet-bench-${process.pid}`;
  const removeCgroup = await makeCgroup(cgroup);
  const figures: Record<Who, Figures> = { real: empty(), nodelet: empty() };
  let cluster: RealCluster | undefined;
  try {
    cluster = await startRealCluster({ bin, kubectl: join(bin, 'kubectl'), root, nodeName: NODE, address });
    for (let round = 0; round < ROUNDS; round += 1)
      for (const who of WHO) await turn({ who, root: join(root, `${who}-${round}`), bin, cgroup, address, cluster }, figures[who]);
  } finally {
    await cluster?.stop();
    await unmountBelow(root);
    await removeCgroup();
    rmSync(root, { recursive: true, force: true });
  }
  const { nodelet, real } = figures;
  report('pod POST → Running', nodelet.start, real.start);
  report('of that not in the runtime, mean of a round', nodelet.own, real.own);
  report('pod DELETE → gone, process exits on TERM', nodelet.stop, real.stop);
  report(`${BURST} pods at once → all Running`, nodelet.burst, real.burst);
  for (const [what, unit] of [
    ['memory', 'MiB'],
    ['millicores', ''],
  ] as const) {
    const [mine, theirs] = [nodelet[what], real[what]].map((values) => quantile(values, 0.5));
    process.stdout.write(`${what} at rest, ${BURST} pods: ${mine?.toFixed(0)} ${unit}, the real one’s ${theirs?.toFixed(0)}\n`);
  }
}

interface Turn {
  readonly who: Who;
  readonly root: string;
  readonly bin: string;
  readonly cgroup: string;
  readonly address: string;
  readonly cluster: RealCluster;
}

/** Starts one kubelet, measures, and ends it with all that it ran. */
async function turn(place: Turn, figures: Figures): Promise<void> {
  const [port = 0] = await freePorts(1);
  mkdirSync(place.root);
  const program = startKubelet(place, port);
  const client = createKubeClient(await loadKubeconfig(place.cluster.kubeconfig));
  const spent = (): Promise<number> => runtimeSeconds(place, port);
  try {
    await until(
      'the node to be ready',
      async () => {
        const { status } = await client.get(resources.nodes, NODE);
        const here = status?.daemonEndpoints?.kubeletEndpoint?.Port === port;
        return here && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
      },
      120_000,
    );
    // The node may be ready just before its server is.
    const before = await until('the metrics', spent);
    let after = before;
    const result = await measurePodsOf(client, {
      image: option('image') ?? 'docker.io/library/busybox:1.36',
      burst: BURST,
      nodeName: NODE,
      afterSerial: async () => {
        after = await spent();
      },
      whileAllRun: () => rest(program.pid ?? 0, figures),
    });
    const mean = result.start.reduce((sum, ms) => sum + ms, 0) / result.start.length;
    const own = mean - ((after - before) * 1_000) / result.start.length;
    figures.own.push(own);
    for (const what of ['start', 'stop', 'burst'] as const) figures[what].push(...result[what]);
    const shown = [quantile(result.start, 0.5), own, quantile(result.stop, 0.5), result.burst[0] ?? 0].map((ms) => ms.toFixed(0));
    process.stdout.write(`${place.who.padEnd(8)} start, own share, delete, ${BURST} at once: ${shown.join(', ')} ms\n`);
  } finally {
    client.close();
    program.kill('SIGTERM');
    await program.ended;
    // The runtime still removes what the API server has already forgotten: the next kubelet is not to pay for it.
    await pause(REST_MS);
  }
}

async function rest(pid: number, figures: Figures): Promise<void> {
  await pause(REST_MS / 2);
  const before = footprint(pid);
  await pause(REST_MS);
  const after = footprint(pid);
  figures.memory.push(after.memory);
  figures.millicores.push((after.cpu - before.cpu) / (REST_MS / 1_000));
}

/** Seconds that the kubelet has spent in calls that start pods. */
async function runtimeSeconds({ address, cluster }: Turn, port: number): Promise<number> {
  const { cert, key } = cluster.pki.admin;
  const text = await new Promise<string>((ok, failed) => {
    const asked = request({ host: address, port, path: '/metrics', cert, key, rejectUnauthorized: false, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => ok(body));
    });
    asked.on('error', failed).end();
  });
  return [...text.matchAll(START_CALLS)].reduce((sum, [, , seconds]) => sum + Number(seconds), 0);
}

function startKubelet({ who, root, bin, cgroup, address, cluster: { pki, apiPort } }: Turn, port: number): RunningProgram {
  const endpoint = option('runtime-endpoint') ?? '';
  const [config, kubeconfig] = [join(root, 'kubelet.yaml'), join(root, 'kubeconfig')];
  writeFileSync(kubeconfig, kubeconfigOf(apiPort, pki.ca.certFile, pki.kubeletClient));
  writeFileSync(
    config,
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${pki.ca.certFile}}}
authorization: {mode: Webhook}
port: ${port}
healthzPort: 0
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: ${cgroup}
containerRuntimeEndpoint: ${endpoint}
podLogsDir: ${root}/pod-logs
clusterDomain: cluster.local
maxPods: 500
kubeAPIQPS: 500
kubeAPIBurst: 1000
serializeImagePulls: false
tlsCertFile: ${pki.kubelet.certFile}
tlsPrivateKeyFile: ${pki.kubelet.keyFile}
`,
  );
  const flags = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${root}/kubelet`,
    `--cert-dir=${root}/certificates`,
    `--hostname-override=${NODE}`,
    `--node-ip=${address}`,
  ];
  // A session of its own each: sharing this program's, they would share its part of the CPU too.
  if (who === 'real') return startProgram(join(bin, 'kubelet'), flags, { ownSession: true });
  const own = ['--runtime=cri', `--container-runtime-endpoint=${endpoint}`, `--container-logs-dir=${root}/containers`];
  return startProgram(process.execPath, [PROGRAM, 'kubelet', ...flags, ...own], { ownSession: true });
}
