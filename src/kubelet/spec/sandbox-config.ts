/** A pod's sandbox as the runtime takes it (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_sandbox.go`). */
import { join } from 'node:path';
import type { DnsConfig, IdMapping, PodSandboxConfig, PortMapping } from '../../runtime/runtime.ts';
import type { NodePod } from '../pods/pod.ts';
import { cgroupParent, type CgroupPlace } from '../cgroups/names.ts';
import { kernelHostname } from './dns.ts';
import { sandboxAnnotations, sandboxLabels } from './labels.ts';
import type { ResourceSettings } from './resources.ts';
import { sandboxResources } from './sandbox-resources.ts';
import { sandboxSecurity } from './security.ts';

export interface SandboxSettings extends CgroupPlace, ResourceSettings {
  readonly podLogsDir: string;
  readonly clusterDomain: string;
}

export const podLogDirectory = (podLogsDir: string, pod: NodePod): string =>
  join(podLogsDir, `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`);

/** Throws when the pod's host name cannot be formed. */
export function sandboxConfig(
  pod: NodePod,
  attempt: number,
  dns: DnsConfig,
  settings: SandboxSettings,
  users?: readonly IdMapping[],
): PodSandboxConfig {
  const { name, uid, namespace } = pod.metadata;
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: kernelHostname(pod, settings.clusterDomain),
    logDirectory: podLogDirectory(settings.podLogsDir, pod),
    dns,
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: sandboxAnnotations(pod),
    cgroupParent: cgroupParent(pod, settings),
    ...sandboxResources(pod.spec, settings),
    sysctls: Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map((s) => [s.name.replaceAll('/', '.'), s.value])),
    security: sandboxSecurity(pod, users),
  };
}

function portMappings({ spec }: NodePod): PortMapping[] {
  const mappings = new Map<string, PortMapping>();
  for (const { ports = [] } of spec.containers) {
    for (const { protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' } of ports) {
      const mapping: PortMapping = {
        protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
        containerPort,
        hostPort,
        hostIp: hostIP,
      };
      mappings.set(`${protocol} ${containerPort} ${hostPort} ${hostIP}`, mapping);
    }
  }
  return [...mappings.values()];
}
