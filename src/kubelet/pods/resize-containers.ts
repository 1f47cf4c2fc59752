/** Brings running containers to the resources that were granted (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, doPodResizeAction). */
import type { ContainerRuntimeStatus, LinuxResources } from '../../runtime/runtime.ts';
import { containerResources, type ResourceSettings } from '../spec/resources.ts';
import { containersNamed, isRunning, type ObservedPod } from './observed.ts';
import { isSidecar, podContainers, type NodePod, type PodContainer } from './pod.ts';

/** A running container whose limits are not what was granted. */
export interface ContainerResize {
  readonly target: PodContainer;
  readonly id: string;
  /** What to write. */
  readonly resources: LinuxResources;
  /** The container's own policy asks for a restart instead. */
  readonly restart: boolean;
}

const CPU_FIELDS = ['cpuShares', 'cpuQuota', 'cpuPeriod'] as const;
const MEMORY_FIELDS = ['memoryLimitBytes', 'memorySwapLimitBytes'] as const;

/** The running containers of a pod that must be changed. */
export function containerResizes(pod: NodePod, observed: ObservedPod, settings: ResourceSettings): ContainerResize[] {
  return podContainers(pod.spec).flatMap((target) => {
    const { container, kind } = target;
    if (kind === 'ephemeral' || (kind === 'init' && !isSidecar(container))) return [];
    const status = containersNamed(observed, container.name)[0];
    if (!isRunning(status)) return [];
    const wanted = containerResources(pod, container, settings);
    const cpu = differs(status, wanted, CPU_FIELDS);
    const memory = differs(status, wanted, MEMORY_FIELDS);
    if (!cpu && !memory) return [];
    const restarts = (name: string): boolean =>
      (container.resizePolicy ?? []).some((policy) => policy.resourceName === name && policy.restartPolicy === 'RestartContainer');
    const { cpuShares, cpuQuota, cpuPeriod, memoryLimitBytes, memorySwapLimitBytes } = wanted;
    const resources: LinuxResources = {
      ...(cpuShares !== undefined && { cpuShares }),
      // What is not limited any more is written as a limit without end.
      ...(cpuPeriod !== undefined && { cpuPeriod, cpuQuota: cpuQuota === 0 ? -1 : (cpuQuota ?? -1) }),
      ...(memory && { memoryLimitBytes: memoryLimitBytes ?? -1, memorySwapLimitBytes: memorySwapLimitBytes ?? -1 }),
    };
    return [{ target, id: status.id, resources, restart: (cpu && restarts('cpu')) || (memory && restarts('memory')) }];
  });
}

/** What the runtime does not tell counts as done. */
function differs(
  { resources }: ContainerRuntimeStatus,
  wanted: LinuxResources,
  fields: readonly (keyof LinuxResources & (typeof CPU_FIELDS | typeof MEMORY_FIELDS)[number])[],
): boolean {
  return fields.some((field) => {
    const now = resources[field];
    // 0, -1 and nothing all mean that there is no limit.
    const plain = (value: number | undefined): number => (value === undefined || value < 0 ? 0 : value);
    return now !== undefined && plain(now) !== plain(wanted[field]);
  });
}
