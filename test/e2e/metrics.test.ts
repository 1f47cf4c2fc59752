/** What metrics say, against the kernel's own counters of the same moment; and who reads them: Prometheus, metrics-server, OpenTelemetry, people. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseText, type ParsedSample } from '../../src/metrics/parse-text.ts';
import { metricsReader } from '../support/metrics-reader.ts';
import { testThatNeeds } from '../support/need.ts';
import { podOf, runUntilReady, valueOf } from '../support/pods.ts';
import { nodelet, runProgram } from '../support/program.ts';
import { JOBS, startPrometheus } from '../support/prometheus.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes('busybox', 'prometheus', 'promtool', 'curl'));
const node = sharedNode();

/** Burns a fifth of a core, holds 50 MiB, writes 100 MB, and sends 10 MB to whoever connects. */
const WORK = `
{ head -c ${50 * 2 ** 20} /dev/zero; sleep 100000; } | tail -c ${50 * 2 ** 20} >/dev/null &
dd if=/dev/zero of=/data/file bs=1000000 count=100 conv=fsync 2>/dev/null
: > /data/ready
(while :; do :; done) &
while :; do head -c 10000000 /dev/zero | busybox nc -l -p 8000; done`;

test('the numbers of a pod that works are the kernel’s', async () => {
  const { ok } = node();
  const limits = { resources: { limits: { cpu: '200m', memory: '400Mi' } }, volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const ready = { readinessProbe: { exec: { command: ['test', '-f', '/data/ready'] }, periodSeconds: 1 } };
  const pod = podOf('works', WORK, { ...limits, ...ready }, { volumes: [{ name: 'data', emptyDir: {} }] });
  await node().apply(pod);
  await until('the work', async () => (await valueOf(node(), 'pod/works', '.status.containerStatuses[0].ready')) === 'true', 120_000);
  const uid = await valueOf(node(), 'pod/works', '.metadata.uid');
  const id = (await valueOf(node(), 'pod/works', '.status.containerStatuses[0].containerID')).replace(/^\w+:\/\//, '');
  const group = kernelGroup(node().cgroupRoot, uid, id);

  const sent = await received(await valueOf(node(), 'pod/works', '.status.podIP'), 8000);
  expect(sent).toBe(10_000_000);
  const before = group.read();
  const body = await ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy/metrics/cadvisor`);
  const after = group.read();
  const samples = parseText(body).flatMap((family) => family.samples);
  const value = (name: string, labels: Readonly<Record<string, string>>): number => {
    const found = samples.filter(
      (s) => s.name === name && Object.entries({ pod: 'works', ...labels }).every(([k, v]) => label(s, k) === v),
    );
    expect(found, name).toHaveLength(1);
    return found[0]?.value ?? Number.NaN;
  };
  const within = (got: number, low: number, high: number): void => {
    expect(got).toBeGreaterThanOrEqual(low * 0.95);
    expect(got).toBeLessThanOrEqual(high * 1.05);
  };
  within(value('container_cpu_usage_seconds_total', { container: 'c' }), before.cpuSeconds, after.cpuSeconds);
  const memory = value('container_memory_usage_bytes', { container: 'c' });
  within(memory, Math.min(before.memory, after.memory), Math.max(before.memory, after.memory));
  expect(value('container_memory_rss', { container: 'c' })).toBeGreaterThan(50 * 2 ** 20 * 0.95);
  within(value('container_network_transmit_bytes_total', { container: '', interface: 'eth0' }), before.sent, after.sent);
  // Headers of Ethernet, IP and TCP come on top of what was sent.
  within(before.sent, 10_000_000, 10_000_000 * 1.06);
  expect(value('container_spec_cpu_quota', { container: 'c' })).toBe(20_000);
  expect(value('container_spec_memory_limit_bytes', { container: 'c' })).toBe(400 * 2 ** 20);

  await until(
    'the volume to be counted',
    async () => {
      const summary = JSON.parse(await ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy/stats/summary`)) as SummaryPart;
      const held = summary.pods.find(({ podRef }) => podRef.name === 'works')?.volume?.find(({ name }) => name === 'data')?.usedBytes ?? 0;
      return held > 95_000_000 && held < 105_000_000;
    },
    90_000,
  );
}, 240_000);

interface SummaryPart {
  readonly node: { readonly nodeName: string; readonly cpu?: { readonly usageNanoCores?: number } };
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
    readonly containers: readonly { readonly name: string; readonly cpu?: object; readonly memory?: object }[];
    readonly volume?: readonly { readonly name: string; readonly usedBytes?: number }[];
  }[];
}

const label = (sample: ParsedSample, name: string): string | undefined => sample.labels.find(([known]) => known === name)?.[1];

/** A container's control group as the kernel shows it, in either version. */
function kernelGroup(root: string, uid: string, id: string): { read: () => { cpuSeconds: number; memory: number; sent: number } } {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const v1 = (controller: string): string | undefined =>
    mounts.find(([, , type, options = '']) => type === 'cgroup' && options.split(',').includes(controller))?.[1];
  const unified = mounts.find(([, , type]) => type === 'cgroup2')?.[1] ?? '';
  const under = (mount: string): string => {
    const tiers = ['', 'burstable', 'besteffort'].map((tier) => join(mount, root, 'kubepods', tier, `pod${uid}`, id));
    return tiers.find((path) => readable(path)) ?? '';
  };
  const number = (path: string): number => Number(readFileSync(path, 'utf8'));
  const cpuacct = v1('cpuacct');
  const memory = v1('memory');
  const home = under(cpuacct ?? unified);
  const pid = readFileSync(join(under(v1('cpu') ?? unified), 'cgroup.procs'), 'utf8').split('\n')[0];
  return {
    read: () => ({
      cpuSeconds:
        cpuacct === undefined
          ? Number(/^usage_usec (\d+)/m.exec(readFileSync(join(home, 'cpu.stat'), 'utf8'))?.[1]) / 1e6
          : number(join(home, 'cpuacct.usage')) / 1e9,
      memory: memory === undefined ? number(join(home, 'memory.current')) : number(join(under(memory), 'memory.usage_in_bytes')),
      sent: Number(/^ *eth0:(?: *\d+){8} *(\d+)/m.exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))?.[1]),
    }),
  };
}

function readable(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

/** Bytes that come over a connection until its other end closes it. */
function received(host: string, port: number): Promise<number> {
  return until(
    'the connection',
    () =>
      new Promise<number>((resolve, reject) => {
        let bytes = 0;
        connect({ host, port })
          .on('data', (part) => (bytes += part.length))
          .on('end', () => resolve(bytes))
          .on('error', reject);
      }),
  );
}

/** Complaints of `promtool check metrics` about names that are the original's. */
const COMPLAINTS = new Set([
  'authentication_token_cache_active_fetch_count',
  'cadvisor_version_info',
  'container_cpu_load_d_average_10s',
  'container_fs_inodes_total',
  'container_memory_failcnt',
  'kubelet_cpu_manager_exclusive_cpu_allocation_count',
  'kubelet_evictions',
  'kubelet_preemptions',
  'kubelet_pleg_discard_events',
  'kubelet_pod_resize_duration_milliseconds',
  'kubelet_topology_manager_admission_duration_ms',
  'kubelet_certificate_manager_client_expiration_renew_errors',
  'kubelet_server_expiration_renew_errors',
]);

test('promtool finds nothing that it does not find in the original’s', async () => {
  for (const path of Object.values(JOBS)) {
    const body = await node().ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy${path}`);
    const { stdout, stderr } = await runProgram('promtool', ['check', 'metrics'], { input: body });
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !COMPLAINTS.has(line.split(' ')[0] ?? ''));
    expect(complaints, path).toEqual([]);
  }
});

test.each([
  ['text', []],
  ['protobuf', ['--enable-feature=native-histograms']],
])(
  'Prometheus scrapes every path as %s, by token and with the certificate checked',
  async (form, flags) => {
    const { dataDir, kubeletPort } = node();
    const prometheus = await startPrometheus({
      directory: join(dataDir, '..', `prometheus-${form}`),
      target: `127.0.0.1:${kubeletPort}`,
      caFile: join(dataDir, 'pki', 'ca.crt'),
      token: await metricsReader(node()),
      intervalSeconds: 5,
      flags,
    });
    try {
      // On a machine that is very busy a scrape may come too late; what cannot be parsed never comes.
      const twice = 'sum by (job) (sum_over_time(up[10m])) >= 2';
      const seen = await until(
        'two good scrapes of each path',
        async () => {
          if ((await prometheus.query(twice)).size < Object.keys(JOBS).length) return false;
          const targets = await prometheus.targets();
          return targets.every(({ health }) => health === 'up') && targets;
        },
        150_000,
      );
      expect(seen.map(({ lastError }) => lastError)).toEqual(Object.keys(JOBS).map(() => ''));
      expect((await prometheus.query('container_memory_working_set_bytes{image!="",pod="works"}')).size).toBeGreaterThan(0);
      expect([...(await prometheus.query('kubelet_node_name')).values()]).toEqual([1]);
      expect(prometheus.log()).not.toMatch(/level=(warn|error)[^\n]*(scrape|append|out.of.order|duplicate)/i);
    } finally {
      await prometheus.stop();
    }
  },
  120_000,
);

test('metrics-server’s request is answered with what it reads: no zero, start times, whole pods', async () => {
  const { kubeletPort, dataDir } = node();
  const token = await metricsReader(node());
  const { stdout } = await runProgram('curl', [
    '-sS',
    '--compressed',
    '-H',
    `Authorization: Bearer ${token}`,
    '--cacert',
    join(dataDir, 'pki', 'ca.crt'),
    `https://127.0.0.1:${kubeletPort}/metrics/resource`,
  ]);
  for (const name of ['node_cpu_usage_seconds_total', 'node_memory_working_set_bytes'])
    expect(stdout).toMatch(new RegExp(`^${name} [1-9][\\d.e+]* \\d{13}$`, 'm'));
  // Its parser looks for the bytes `container="`, `pod="` and `namespace="` and knows no escapes.
  const lines = stdout.split('\n').filter((line) => line.startsWith('container_'));
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}{`)).map((line) => /\{.*\}/.exec(line)?.[0] ?? '');
  expect(of('container_cpu_usage_seconds_total').length).toBeGreaterThan(0);
  expect(of('container_memory_working_set_bytes')).toEqual(of('container_cpu_usage_seconds_total'));
  expect(of('container_start_time_seconds')).toEqual(of('container_cpu_usage_seconds_total'));
  for (const line of lines) expect(line).toMatch(/container="[^"\\]+",namespace="[^"\\]+",pod="[^"\\]+"/);
  for (const name of ['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'])
    expect(lines.filter((line) => line.startsWith(name) && / 0 \d+$/.test(line))).toEqual([]);
});

test('OpenTelemetry’s kubeletstats finds what it reads: /stats/summary and /pods by token', async () => {
  const { kubeletPort, dataDir, apply } = node();
  const token = await metricsReader(node());
  // It reads volumes and owners out of /pods, for which its role has nodes/pods or nodes/proxy.
  await apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'scraper' },
    rules: [{ apiGroups: [''], resources: ['nodes/metrics', 'nodes/stats', 'nodes/pods'], verbs: ['get'] }],
  });
  const ask = async <T>(path: string): Promise<T> =>
    until(
      `an answer of ${path}`,
      async () => {
        const args = ['-sSf', '-H', `Authorization: Bearer ${token}`, '--cacert', join(dataDir, 'pki', 'ca.crt')];
        const { code, stdout } = await runProgram('curl', [...args, `https://127.0.0.1:${kubeletPort}${path}`]);
        return code === 0 && (JSON.parse(stdout) as T);
      },
      40_000,
    );
  const summary = await ask<SummaryPart>('/stats/summary');
  const pods = await ask<{ readonly items: readonly { readonly metadata: { readonly uid: string } }[] }>('/pods');
  expect(summary.node.nodeName).toBe(node().nodeName);
  const uids = new Set(pods.items.map(({ metadata }) => metadata.uid));
  expect(summary.pods.length).toBeGreaterThan(0);
  for (const { podRef, containers } of summary.pods) {
    expect(uids).toContain(podRef.uid);
    for (const container of containers) expect(Object.keys(container)).toEqual(expect.arrayContaining(['name', 'cpu', 'memory']));
  }
});

test('nodelet top shows pods, containers and nodes', async () => {
  const kubeconfig = `--kubeconfig=${join(node().dataDir, 'kubeconfig')}`;
  await runUntilReady(node(), podOf('rests', 'sleep 1000'));
  const pods = await until('the pods', async () => {
    const { stdout } = await nodelet('top', '--once', '--sort=memory', kubeconfig);
    return stdout.includes('rests') && stdout;
  });
  const [head = '', first = ''] = pods.split('\n');
  expect(head).toMatch(/^NAMESPACE +POD +CPU +MEMORY +DISK$/);
  expect(first).toMatch(/^default +works +[\d.]+m +[\d.]+ MiB/);
  expect((await nodelet('top', 'containers', '-n', 'none', kubeconfig)).stdout).toMatch(/^NAMESPACE +POD +CONTAINER[^\n]+\n$/);
  expect((await nodelet('top', 'nodes', '--no-headers', kubeconfig)).stdout).toMatch(new RegExp(`^${node().nodeName} +\\d+m`));
});

test('nodelet metrics filters by name and label, of a cluster or a kubelet itself', async () => {
  const { dataDir, kubeletPort } = node();
  const kubeconfig = `--kubeconfig=${join(dataDir, 'kubeconfig')}`;
  const pretty = await nodelet(
    'metrics',
    'cadvisor',
    '--filter=^container_spec_cpu_quota$',
    '--label=pod=works',
    '--label',
    'container=c',
    kubeconfig,
  );
  expect(pretty.stdout).toMatch(/^container_spec_cpu_quota {2}gauge\n {2}CPU quota of the container\.\n {2}20000 {2}container=c [^\n]+\n$/);
  const direct = [
    `--kubelet=https://127.0.0.1:${kubeletPort}`,
    `--certificate-authority=${join(dataDir, 'pki', 'ca.crt')}`,
    '--token',
    await metricsReader(node()),
  ];
  const raw = await nodelet('metrics', 'resource', '--filter=node_cpu', '--raw', ...direct);
  expect(raw.stdout).toMatch(
    /^# HELP node_cpu_usage_seconds_total [^\n]+\n# TYPE [^\n]+ counter\nnode_cpu_usage_seconds_total [\d.e+]+ \d{13}\n$/,
  );
});

test('what cannot be asked is one clear line', async () => {
  const wrong: [args: string[], says: RegExp][] = [
    [['top', 'things'], /^nodelet: nodelet top takes one of nodes, pods, containers\n$/],
    [['top', '--sort=size'], /^nodelet: --sort takes one of cpu, memory, name, not "size"\n$/],
    [
      ['metrics', 'nothing'],
      /^nodelet: nodelet metrics takes one of metrics, cadvisor, resource, probes, slis, or a path that starts with a slash\n$/,
    ],
    [['metrics', '--filter=('], /^nodelet: --filter "\(" is not a regular expression\n$/],
    [['metrics', '--kubeconfig=/nonexistent'], /^nodelet: kubeconfig \/nonexistent: ENOENT[^\n]+--kubelet\n$/],
    [['metrics', '--kubelet=ftp://x'], /^nodelet: --kubelet ftp:\/\/x is not an http or https URL\n$/],
    [['metrics', `--kubelet=https://127.0.0.1:${node().kubeletPort}`], /^nodelet: no answer from [^\n]+certificate[^\n]*\n$/],
    [
      ['metrics', '/healthz', `--kubeconfig=${join(node().dataDir, 'kubeconfig')}`],
      /^nodelet: \/healthz is not in Prometheus' text format: line 1: [^\n]+\n$/,
    ],
  ];
  for (const [args, says] of wrong) {
    const { code, stderr } = await nodelet(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
  }
});
