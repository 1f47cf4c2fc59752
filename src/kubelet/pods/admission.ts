/** Whether the node takes a pod (kubernetes `pkg/kubelet/lifecycle/predicate.go`). */
import { matchesNodeSelection } from '../../api/node-affinity.ts';
import { amountsOf, hostPorts, podRequests, portsCollide } from '../../api/pod-resources.ts';
import { untolerated } from '../../api/taints.ts';
import type { Node } from '../../api/types.ts';
import { qosClass } from '../../api/qos.ts';
import type { NodePressure } from '../eviction/thresholds.ts';
import { isCritical, isStatic, podContainers, type NodePod } from './pod.ts';

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: NodePod;
  /** The other pods of the node that are not over. */
  readonly others: readonly NodePod[];
  /** The node as the API has it; undefined without an API server. */
  readonly node: Node | undefined;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly allowedUnsafeSysctls: readonly string[];
  /** What the node is short of; nothing by default. */
  readonly pressures?: ReadonlySet<NodePressure>;
  /** Whether the machine has AppArmor; not looked at by default. */
  readonly appArmor?: boolean;
}

/** The profile of a container by an annotation, as static pods of old still have it. */
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** Why the pod is refused, or undefined. The first refusal wins. */
export function refusal(input: AdmissionInput): Refusal | undefined {
  return (
    pressureRefusal(input) ??
    sysctlRefusal(input) ??
    resourceRefusal(input) ??
    affinityRefusal(input) ??
    portRefusal(input) ??
    taintRefusal(input) ??
    appArmorRefusal(input)
  );
}

/** A pod that is to be confined does not run where nothing can (kubernetes `pkg/security/apparmor/validate.go`). */
function appArmorRefusal({ pod, appArmor = true }: AdmissionInput): Refusal | undefined {
  if (appArmor || (pod.status.phase !== undefined && pod.status.phase !== 'Pending')) return undefined;
  const profiles = [pod.spec.securityContext, ...podContainers(pod.spec).map((c) => c.container.securityContext)];
  const noted = Object.entries(pod.metadata.annotations ?? {}).find(([key]) => key.startsWith(APPARMOR_ANNOTATION))?.[1] ?? 'unconfined';
  const asked = profiles.some((context) => (context?.appArmorProfile?.type ?? 'Unconfined') !== 'Unconfined');
  if (!asked && noted === 'unconfined') return undefined;
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}

/** A node that is short of something takes no more, but for what it cannot do without (kubernetes `pkg/kubelet/eviction/eviction_manager.go`, Admit). */
function pressureRefusal({ pod, pressures = NO_PRESSURE }: AdmissionInput): Refusal | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined;
  if (pressures.size === 1 && pressures.has('MemoryPressure')) {
    const taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };
    if (qosClass(pod) !== 'BestEffort' || !untolerated([taint], pod.spec.tolerations ?? [], ['NoSchedule'])) return undefined;
  }
  return { reason: 'Evicted', message: `The node had condition: [${[...pressures].join(' ')}]. ` };
}

const NO_PRESSURE: ReadonlySet<NodePressure> = new Set();

function sysctlRefusal({ pod, allowedUnsafeSysctls }: AdmissionInput): Refusal | undefined {
  const allowed = (name: string): boolean =>
    SAFE_SYSCTLS.has(name) || allowedUnsafeSysctls.some((a) => (a.endsWith('*') ? name.startsWith(a.slice(0, -1)) : a === name));
  const bad = (pod.spec.securityContext?.sysctls ?? []).find((s) => !allowed(s.name.replaceAll('/', '.')));
  return bad && { reason: 'SysctlForbidden', message: `forbidden sysctl: "${bad.name}" not allowlisted` };
}

function resourceRefusal({ pod, others, allocatable }: AdmissionInput): Refusal | undefined {
  const capacity = amountsOf(allocatable);
  const room = (capacity['pods'] ?? 0) / 1000;
  if (room > 0 && others.length + 1 > room) return outOf('pods', 1, others.length, room);
  const used = others.map((other) => podRequests(other.spec));
  for (const [name, requested] of Object.entries(podRequests(pod.spec))) {
    const limit = capacity[name];
    if (limit === undefined || requested === 0) continue;
    const taken = used.reduce((sum, requests) => sum + (requests[name] ?? 0), 0);
    // cpu is told in thousandths, everything else in whole units.
    const unit = name === 'cpu' ? 1 : 1000;
    if (requested + taken > limit) return outOf(name, requested / unit, taken / unit, limit / unit);
  }
  return undefined;
}

const outOf = (name: string, requested: number, used: number, capacity: number): Refusal => ({
  reason: `OutOf${name}`,
  message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});

function affinityRefusal({ pod, node }: AdmissionInput): Refusal | undefined {
  if (node === undefined) return undefined;
  const labels = node.metadata.labels ?? {};
  const os = pod.spec.nodeSelector?.['kubernetes.io/os'];
  if (os !== undefined && os !== labels['kubernetes.io/os'] && labels['kubernetes.io/os'] !== undefined)
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  if (pod.spec.os !== undefined && pod.spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return matchesNodeSelection(pod.spec, node) ? undefined : predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
}

const predicate = (name: string, why: string): Refusal => ({ reason: name, message: `Predicate ${name} failed: ${why}` });

function portRefusal({ pod, others }: AdmissionInput): Refusal | undefined {
  const own = hostPorts(pod.spec);
  return others.some((other) => portsCollide(own, hostPorts(other.spec)))
    ? predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports")
    : undefined;
}

function taintRefusal({ pod, node }: AdmissionInput): Refusal | undefined {
  if (isStatic(pod)) return undefined;
  return untolerated(node?.spec?.taints ?? [], pod.spec.tolerations ?? [], ['NoExecute'])
    ? predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate")
    : undefined;
}
