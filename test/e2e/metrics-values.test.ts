/** What metrics say of a pod that works, on each runtime, against the kernel's own counters of the same moment and what it was told to do; and what metrics-server and OpenTelemetry make of it. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseText } from '../../src/metrics/parse-text.ts';
import type { Summary } from '../../src/kubelet/stats/summary-types.ts';
import { startContainerd, type TestContainerd } from '../support/containerd.ts';
import { countDiskOf, kernelGroup, type KernelUse } from '../support/kernel-group.ts';
import { metricsReader } from '../support/metrics-reader.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { podOf, valueOf } from '../support/pods.ts';
import { coresBetween, kubeletStatsScrape, metricsServerScrape } from '../support/scrapers.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const HOOK_MS = 180_000;
const CORES = 0.2;
const HELD = 50 * 2 ** 20;
const WRITTEN = 100 * 2 ** 20;
const SENT = 10_000_000;
/** Bytes of a full frame for those of the data in it. */
const FRAMED = 1514 / 1448;
const SHARE = 0.05;

/** Holds 50 MiB, writes and reads 100 MiB past the page cache, burns a fifth of a core, sends 10 MB to whoever connects and takes what is sent. */
const WORK = `
{ head -c ${HELD} /dev/zero; sleep 100000; } | tail -c ${HELD} >/dev/null &
dd if=/dev/zero of=/data/file bs=1M count=100 oflag=direct 2>/dev/null || dd if=/dev/zero of=/data/file bs=1M count=100 conv=fsync 2>/dev/null
dd if=/data/file of=/dev/null bs=1M iflag=direct 2>/dev/null
(while :; do :; done) &
while :; do busybox nc -l -p 8001 >/dev/null; done &
: > /data/ready
while :; do head -c ${SENT} /dev/zero | busybox nc -l -p 8000; done`;

const missing = missingForNodes('containerd', 'ctr', 'runc', 'busybox', 'iptables');
const test = testThatNeeds(missing);

describe.each(['process', 'containerd'])('on the %s runtime', (runtime) => {
  let containerd: TestContainerd | undefined;
  let node: TestNode;
  let kernel: () => KernelUse;
  beforeAll(async () => {
    if (missing !== undefined) return;
    if (runtime === 'containerd') containerd = await startContainerd();
    node = await startTestNode(containerd ? [`--container-runtime-endpoint=${containerd.endpoint}`] : []);
    countDiskOf(node.dataDir, node.cgroupRoot);
    const pod = podOf(
      'works',
      WORK,
      {
        ...(containerd && { image: 'busybox:1.36' }),
        resources: { limits: { cpu: `${CORES * 1000}m`, memory: '400Mi' } },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        readinessProbe: { exec: { command: ['test', '-f', '/data/ready'] }, periodSeconds: 1 },
      },
      { volumes: [{ name: 'data', emptyDir: {} }] },
    );
    await node.apply(pod);
    const of = (path: string): Promise<string> => valueOf(node, 'pod/works', path);
    await until('the work', async () => (await of('.status.containerStatuses[0].ready')) === 'true', 120_000);
    const id = (await of('.status.containerStatuses[0].containerID')).replace(/^\w+:\/\//, '');
    kernel = kernelGroup(node.cgroupRoot, await of('.metadata.uid'), id).use;
  }, HOOK_MS);
  afterAll(async () => {
    await node?.destroy();
    await containerd?.destroy();
  }, HOOK_MS);

  /** A scrape, with the kernel's word before and after it. */
  async function scrape(): Promise<Scrape> {
    const before = kernel();
    const body = await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/metrics/cadvisor`);
    const after = kernel();
    const samples = parseText(body)
      .flatMap((family) => family.samples)
      .map(({ name, labels, value }) => ({ name, labels: new Map(labels), value }))
      .filter(({ labels }) => labels.get('pod') === 'works');
    return {
      before,
      after,
      sum: (name, container) => {
        const found = samples.filter((s) => s.name === `container_${name}` && s.labels.get('container') === container);
        return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
      },
    };
  }

  test('CPU is what the group used, and no more than it may', async () => {
    const first = await scrape();
    await until('a second of CPU', () => kernel().cpuSeconds - first.after.cpuSeconds >= 1, 60_000);
    const second = await scrape();
    for (const { before, after, sum } of [first, second]) near(sum('cpu_usage_seconds_total', 'c'), before.cpuSeconds, after.cpuSeconds);
    const used = (second.sum('cpu_usage_seconds_total', 'c') ?? 0) - (first.sum('cpu_usage_seconds_total', 'c') ?? 0);
    near(used, second.before.cpuSeconds - first.after.cpuSeconds, second.after.cpuSeconds - first.before.cpuSeconds);
    expect(second.sum('spec_cpu_quota', 'c')).toBe(CORES * 100_000);
    expect(second.sum('cpu_cfs_throttled_periods_total', 'c')).toBeGreaterThan(0);
  });

  test('memory is what it holds', async () => {
    const { before, after, sum } = await scrape();
    near(sum('memory_usage_bytes', 'c'), before.memory, after.memory);
    near(sum('memory_rss', 'c'), before.rss, after.rss);
    expect(sum('memory_rss', 'c')).toBeGreaterThan(HELD * (1 - SHARE));
    expect(sum('spec_memory_limit_bytes', 'c')).toBe(400 * 2 ** 20);
  });

  test('what goes over the network counts as sent and received', async () => {
    const start = await scrape();
    const address = await valueOf(node, 'pod/works', '.status.podIP');
    expect(await receivedFrom(address, 8000)).toBe(SENT);
    await sendTo(address, 8001, SENT);
    // The answers of one second are the same ones.
    const { before, after, sum } = await until('a scrape that has seen the last bytes', async () => {
      const end = await scrape();
      return (end.sum('network_receive_bytes_total', '') ?? 0) - start.before.received >= SENT && end;
    });
    near(sum('network_transmit_bytes_total', ''), before.sent, after.sent);
    near(sum('network_receive_bytes_total', ''), before.received, after.received);
    // The network counts frames; acknowledgements of what goes the other way come on top.
    near((sum('network_transmit_bytes_total', '') ?? 0) - (start.sum('network_transmit_bytes_total', '') ?? 0), SENT, SENT * FRAMED);
    near((sum('network_receive_bytes_total', '') ?? 0) - (start.sum('network_receive_bytes_total', '') ?? 0), SENT, SENT * FRAMED);
  });

  test('what goes to and from disks counts as written and read, where the kernel counts it for groups', async () => {
    const { before, after, sum } = await scrape();
    for (const [name, low, high] of [
      ['fs_writes_bytes_total', before.written, after.written],
      ['fs_reads_bytes_total', before.read, after.read],
    ] as const) {
      if (low === undefined || high === undefined) {
        expect(sum(name, 'c')).toBeUndefined();
        continue;
      }
      near(sum(name, 'c'), low, high);
      near(sum(name, 'c'), WRITTEN, WRITTEN);
    }
  });

  test('metrics-server sees whole pods, and what they use between two of its scrapes', async () => {
    const token = await metricsReader(node);
    const first = await metricsServerScrape(node, token);
    expect(first.node).toBeDefined();
    expect([...first.containers.keys()]).toContain('default/works/c');
    // Points of one time are the same for it: the next one is newer.
    const second = await until('a later point', async () => {
      const later = await metricsServerScrape(node, token);
      return (later.node?.at ?? 0) >= (first.node?.at ?? 0) + 5_000 && later;
    });
    expect(coresBetween(first.node, second.node)).toBeGreaterThan(0);
    const cores = coresBetween(first.containers.get('default/works/c'), second.containers.get('default/works/c'));
    expect(cores).toBeGreaterThan(0);
    // A quota is shared out in slices of a tenth of a second.
    expect(cores).toBeLessThanOrEqual(CORES * (1 + SHARE) + 0.01);
    for (const { at, startedAt } of second.containers.values()) expect(startedAt * 1000).toBeLessThan(at);
  });

  test('OpenTelemetry’s kubeletstats finds node, pods, containers, volumes and their owners', async () => {
    const token = await metricsReader(node);
    // It reads volumes and owners out of /pods, for which its role has nodes/pods or nodes/proxy.
    await node.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'scraper' },
      rules: [{ apiGroups: [''], resources: ['nodes/metrics', 'nodes/stats', 'nodes/pods'], verbs: ['get'] }],
    });
    // The kubelet keeps for a while what it was told of the role.
    const { summary, pods } = await until('its answers', () => kubeletStatsScrape(node, token), 40_000);
    expect(summary.node).toMatchObject({
      nodeName: node.nodeName,
      cpu: { usageNanoCores: expect.any(Number) as number },
      memory: { availableBytes: expect.any(Number) as number, workingSetBytes: expect.any(Number) as number },
      fs: { capacityBytes: expect.any(Number) as number, usedBytes: expect.any(Number) as number },
      network: { interfaces: expect.any(Array) as unknown[] },
      rlimit: { maxpid: expect.any(Number) as number, curproc: expect.any(Number) as number },
    });
    for (const { podRef, containers } of summary.pods) {
      expect(pods).toContain(podRef.uid);
      for (const container of containers)
        expect(Object.keys(container)).toEqual(expect.arrayContaining(['name', 'startTime', 'cpu', 'memory']));
    }
    expect(summary.pods.find(({ podRef }) => podRef.name === 'works')).toMatchObject({
      network: { name: 'eth0', rxBytes: expect.any(Number) as number, txBytes: expect.any(Number) as number },
      volume: expect.arrayContaining([expect.objectContaining({ name: 'data', capacityBytes: expect.any(Number) as number })]) as unknown[],
      containers: [{ rootfs: { usedBytes: expect.any(Number) as number }, logs: { usedBytes: expect.any(Number) as number } }],
    });
  }, 60_000);

  test('the volume and the rate of CPU are in the summary', async () => {
    await until(
      'the volume to be counted',
      async () => {
        const summary = JSON.parse(await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/stats/summary`)) as Summary;
        const works = summary.pods.find(({ podRef }) => podRef.name === 'works');
        const held = works?.volume?.find(({ name }) => name === 'data')?.usedBytes ?? 0;
        const cores = (works?.containers[0]?.cpu?.usageNanoCores ?? 0) / 1e9;
        return Math.abs(held - WRITTEN) <= SHARE * WRITTEN && cores > 0 && cores <= CORES * (1 + SHARE);
      },
      90_000,
    );
  }, 100_000);

  if (runtime === 'containerd')
    test('a runtime that is dead takes nothing from the answers', async () => {
      await containerd?.kill('SIGKILL');
      const { before, after, sum } = await scrape();
      near(sum('cpu_usage_seconds_total', 'c'), before.cpuSeconds, after.cpuSeconds);
      near(sum('memory_usage_bytes', 'c'), before.memory, after.memory);
      near(sum('network_transmit_bytes_total', ''), before.sent, after.sent);
      const cadvisor = await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/metrics/cadvisor`);
      expect(cadvisor).toContain('\ncontainer_scrape_error 0\n');
      const batch = await metricsServerScrape(node, await metricsReader(node));
      expect([...batch.containers.keys()]).toContain('default/works/c');
      const summary = JSON.parse(await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/stats/summary`)) as Summary;
      expect(summary.pods.map(({ podRef }) => podRef.name)).toContain('works');
      await containerd?.start();
    });
});

interface Scrape {
  readonly before: KernelUse;
  readonly after: KernelUse;
  /** Of a container's series of `container_NAME`; undefined when there is none. */
  readonly sum: (name: string, container: string) => number | undefined;
}

/** Between the two, or 5 % beside them. */
function near(got: number | undefined, one: number, other: number): void {
  expect(got).toBeGreaterThanOrEqual(Math.min(one, other) * (1 - SHARE));
  expect(got).toBeLessThanOrEqual(Math.max(one, other) * (1 + SHARE));
}

/** Bytes that come over a connection until its other end closes it. */
function receivedFrom(host: string, port: number): Promise<number> {
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

function sendTo(host: string, port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.end(Buffer.alloc(bytes)));
    socket.on('close', () => resolve()).on('error', reject);
  });
}
