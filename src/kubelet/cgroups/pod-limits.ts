/** What a pod may use in sum (kubernetes `pkg/kubelet/cm/helpers_linux.go`, ResourceConfigForPod). */
import { parseDuration } from '../../api/duration.ts';
import { amountsOf, podRequests, type Amounts } from '../../api/pod-resources.ts';
import { qosClass } from '../../api/qos.ts';
import type { PodSpec } from '../../api/types.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import type { NodePod } from '../pods/pod.ts';
import { cpuQuota, cpuShares, MIN_SHARES, type ResourceSettings } from '../spec/resources.ts';

const MILLI = 1000;

export function podLimits(pod: NodePod, settings: ResourceSettings): LinuxResources {
  const pids = settings.podPidsLimit > 0 ? { pidsLimit: settings.podPidsLimit } : {};
  if (qosClass(pod) === 'BestEffort') return { cpuShares: MIN_SHARES, ...pids };
  const requests = podRequests(pod.spec);
  const cpu = podLimit(pod.spec, 'cpu');
  const memory = podLimit(pod.spec, 'memory');
  const period = Math.round(parseDuration(settings.cpuCFSQuotaPeriod) * 1000);
  return {
    cpuShares: cpuShares(requests['cpu'] ?? 0),
    ...(cpu !== undefined && {
      cpuPeriod: period,
      cpuQuota: settings.cpuCFSQuota ? cpuQuota(cpu, period) : -1,
    }),
    ...(memory !== undefined && { memoryLimitBytes: Math.ceil(memory / MILLI) }),
    ...pids,
  };
}

/** Of all pods together: the node's capacity without what is reserved (kubernetes `pkg/kubelet/cm/node_container_manager_linux.go`). */
export function allPodsLimits(amounts: Readonly<Record<string, string>>, enforced: boolean): LinuxResources {
  const { cpu = 0, memory = 0 } = amountsOf(amounts);
  return { cpuShares: cpuShares(cpu), ...(enforced && memory > 0 && { memoryLimitBytes: Math.floor(memory / MILLI) }) };
}

/** In thousandths; undefined when a container has none and so the pod has none. */
function podLimit(spec: PodSpec, name: 'cpu' | 'memory'): number | undefined {
  const own = amountsOf(spec.resources?.limits)[name];
  const limits = [...spec.containers, ...(spec.initContainers ?? [])].map((c) => amountsOf(c.resources?.limits)[name] ?? 0);
  if (own === undefined && limits.includes(0)) return undefined;
  return (limitsTogether(spec)[name] ?? 0) + (amountsOf(spec.overhead)[name] ?? 0);
}

/** Limits of a whole pod without its overhead, in thousandths: of those containers that have any (component-helpers `resource/helpers.go`, PodLimits). */
export function limitsTogether(spec: PodSpec): Amounts {
  // Limits add up as requests do: as requests of the same size they take the same sum.
  const asRequests = <T extends { readonly resources?: { readonly limits?: Readonly<Record<string, string>> } }>(c: T): T => ({
    ...c,
    resources: { requests: c.resources?.limits ?? {} },
  });
  const { overhead: _apart, ...rest } = spec;
  return podRequests({
    ...rest,
    resources: { requests: spec.resources?.limits ?? {} },
    containers: spec.containers.map(asRequests),
    initContainers: (spec.initContainers ?? []).map(asRequests),
  });
}
