/** Brings running containers to the resources that were granted (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, doPodResizeAction). */
import type { ContainerRuntimeStatus, LinuxResources } from '../../runtime/runtime.ts';
import { containerResources, type ResourceSettings } from '../spec/resources.ts';
import { containersNamed, isRunning, type ObservedPod } from './observed.ts';
import { podContainers, type NodePod, type PodContainer } from './pod.ts';

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
    if (kind === 'ephemeral') return [];
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

/** Why memory limits cannot be lowered to what was granted: the memory is in use; undefined when they can (validateMemoryResizeAction). */
export async function memoryInUse(
  pod: NodePod,
  observed: ObservedPod,
  resizes: readonly ContainerResize[],
  memory: (pod: NodePod, containerId?: string) => Promise<{ readonly usage?: number; readonly limit?: number }>,
  podLimit: number | undefined,
): Promise<string | undefined> {
  const faults: string[] = [];
  const whole = await memory(pod);
  const below = (what: string, limit: number, usage: number): void => {
    if (usage >= limit) faults.push(`attempting to set ${what} memory limit (${limit}) below current usage (${usage})`);
  };
  if (podLimit !== undefined && podLimit < (whole.limit ?? Infinity) && whole.usage !== undefined) below('pod', podLimit, whole.usage);
  for (const { id, target, resources, restart } of resizes) {
    const wanted = resources.memoryLimitBytes;
    const now = observed.containers.find((c) => c.id === id)?.resources.memoryLimitBytes;
    if (restart || wanted === undefined || wanted <= 0 || wanted >= (now === undefined || now <= 0 ? Infinity : now)) continue;
    const { usage } = await memory(pod, id);
    if (usage !== undefined) below(`container ${JSON.stringify(target.container.name)}`, wanted, usage);
  }
  if (faults.length === 0) return undefined;
  return `cannot decrease memory limits: ${faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`}`;
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
