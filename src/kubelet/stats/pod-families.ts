/** Families that are counted at the scrape out of what the kubelet knows of its pods (kubernetes `pkg/kubelet/kubelet_pods.go`, HandlePodCleanups). */
import { dirname } from 'node:path';
import { byKey, collected, labelText, type MetricFamily, type WriteSample } from '../../metrics/family.ts';
import type { Volume } from '../../api/types.ts';
import { containerNameOf, readySandbox } from '../pods/observed.ts';
import { isStatic, isTerminalPhase, type NodePod } from '../pods/pod.ts';
import type { Stage } from '../pods/pod-state.ts';
import type { FsStats } from './summary-types.ts';
import type { MeasuredPod } from './targets.ts';

export interface FollowedPod extends MeasuredPod {
  readonly stage: Stage;
  /** No source wants it any more. */
  readonly removed: boolean;
  /** Other resources were granted and are being set. */
  readonly resizing: boolean;
}

export interface PodFamiliesOptions {
  readonly nodeName: string;
  readonly pods: () => readonly FollowedPod[];
  readonly cgroupVersion: number | undefined;
  /** Bytes of a container's log directory, as far as they are known. */
  readonly logBytes: (directory: string) => number | undefined;
  /** Room of the file system that holds a directory, as far as it is known. */
  readonly room: (path: string) => FsStats | undefined;
}

const LIFECYCLES = { running: 'sync', terminating: 'terminating', terminated: 'terminated' } as const;
const STATIC = ['', 'true'] as const;

export function podFamilies({ nodeName, pods, cgroupVersion, logBytes, room }: PodFamiliesOptions): MetricFamily[] {
  const gauge = (name: string, help: string, write: (sample: WriteSample) => void): MetricFamily => collected('gauge', name, help, write);
  const byStatic = (write: WriteSample, wanted: (pod: FollowedPod) => boolean): void => {
    let [own, all] = [0, 0];
    for (const one of pods()) {
      if (!wanted(one)) continue;
      all += 1;
      if (isStatic(one.pod)) own += 1;
    }
    for (const value of STATIC) write('', `static="${value}"`, value === '' ? all - own : own);
  };
  return [
    gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", (write) => write('', labelText(['node'], [nodeName]), 1)),
    gauge('kubelet_running_pods', '[ALPHA] Number of pods that have a running pod sandbox', (write) =>
      write('', '', pods().filter(({ observed }) => readySandbox(observed)).length),
    ),
    gauge('kubelet_running_containers', '[ALPHA] Number of containers currently running', (write) => {
      const counts = new Map<string, number>();
      for (const { observed } of pods()) for (const { state } of observed.containers) counts.set(state, (counts.get(state) ?? 0) + 1);
      for (const [state, count] of byKey(counts)) write('', `container_state="${state}"`, count);
    }),
    gauge(
      'kubelet_desired_pods',
      '[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.',
      (write) => byStatic(write, ({ removed }) => !removed),
    ),
    gauge(
      'kubelet_active_pods',
      '[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.',
      (write) => byStatic(write, ({ pod, removed, stage }) => !removed && stage !== 'terminated' && !isTerminalPhase(pod.status.phase)),
    ),
    gauge(
      'kubelet_mirror_pods',
      '[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)',
      (write) => write('', '', pods().filter(({ pod, removed }) => !removed && isStatic(pod)).length),
    ),
    gauge(
      'kubelet_working_pods',
      '[ALPHA] Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only (also orphaned), and whether the pod is static. An orphaned pod has been removed from local configuration or force deleted in the API and consumes resources that are not otherwise visible.',
      (write) => writeWorking(write, pods()),
    ),
    gauge(
      'kubelet_managed_ephemeral_containers',
      '[ALPHA] Current number of ephemeral containers in pods managed by this kubelet.',
      (write) =>
        write(
          '',
          '',
          pods().reduce((sum, { pod }) => sum + (pod.spec.ephemeralContainers?.length ?? 0), 0),
        ),
    ),
    gauge('kubelet_pod_in_progress_resizes', '[ALPHA] Number of in-progress resizes for pods.', (write) =>
      write('', '', pods().filter(({ resizing }) => resizing).length),
    ),
    gauge('kubelet_cgroup_version', '[ALPHA] cgroup version on the hosts.', (write) => {
      if (cgroupVersion !== undefined) write('', '', cgroupVersion);
    }),
    gauge(
      'kubelet_metrics_provider',
      "[ALPHA] Metrics provider used by kubelet to collect container stats. Values can be 'cadvisor' and 'cri'",
      // Neither: the kubelet reads the control groups itself.
      (write) => write('', labelText(['provider'], ['nodelet']), 1),
    ),
    gauge('kubelet_container_log_filesystem_used_bytes', "[ALPHA] Bytes used by the container's logs on the filesystem.", (write) =>
      writeLogBytes(write, pods(), logBytes),
    ),
    gauge('volume_manager_total_volumes', '[ALPHA] Number of volumes in Volume Manager', (write) => writeVolumes(write, pods())),
    ...CLAIM_FAMILIES.map(([name, help, value]) =>
      gauge(`kubelet_volume_stats_${name}`, `[ALPHA] ${help}`, (write) => writeClaims(write, pods(), room, value)),
    ),
  ];
}

type RoomValue = (room: FsStats) => number | undefined;

const CLAIM_FAMILIES: readonly (readonly [name: string, help: string, value: RoomValue])[] = [
  ['capacity_bytes', 'Capacity in bytes of the volume', (room) => room.capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', (room) => room.availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', (room) => room.usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', (room) => room.inodes],
  ['inodes_free', 'Number of free inodes in the volume', (room) => room.inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', (room) => room.inodesUsed],
];

/** One sample a claim, however many pods use it. */
function writeClaims(write: WriteSample, pods: readonly FollowedPod[], room: PodFamiliesOptions['room'], value: RoomValue): void {
  const lines = new Map<string, number>();
  for (const { claims } of pods)
    for (const { path, claim, measured } of claims?.values() ?? []) {
      const stats = measured === true ? room(path) : undefined;
      const number = stats && value(stats);
      if (claim && number !== undefined)
        lines.set(labelText(['namespace', 'persistentvolumeclaim'], [claim.namespace, claim.name]), number);
    }
  for (const [labels, number] of byKey(lines)) write('', labels, number);
}

function writeWorking(write: WriteSample, pods: readonly FollowedPod[]): void {
  const counts = new Map<string, number>();
  const key = (config: string, lifecycle: string, value: string): string =>
    labelText(['config', 'lifecycle', 'static'], [config, lifecycle, value]);
  for (const config of ['desired', 'orphan'])
    for (const lifecycle of Object.values(LIFECYCLES)) for (const value of STATIC) counts.set(key(config, lifecycle, value), 0);
  for (const { pod, stage, removed } of pods) {
    const at = key(removed ? 'orphan' : 'desired', LIFECYCLES[stage], isStatic(pod) ? 'true' : '');
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  for (const [labels, count] of byKey(counts)) write('', labels, count);
}

function writeLogBytes(write: WriteSample, pods: readonly FollowedPod[], logBytes: PodFamiliesOptions['logBytes']): void {
  const lines = new Map<string, number>();
  for (const { pod, observed } of pods)
    for (const c of observed.containers) {
      if (c.state !== 'running' || c.logPath === '') continue;
      const bytes = logBytes(dirname(c.logPath));
      const { name, namespace, uid } = pod.metadata;
      if (bytes !== undefined)
        lines.set(labelText(['container', 'namespace', 'pod', 'uid'], [containerNameOf(c), namespace, name, uid]), bytes);
    }
  for (const [labels, bytes] of byKey(lines)) write('', labels, bytes);
}

/** Wanted: those of pods that are to run. Actual: those of pods that have a sandbox, which get it only with their volumes ready. */
function writeVolumes(write: WriteSample, pods: readonly FollowedPod[]): void {
  const counts = new Map<string, number>();
  const add = (volume: Volume, state: string): void => {
    const labels = labelText(['plugin_name', 'state'], [volumePlugin(volume), state]);
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  };
  for (const { pod, observed, removed, stage } of pods) {
    const wanted = !removed && stage === 'running';
    for (const volume of pod.spec.volumes ?? []) {
      if (wanted) add(volume, 'desired_state_of_world');
      if (readySandbox(observed)) add(volume, 'actual_state_of_world');
    }
  }
  for (const [labels, count] of byKey(counts)) write('', labels, count);
}

const PLUGINS: Readonly<Partial<Record<keyof Volume, string>>> = {
  configMap: 'kubernetes.io/configmap',
  secret: 'kubernetes.io/secret',
  downwardAPI: 'kubernetes.io/downward-api',
  projected: 'kubernetes.io/projected',
  emptyDir: 'kubernetes.io/empty-dir',
  hostPath: 'kubernetes.io/host-path',
  persistentVolumeClaim: 'kubernetes.io/local-volume',
  ephemeral: 'kubernetes.io/local-volume',
};

/** The name of the plugin that a volume stands for: `kubernetes.io/empty-dir`. */
export function volumePlugin(volume: NonNullable<NodePod['spec']['volumes']>[number]): string {
  for (const [field, plugin] of Object.entries(PLUGINS)) if (volume[field as keyof Volume] !== undefined) return plugin;
  return Object.keys(volume).every((key) => key === 'name') ? 'kubernetes.io/empty-dir' : 'N/A';
}
