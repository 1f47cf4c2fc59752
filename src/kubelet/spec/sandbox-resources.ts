/** What a runtime is told of a pod's resources as a whole (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_sandbox_linux.go`). */
import { parseDuration } from '../../api/duration.ts';
import { amountsOf, podRequests } from '../../api/pod-resources.ts';
import type { PodSpec } from '../../api/types.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import { limitsTogether } from '../cgroups/pod-limits.ts';
import { cpuQuota, cpuShares, type ResourceSettings } from './resources.ts';

const MILLI = 1000;

/** Of the containers together, and of what the sandbox itself takes; the latter is empty for a pod without overhead. */
export function sandboxResources(spec: PodSpec, settings: ResourceSettings): { resources: LinuxResources; overhead: LinuxResources } {
  const { overhead, ...own } = spec;
  const limits = limitsTogether(own);
  const request = podRequests(own)['cpu'];
  const { cpu = 0, memory = 0 } = amountsOf(overhead);
  return {
    resources: linuxResources(request ?? limits['cpu'] ?? 0, limits['cpu'] ?? 0, limits['memory'] ?? 0, settings),
    overhead: overhead === undefined ? {} : linuxResources(cpu, cpu, memory, settings),
  };
}

/** In thousandths. */
function linuxResources(cpuRequest: number, cpuLimit: number, memory: number, settings: ResourceSettings): LinuxResources {
  const period = Math.round(parseDuration(settings.cpuCFSQuotaPeriod) * MILLI);
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(memory !== 0 && { memoryLimitBytes: Math.ceil(memory / MILLI) }),
    ...(settings.cpuCFSQuota && { cpuPeriod: period, cpuQuota: cpuLimit === 0 ? 0 : cpuQuota(cpuLimit, period) }),
    ...(settings.killsTogether === true && { unified: { 'memory.oom.group': '1' } }),
  };
}
