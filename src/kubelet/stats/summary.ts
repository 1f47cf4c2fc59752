/** `/stats/summary` out of one snapshot (kubernetes `pkg/kubelet/server/stats/summary.go`, `pkg/kubelet/stats/helper.go`). */
import { goTime } from '../../api/time.ts';
import { containerNameOf } from '../pods/observed.ts';
import type { Measured, MeasuredPodStats, Snapshot } from './collector.ts';
import type { MachineInfo } from './machine-info.ts';
import type { InterfaceStats, Pressure } from './parse.ts';
import type {
  ContainerStats,
  CpuStats,
  FsStats,
  InterfaceSummary,
  IoStats,
  MemoryStats,
  NetworkStats,
  NodeStats,
  PodStats,
  Psi,
  Summary,
  SwapStats,
  VolumeStats,
} from './summary-types.ts';

/** What stands on disks, as far as it is known. */
export interface SummaryDisks {
  readonly node: FsStats | undefined;
  readonly imageFs: FsStats | undefined;
  pod(pod: MeasuredPodStats): PodDisks;
}

export interface PodDisks {
  rootfs(containerId: string): FsStats | undefined;
  logs(containerId: string): FsStats | undefined;
  readonly volumes: readonly VolumeStats[];
  /** What all of it comes to. */
  readonly ephemeral: FsStats | undefined;
}

export interface SummaryInput {
  readonly nodeName: string;
  readonly snapshot: Snapshot;
  readonly machine: MachineInfo;
  /** Names of the groups that are shown, by their cgroup: `pods`, `kubelet`, `runtime`, `misc`. */
  readonly systemContainers: ReadonlyMap<string, string>;
  /** Undefined for CPU and memory alone. */
  readonly disks: SummaryDisks | undefined;
  readonly rlimit: NodeStats['rlimit'];
}

export function buildSummary(input: SummaryInput): Summary {
  const { nodeName, snapshot, machine, systemContainers, disks } = input;
  const { root } = snapshot;
  const full = disks !== undefined;
  const node: Measured | undefined = root && {
    ...root,
    spec: { ...root.spec, memoryLimit: machine.memoryBytes, swapLimit: machine.swapBytes },
  };
  const system = snapshot.groups.flatMap((group): ContainerStats[] => {
    const name = systemContainers.get(group.target.path);
    return name === undefined ? [] : [{ name, startTime: timeOf(group.madeAt), ...usage(group, full) }];
  });
  return {
    node: {
      nodeName,
      ...(system.length > 0 && { systemContainers: system }),
      startTime: goTime(machine.bootedAt),
      ...(node && resources(node, full)),
      ...(full && node && { network: network(snapshot.rootNetwork, snapshot.at) }),
      ...(disks?.node && { fs: disks.node }),
      ...(disks?.imageFs && { runtime: { imageFs: disks.imageFs, containerFs: disks.imageFs } }),
      ...(full && input.rlimit && { rlimit: input.rlimit }),
      ...(node && swapPart(node)),
    },
    pods: snapshot.pods.filter((pod) => pod.containers.length > 0).map((pod) => podStats(pod, disks)),
  };
}

function podStats(pod: MeasuredPodStats, disks: SummaryDisks | undefined): PodStats {
  const { targets, group, containers } = pod;
  const { name, namespace, uid } = targets.measured.pod.metadata;
  const full = disks !== undefined;
  const onDisk = disks?.pod(pod);
  const processes = containers.reduce((sum, { sample }) => sum + (sample.pids?.length ?? 0), 0);
  return {
    podRef: { name, namespace, uid },
    startTime: goTime(targets.sandbox.createdAt),
    containers: containers.flatMap((measured): ContainerStats[] => {
      const { container } = measured.target;
      if (container === undefined) return [];
      const rootfs = onDisk?.rootfs(container.id);
      const logs = onDisk?.logs(container.id);
      return [
        {
          name: containerNameOf(container),
          startTime: goTime(container.createdAt),
          ...resources(measured, full),
          ...(rootfs && { rootfs }),
          ...(logs && { logs }),
          ...swapPart(measured),
        },
      ];
    }),
    ...(group && resources(group, full)),
    ...(full && pod.network && { network: network(pod.network, pod.networkAt) }),
    ...(onDisk && onDisk.volumes.length > 0 && { volume: onDisk.volumes }),
    ...(onDisk?.ephemeral && { 'ephemeral-storage': onDisk.ephemeral }),
    ...(full && { process_stats: { process_count: processes } }),
    ...(group && swapPart(group)),
  };
}

const timeOf = (ms: number | undefined): string | null => (ms === undefined ? null : goTime(ms));

function usage(measured: Measured, full: boolean): Omit<ContainerStats, 'name' | 'startTime'> {
  return { ...resources(measured, full), ...swapPart(measured) };
}

function resources(measured: Measured, full: boolean): { cpu?: CpuStats; memory?: MemoryStats; io?: IoStats } {
  const { sample, spec, at, nanoCores } = measured;
  const time = goTime(at);
  const { cpu, memory, pressure } = sample;
  const limit = spec.memoryLimit;
  return {
    ...(cpu && { cpu: { time, usageNanoCores: nanoCores, usageCoreNanoSeconds: cpu.usageNs, ...psi(pressure.cpu) } }),
    ...(memory && {
      memory: {
        time,
        ...(limit !== undefined && { availableBytes: Math.max(0, limit - memory.workingSet) }),
        usageBytes: memory.usage,
        workingSetBytes: memory.workingSet,
        rssBytes: memory.rss,
        pageFaults: memory.pageFaults,
        majorPageFaults: memory.majorPageFaults,
        ...psi(pressure.memory),
      },
    }),
    ...(full && pressure.io && { io: { time, ...psi(pressure.io) } }),
  };
}

const psi = (pressure: Pressure | undefined): { psi?: Psi } =>
  pressure ? { psi: { full: line(pressure.full), some: line(pressure.some) } } : {};
const line = ({ total, avg10, avg60, avg300 }: Pressure['some']): Pressure['some'] => ({ total, avg10, avg60, avg300 });

function swapPart({ sample, spec, at }: Measured): { swap?: SwapStats } {
  if (sample.memory === undefined) return {};
  const { swap } = sample.memory;
  return {
    swap: {
      time: goTime(at),
      ...(spec.swapLimit !== undefined && { swapAvailableBytes: Math.max(0, spec.swapLimit - swap) }),
      swapUsageBytes: swap,
    },
  };
}

/** The interface called `eth0` stands for the pod or the machine as a whole. */
function network(interfaces: readonly InterfaceStats[], at: number): NetworkStats {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }): InterfaceSummary => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  }));
  return { time: goTime(at), ...(all.find(({ name }) => name === 'eth0') ?? { name: '' }), interfaces: all };
}
