/** Metrics that are read for long: by a real Prometheus, and very often. */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { metricsReader } from '../support/metrics-reader.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { podOf, runUntilReady } from '../support/pods.ts';
import { JOBS, startPrometheus } from '../support/prometheus.ts';
import { until } from '../support/until.ts';
import type { SoakResult } from './result.ts';

const MINUTE_MS = 60_000;
const INTERVAL_SECONDS = 15;
/** What the pod that burns may use, in cores. */
const BURNS = 0.2;
const OFF = 0.1;
/** Memory after the first part of the scrapes, in which code gets compiled, and at the end: more than this between is a leak. */
const GROWTH = 32 * 2 ** 20;
const WARM = 0.2;
const LOOKS = 10;

/** Runs Prometheus for `minutes`: every scrape succeeds and is parsed, and the rate of a pod that burns is what the kernel allows it. */
export async function soakPrometheus(minutes: number): Promise<SoakResult> {
  const node = await startTestNode();
  const wrong: string[] = [];
  try {
    await runUntilReady(node, podOf('burns', 'while :; do :; done', { resources: { limits: { cpu: `${BURNS * 1000}m` } } }));
    const prometheus = await startPrometheus({
      directory: join(node.dataDir, '..', 'prometheus'),
      target: `127.0.0.1:${node.kubeletPort}`,
      caFile: join(node.dataDir, 'pki', 'ca.crt'),
      token: await metricsReader(node),
      intervalSeconds: INTERVAL_SECONDS,
    });
    try {
      await pause(minutes * MINUTE_MS);
      const jobs = Object.keys(JOBS).length;
      const ups = [...(await prometheus.query(`min_over_time(up[${minutes}m])`))];
      if (ups.length !== jobs) wrong.push(`${ups.length} of ${jobs} jobs were scraped`);
      for (const [labels, least] of ups) if (least !== 1) wrong.push(`a scrape failed: ${labels}`);
      for (const { labels, lastError } of await prometheus.targets())
        if (lastError !== '') wrong.push(`${labels['job'] ?? ''}: ${lastError}`);
      for (const line of prometheus.log().split('\n')) if (/level=(warn|error)/.test(line)) wrong.push(line);
      const rate = `rate(container_cpu_usage_seconds_total{pod="burns",container="c"}[${Math.max(2, minutes - 1)}m])`;
      const [cores = Number.NaN] = (await prometheus.query(rate)).values();
      const got = await kernelRate(node);
      if (!(Math.abs(cores - got) <= OFF * got)) wrong.push(`rate() says ${cores} cores, the kernel ${got}`);
      const samples = [...(await prometheus.query('sum(scrape_samples_scraped)')).values()][0] ?? 0;
      return { figures: { minutes, samples, cores, kernelCores: got }, wrong };
    } finally {
      await prometheus.stop();
    }
  } finally {
    await node.destroy();
  }
}

/** What the pod's cgroup used over its whole life: it has burned all the time. */
async function kernelRate({ ok, cgroupRoot }: TestNode): Promise<number> {
  const [uid = '', id = '', started = ''] = (
    await ok(
      'get',
      'pod',
      'burns',
      '-o',
      'jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].state.running.startedAt}',
    )
  ).split(' ');
  const path = `${cgroupRoot}/kubepods/burstable/pod${uid}/${id.replace(/^\w+:\/\//, '')}`;
  const tiers = [path, path.replace('/burstable', '')];
  const files = tiers.flatMap((tier) => [`/sys/fs/cgroup/cpuacct${tier}/cpuacct.usage`, `/sys/fs/cgroup${tier}/cpu.stat`]);
  for (const file of files) {
    try {
      const text = readFileSync(file, 'utf8');
      const seconds = file.endsWith('cpu.stat') ? Number(/^usage_usec (\d+)/m.exec(text)?.[1]) / 1e6 : Number(text) / 1e9;
      return seconds / ((Date.now() - Date.parse(started)) / 1000);
    } catch {
      // The other version of cgroups, or the other tier.
    }
  }
  throw new Error('the cgroup of the pod is not there');
}

/** Scrapes all paths `count` times: the memory stays what it was after the first fifth. */
export async function soakScrapes(count: number): Promise<SoakResult> {
  const node = await startTestNode();
  const { cert, key } = await loadKubeconfig(join(node.dataDir, 'kubeconfig'));
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: false,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  const paths = [...Object.values(JOBS), '/stats/summary'];
  const wrong: string[] = [];
  const sizes: number[] = [];
  try {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await runUntilReady(node, podOf(name, 'sleep 100000'));
    const once = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port: node.kubeletPort, path, agent }, (response) => {
          response.resume().on('error', reject);
          response.on('end', () => resolve(response.statusCode ?? 0));
        }).on('error', reject);
      });
    await until('the kubelet', async () => (await once('/metrics')) === 200);
    for (let i = 0; i < count; i += 1) {
      const path = paths[i % paths.length] ?? '';
      const status = await once(path);
      if (status !== 200) wrong.push(`${path} answered ${status}`);
      if (i % Math.ceil(count / (LOOKS / WARM)) === 0) sizes.push(residentBytes(node.pid()));
    }
    const warm = sizes.slice(LOOKS);
    const growth = median(warm.slice(-LOOKS)) - median(warm.slice(0, LOOKS));
    if (growth > GROWTH) wrong.push(`the memory grew by ${(growth / 2 ** 20).toFixed(0)} MiB`);
    return { figures: { scrapes: count, firstMiB: (sizes[0] ?? 0) / 2 ** 20, growthMiB: growth / 2 ** 20 }, wrong };
  } finally {
    agent.destroy();
    await node.destroy();
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const residentBytes = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
