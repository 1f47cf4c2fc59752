import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposition } from '../../metrics/exposition.ts';
import { RuntimeError, type Runtime } from '../../runtime/runtime.ts';
import { systemHost } from '../../util/host.ts';
import { SEEN_ANNOTATION, type NodePod } from '../pods/pod.ts';
import { background } from './background.ts';
import { countTree, createDiskUsage } from './disk-usage.ts';
import { createKubeletMetrics, kubeletFamilies } from './kubelet-metrics.ts';
import { measuredRuntime } from './measured-runtime.ts';
import { podFamilies } from './pod-families.ts';
import { createPodStartTracker } from './pod-start.ts';
import { createProbeMetrics } from './probe-metrics.ts';
import { runningPod } from './testing.ts';

const clockAt = (now: () => number) => ({ ...systemHost.clock, now, monotonic: now });

describe('the size of directories', () => {
  it('counts blocks and inodes, hard links once', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'stats-'));
    try {
      await mkdir(join(dir, 'sub'));
      await writeFile(join(dir, 'sub/a'), Buffer.alloc(100_000));
      await link(join(dir, 'sub/a'), join(dir, 'b'));
      const found = await countTree(systemHost.files, dir);
      expect(found?.inodes).toBe(3);
      expect(found?.bytes).toBeGreaterThanOrEqual(100_000);
      expect(found?.bytes).toBeLessThan(150_000);
      await expect(countTree(systemHost.files, join(dir, 'nothing'))).rejects.toThrow();
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('is known once it was counted; what is not there is tried and left out', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'stats-'));
    const counts: number[] = [];
    const usage = createDiskUsage(systemHost, (seconds) => counts.push(seconds));
    try {
      expect(usage.of(dir)).toBeUndefined();
      expect(usage.of(join(dir, 'nothing'))).toBeUndefined();
      expect(usage.untried()).toBe(2);
      await usage.settled(5000);
      expect(usage.untried()).toBe(0);
      expect(usage.of(dir)?.inodes).toBe(1);
      expect(counts.length).toBe(2);
    } finally {
      usage.close();
      await rm(dir, { recursive: true });
    }
  });
});

describe('a value of the background', () => {
  it('is waited for once, kept when a later look fails, and never asked for twice at a time', async () => {
    let now = 0;
    let answer: () => Promise<number> = () => Promise.resolve(1);
    const failures: unknown[] = [];
    const value = background(
      clockAt(() => now),
      10,
      () => answer(),
      (error) => failures.push(error),
    );
    expect(await value.first(1000)).toBe(1);
    answer = () => Promise.reject(new Error('hung'));
    now = 20;
    expect(value.get()).toBe(1);
    expect(value.get()).toBe(1);
    await Promise.resolve();
    await Promise.resolve();
    expect(failures.length).toBe(1);
    expect(value.get()).toBe(1);
  });
});

describe('the start of a pod', () => {
  it('is told from the kubelet’s and from the watcher’s point of view, without pulls and init containers', () => {
    let now = Date.parse('2026-01-01T00:00:10Z');
    const metrics = createKubeletMetrics();
    const starts = createPodStartTracker(
      metrics,
      clockAt(() => now),
    );
    const pod: NodePod = {
      metadata: {
        name: 'p',
        namespace: 'n',
        uid: 'u',
        creationTimestamp: '2026-01-01T00:00:00Z',
        annotations: { [SEEN_ANNOTATION]: '2026-01-01T00:00:05Z' },
      },
      spec: { containers: [] },
      status: {},
    };
    const common = { name: 'c', ready: true, restartCount: 0, image: 'i', imageID: 'i' };
    const running = {
      phase: 'Running',
      containerStatuses: [{ ...common, state: { running: { startedAt: '2026-01-01T00:00:10Z' } } }],
      initContainerStatuses: [
        { ...common, state: { terminated: { exitCode: 0, startedAt: '2026-01-01T00:00:06Z', finishedAt: '2026-01-01T00:00:08Z' } } },
      ],
    };
    starts.published(pod, running);
    starts.seen(pod);
    starts.pulled('u', 3000);
    starts.published(pod, running);
    starts.published(pod, running);
    now += 2000;
    starts.watched(pod, { phase: 'Running' });
    starts.watched(pod, running);
    starts.watched(pod, running);
    const text = exposition(kubeletFamilies(metrics));
    for (const line of [
      'kubelet_pod_start_duration_seconds_sum 5',
      'kubelet_pod_start_duration_seconds_count 1',
      'kubelet_pod_start_total_duration_seconds_sum 12',
      'kubelet_pod_start_sli_duration_seconds_sum 7',
      'kubelet_first_network_pod_start_sli_duration_seconds 7',
    ])
      expect(text).toContain(`\n${line}\n`);
  });
});

describe('the runtime’s calls', () => {
  it('are counted under the names of CRI, failed ones once more', async () => {
    const metrics = createKubeletMetrics();
    const runtime = {
      listContainers: () => Promise.resolve([]),
      runPodSandbox: () => Promise.reject(new RuntimeError('unknown', 'no')),
      onEvent: () => undefined,
    } as unknown as Runtime;
    const measured = measuredRuntime(runtime, metrics, systemHost.clock);
    expect(await measured.listContainers()).toEqual([]);
    await expect(measured.runPodSandbox({} as Parameters<Runtime['runPodSandbox']>[0], 'gvisor')).rejects.toThrow('no');
    measured.onEvent(() => undefined, new AbortController().signal);
    const text = exposition(kubeletFamilies(metrics));
    for (const line of [
      'kubelet_runtime_operations_total{operation_type="list_containers"} 1',
      'kubelet_runtime_operations_errors_total{operation_type="run_podsandbox"} 1',
      'kubelet_run_podsandbox_errors_total{runtime_handler="gvisor"} 1',
      'kubelet_started_pods_errors_total 1',
    ])
      expect(text).toContain(`\n${line}\n`);
  });
});

describe('families about pods', () => {
  it('count what the kubelet follows', () => {
    const followed = { ...runningPod('p'), stage: 'running', removed: false, resizing: true } as const;
    const text = exposition(
      podFamilies({ nodeName: 'n', pods: () => [followed], cgroupVersion: 2, logBytes: () => 12, room: () => undefined }),
    );
    for (const line of [
      'kubelet_node_name{node="n"} 1',
      'kubelet_running_pods 1',
      'kubelet_pod_in_progress_resizes 1',
      'kubelet_running_containers{container_state="running"} 1',
      'kubelet_desired_pods{static=""} 1',
      'kubelet_working_pods{config="desired",lifecycle="sync",static=""} 1',
      'kubelet_working_pods{config="orphan",lifecycle="terminated",static="true"} 0',
      'kubelet_cgroup_version 2',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it('of probes end with the probe', () => {
    const metrics = createProbeMetrics();
    const probe = { pod: runningPod('p').pod, container: 'main', type: 'Readiness' } as const;
    metrics.probed(probe, 'successful', 0.01);
    metrics.probed(probe, 'failed', 9);
    const text = metrics.text(1000);
    expect(text).toContain(
      'prober_probe_total{container="main",namespace="web",pod="p",pod_uid="uid-p",probe_type="Readiness",result="failed"} 1\n',
    );
    expect(text).toContain('prober_probe_duration_seconds_count{container="main",namespace="web",pod="p",probe_type="Readiness"} 1\n');
    metrics.ended(probe);
    expect(metrics.text(1000)).not.toContain('prober_');
  });
});
