/** Who reads metrics: Prometheus, promtool, people. */
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { familiesText, recordedFamilies } from '../support/families.ts';
import { metricsReader } from '../support/metrics-reader.ts';
import { testThatNeeds } from '../support/need.ts';
import { podOf, runUntilReady } from '../support/pods.ts';
import { nodelet, runProgram } from '../support/program.ts';
import { JOBS, startPrometheus } from '../support/prometheus.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const missing = missingForNodes('busybox', 'prometheus', 'promtool');
const test = testThatNeeds(missing);
const node = sharedNode();

beforeAll(async () => {
  if (missing !== undefined) return;
  const holds = `{ head -c ${50 * 2 ** 20} /dev/zero; sleep 100000; } | tail -c ${50 * 2 ** 20} >/dev/null`;
  await runUntilReady(node(), podOf('works', holds, { resources: { limits: { cpu: '200m', memory: '400Mi' } } }));
}, 60_000);

/** Families of the original that no recording shows, and that promtool dislikes: what they count did not happen there. */
const UNRECORDED = new Set([
  'kubelet_certificate_manager_client_expiration_renew_errors',
  'kubelet_evictions',
  'kubelet_preemptions',
  'kubelet_server_expiration_renew_errors',
]);

/** Lines of `promtool check metrics`, which must be able to read the text. */
async function complaints(text: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram('promtool', ['check', 'metrics'], { input: text });
  expect([0, 3]).toContain(code);
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

test('promtool finds nothing that it does not find in the original’s', async () => {
  const originals = await Promise.all(Object.values(recordedFamilies()).map((families) => complaints(familiesText(families))));
  const allowed = new Set(originals.flat());
  for (const path of Object.values(JOBS)) {
    const body = await node().ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy${path}`);
    const more = (await complaints(body)).filter((line) => !allowed.has(line) && !UNRECORDED.has(line.split(' ')[0] ?? ''));
    expect(more, path).toEqual([]);
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
