/** Requests and limits as the runtime takes them (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container_linux.go`, `pkg/kubelet/qos/policy.go`). */
import { parseDuration } from '../../api/duration.ts';
import { quantityMilli, quantityNanos, quantityValue } from '../../api/quantity.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import { isCritical, type AnyContainer, type NodePod } from '../pods/pod.ts';
import { qosClass } from '../../api/qos.ts';

export interface ResourceSettings {
  readonly cpuCFSQuota: boolean;
  readonly cpuCFSQuotaPeriod: string;
  /** `-1` for none. */
  readonly podPidsLimit: number;
  /** Memory of the machine in bytes: the measure of oom_score_adj. */
  readonly memoryCapacity: number;
  /** Whether a container's processes die together when its memory runs out: cgroup v2 can, unless `singleProcessOOMKill` forbids. */
  readonly killsTogether?: boolean;
}

export const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const MIN_QUOTA = 1000;

export function containerResources(pod: NodePod, container: AnyContainer, settings: ResourceSettings): LinuxResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpuLimit = limits['cpu'] ?? pod.spec.resources?.limits?.['cpu'];
  const memoryLimit = limits['memory'] ?? pod.spec.resources?.limits?.['memory'];
  const cpuRequest = requests['cpu'] ?? limits['cpu'];
  const period = Math.round(parseDuration(settings.cpuCFSQuotaPeriod) * 1000);
  const quota = cpuLimit !== undefined && quantityNanos(cpuLimit) > 0n ? cpuQuota(quantityMilli(cpuLimit), period) : 0;
  return {
    cpuShares: cpuShares(cpuRequest === undefined ? 0 : quantityMilli(cpuRequest)),
    ...(settings.cpuCFSQuota && { cpuPeriod: period, cpuQuota: quota }),
    ...(memoryLimit !== undefined &&
      quantityNanos(memoryLimit) > 0n && {
        memoryLimitBytes: quantityValue(memoryLimit),
        memorySwapLimitBytes: quantityValue(memoryLimit),
      }),
    oomScoreAdj: oomScoreAdj(pod, container, settings.memoryCapacity),
    ...(settings.podPidsLimit > 0 && { pidsLimit: settings.podPidsLimit }),
    ...(settings.killsTogether === true && { unified: { 'memory.oom.group': '1' } }),
  };
}

/** cgroup cpu.shares of a request in millicores. */
export const cpuShares = (milli: number): number => Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milli * 1024) / 1000)));
/** Microseconds of CPU in a period, of a limit in millicores. */
export const cpuQuota = (milli: number, period: number): number => Math.max(MIN_QUOTA, Math.floor((milli * period) / 1000));

/** How soon the kernel picks the container when memory runs out: 1000 first, -997 last. */
export function oomScoreAdj(pod: NodePod, container: AnyContainer, memoryCapacity: number): number {
  if (isCritical(pod)) return -997;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const request = container.resources?.requests?.['memory'] ?? container.resources?.limits?.['memory'];
  const bytes = request === undefined ? 0 : quantityValue(request);
  const adjust = memoryCapacity > 0 ? 1000 - Math.floor((1000 * bytes) / memoryCapacity) : 1000;
  return Math.min(999, Math.max(3, adjust));
}
