/** What must hold of a KubeletConfiguration beyond its types (kubernetes `pkg/kubelet/apis/config/validation/validation.go`). */
import { DurationError, parseDuration } from '../api/duration.ts';
import { typeRecord } from '../api/schema/schema.ts';
import type { KubeletConfiguration } from './config.ts';
import { tlsProblems } from './server/tls-names.ts';

/** Ids of a pod come in whole runs of 16 bits. */
const IDS_UNIT = 65_536;
const MAX_IDS = 2 ** 32 - 1;

interface Range {
  readonly field: keyof KubeletConfiguration;
  readonly flag: string;
  readonly min: number;
  readonly max?: number;
}

const RANGES: readonly Range[] = [
  { field: 'port', flag: 'port', min: 1, max: 65_535 },
  { field: 'readOnlyPort', flag: 'read-only-port', min: 0, max: 65_535 },
  { field: 'healthzPort', flag: 'healthz-port', min: 0, max: 65_535 },
  { field: 'imageGCHighThresholdPercent', flag: 'image-gc-high-threshold', min: 0, max: 100 },
  { field: 'imageGCLowThresholdPercent', flag: 'image-gc-low-threshold', min: 0, max: 100 },
  { field: 'iptablesDropBit', flag: 'iptables-drop-bit', min: 0, max: 31 },
  { field: 'iptablesMasqueradeBit', flag: 'iptables-masquerade-bit', min: 0, max: 31 },
  { field: 'oomScoreAdj', flag: 'oom-score-adj', min: -1000, max: 1000 },
  { field: 'eventBurst', flag: 'event-burst', min: 0 },
  { field: 'eventRecordQPS', flag: 'event-qps', min: 0 },
  { field: 'registryBurst', flag: 'registry-burst', min: 0 },
  { field: 'registryPullQPS', flag: 'registry-qps', min: 0 },
  { field: 'kubeAPIBurst', flag: 'kube-api-burst', min: 0 },
  { field: 'maxOpenFiles', flag: 'max-open-files', min: 0 },
  { field: 'maxPods', flag: 'max-pods', min: 0 },
  { field: 'podsPerCore', flag: 'pods-per-core', min: 0 },
  { field: 'nodeStatusMaxImages', flag: 'node-status-max-images', min: -1 },
];

interface Choice {
  readonly field: keyof KubeletConfiguration;
  readonly flag: string;
  readonly of: readonly string[];
}

const CHOICES: readonly Choice[] = [
  { field: 'cgroupDriver', flag: 'cgroup-driver', of: ['cgroupfs', 'systemd'] },
  { field: 'cpuManagerPolicy', flag: 'cpu-manager-policy', of: ['none', 'static'] },
  { field: 'memoryManagerPolicy', flag: 'memory-manager-policy', of: ['None', 'Static'] },
  { field: 'topologyManagerPolicy', flag: 'topology-manager-policy', of: ['none', 'best-effort', 'restricted', 'single-numa-node'] },
  { field: 'topologyManagerScope', flag: 'topology-manager-scope', of: ['container', 'pod'] },
  { field: 'hairpinMode', flag: 'hairpin-mode', of: ['none', 'hairpin-veth', 'promiscuous-bridge'] },
  { field: 'configMapAndSecretChangeDetectionStrategy', flag: '', of: ['Get', 'Cache', 'Watch'] },
];

/** The longest crash loop back-off and the quota period, in ms. */
const LIMITS = { restartPeriod: { min: 1_000, max: 300_000 }, quotaPeriod: { min: 1, max: 1_000 } } as const;

/** What is wrong, a sentence each; empty when the configuration can be used. */
export function validateConfiguration(config: KubeletConfiguration): string[] {
  const durations = wrongDurations('kubelet.config.k8s.io/v1beta1.KubeletConfiguration', config, '');
  if (durations.length > 0) return durations;
  return [...ranges(config), ...choices(config), ...security(config), ...resources(config), ...userNamespaces(config)];
}

function ranges(config: KubeletConfiguration): string[] {
  return RANGES.flatMap(({ field, flag, min, max }) => {
    const value = config[field];
    if (typeof value !== 'number' || (value >= min && (max === undefined || value <= max))) return [];
    const rule =
      max === undefined
        ? min === 0
          ? 'must not be a negative number'
          : `must be ${min} or greater`
        : `must be between ${min} and ${max}, inclusive`;
    return [`${named(field, flag)} ${value} ${rule}`];
  });
}

function choices(config: KubeletConfiguration): string[] {
  return CHOICES.flatMap(({ field, flag, of }) => {
    const value = config[field];
    return typeof value !== 'string' || of.includes(value)
      ? []
      : [`${named(field, flag)} ${JSON.stringify(value)} must be one of: [${of.join(' ')}]`];
  });
}

function security(config: KubeletConfiguration): string[] {
  const problems: string[] = [];
  const { mode } = config.authorization;
  if (mode !== 'Webhook' && mode !== 'AlwaysAllow')
    problems.push(`authorization.mode (--authorization-mode) ${JSON.stringify(mode)} must be one of: [AlwaysAllow Webhook]`);
  problems.push(...tlsProblems(config));
  if ((config.tlsCertFile === '') !== (config.tlsPrivateKeyFile === ''))
    problems.push('tlsCertFile (--tls-cert-file) and tlsPrivateKeyFile (--tls-private-key-file) must be set together');
  if (config.serverTLSBootstrap && config.tlsCertFile !== '')
    problems.push('serverTLSBootstrap (--rotate-server-certificates) and tlsCertFile (--tls-cert-file) exclude each other');
  return problems;
}

function resources(config: KubeletConfiguration): string[] {
  const problems: string[] = [];
  if (config.nodeLeaseDurationSeconds <= 0) problems.push('nodeLeaseDurationSeconds must be greater than 0');
  if (config.imageGCLowThresholdPercent >= config.imageGCHighThresholdPercent) {
    problems.push(
      `imageGCLowThresholdPercent (--image-gc-low-threshold) ${config.imageGCLowThresholdPercent} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${config.imageGCHighThresholdPercent}`,
    );
  }
  if (config.containerLogMaxFiles <= 1)
    problems.push(`containerLogMaxFiles (--container-log-max-files) ${config.containerLogMaxFiles} must be greater than 1`);
  if (config.systemCgroups !== '' && config.cgroupRoot === '')
    problems.push('systemCgroups (--system-cgroups) was specified and cgroupRoot (--cgroup-root) was not specified');
  const enforced = config.enforceNodeAllocatable;
  if (!config.cgroupsPerQOS && enforced.some((name) => name !== 'none')) {
    problems.push(
      'enforceNodeAllocatable (--enforce-node-allocatable) is not supported unless cgroupsPerQOS (--cgroups-per-qos) is set to true',
    );
  }
  const unknown = enforced.filter(
    (name) =>
      !['none', 'pods', 'system-reserved', 'system-reserved-compressible', 'kube-reserved', 'kube-reserved-compressible'].includes(name),
  );
  problems.push(
    ...unknown.map(
      (name) =>
        `option ${JSON.stringify(name)} specified for enforceNodeAllocatable (--enforce-node-allocatable). Valid options are "pods", "system-reserved", "kube-reserved" or "none"`,
    ),
  );
  problems.push(...between('cpuCFSQuotaPeriod (--cpu-cfs-quota-period)', config.cpuCFSQuotaPeriod, LIMITS.quotaPeriod, '1ms and 1sec'));
  problems.push(
    ...between(
      'crashLoopBackOff.maxContainerRestartPeriod',
      config.crashLoopBackOff.maxContainerRestartPeriod,
      LIMITS.restartPeriod,
      '1s and 5m0s',
    ),
  );
  return problems;
}

/** Ids of a pod with users of its own (`pkg/kubelet/apis/config/validation/validation_linux.go`). */
function userNamespaces({ userNamespaces: users }: KubeletConfiguration): string[] {
  const ids = users?.idsPerPod;
  if (ids === undefined) return [];
  if (ids < IDS_UNIT) return [`userNamespaces.idsPerPod must not be less than ${IDS_UNIT}`];
  if (ids % IDS_UNIT !== 0) return [`userNamespaces.idsPerPod must be a multiple of ${IDS_UNIT}`];
  return ids > MAX_IDS ? [`userNamespaces.idsPerPod must not be more than ${MAX_IDS}`] : [];
}

function between(name: string, text: string, limits: { readonly min: number; readonly max: number }, words: string): string[] {
  const ms = parseDuration(text);
  return ms >= limits.min && ms <= limits.max ? [] : [`${name} ${text} must be between ${words}, inclusive`];
}

/** Duration fields whose text is none, by path. */
function wrongDurations(type: string, value: object, at: string): string[] {
  return Object.entries(typeRecord(type)?.fields ?? {}).flatMap(([name, field]) => {
    const part = (value as Record<string, unknown>)[name];
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) return wrongDurations(field.type, part, `${at}${name}.`);
    if (field.type !== 'duration' || typeof part !== 'string') return [];
    try {
      parseDuration(part);
      return [];
    } catch (error) {
      if (error instanceof DurationError) return [`${at}${name}: ${error.message}`];
      throw error;
    }
  });
}

function named(field: string, flag: string): string {
  return flag === '' ? field : `${field} (--${flag})`;
}
