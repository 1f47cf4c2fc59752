/** `docs/KUBELET-FLAGS.md`, made from the flag table: which of the kubelet's flags are honoured. Run `npm run docs` after a change. */
import { KUBELET_FLAGS, type KubeletFlag } from './flags.ts';

/** Flags that are read, checked and shown in `/configz` and `/flagz`, and change nothing else here. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'provider-id',
  'rotate-certificates',
  'contention-profiling',
  'manifest-url',
  'manifest-url-header',
  'http-check-frequency',
  'container-runtime-endpoint',
  'image-service-endpoint',
  'runtime-request-timeout',
  'hairpin-mode',
  'cgroup-driver',
  'cgroups-per-qos',
  'enforce-node-allocatable',
  'system-reserved-cgroup',
  'kube-reserved-cgroup',
  'reserved-cpus',
  'qos-reserved',
  'cpu-manager-policy',
  'cpu-manager-policy-options',
  'cpu-manager-reconcile-period',
  'memory-manager-policy',
  'topology-manager-policy',
  'topology-manager-scope',
  'topology-manager-policy-options',
  'oom-score-adj',
  'fail-swap-on',
  'fail-cgroupv1',
  'protect-kernel-defaults',
  'eviction-soft',
  'eviction-soft-grace-period',
  'eviction-minimum-reclaim',
  'eviction-max-pod-grace-period',
  'eviction-pressure-transition-period',
  'image-gc-high-threshold',
  'image-gc-low-threshold',
  'minimum-image-ttl-duration',
  'serialize-image-pulls',
  'registry-qps',
  'registry-burst',
  'event-qps',
  'event-burst',
  'kube-api-qps',
  'kube-api-burst',
  'kube-api-content-type',
  'container-log-max-size',
  'container-log-max-files',
  'max-open-files',
  'make-iptables-util-chains',
  'enable-controller-attach-detach',
  'volume-plugin-dir',
  'volume-stats-agg-period',
  'local-storage-capacity-isolation',
  'kernel-memcg-notification',
  'runonce',
  'logging-format',
  'log-flush-frequency',
]);

const INTRODUCTION = `# The kubelet's flags

Made from the flag table by \`npm run docs\`; a test fails when it is out of date. Flags have the original's names and win over
the field of the configuration file that they set. With a file, or under \`nodelet up\`, the safe defaults of the file apply;
\`nodelet kubelet\` without \`--config\` has the original's open ones: anonymous requests, no authorization, port 10255.

Which feature gates have an effect is in [KUBELET-API.md](KUBELET-API.md#feature-gates).
`;

export function flagsPage(): string {
  const flags = [...(KUBELET_FLAGS as readonly KubeletFlag[])].sort((a, b) => (a.name < b.name ? -1 : 1));
  const without = flags.filter(({ name }) => WITHOUT_EFFECT.has(name));
  return [
    INTRODUCTION,
    '## Honoured\n',
    table(flags.filter(({ name }) => !WITHOUT_EFFECT.has(name))),
    '## Accepted without effect\n',
    'Scripts and files that set them start; nothing changes but what `/configz` and `/flagz` show.\n',
    table(without),
  ].join('\n');
}

function table(flags: readonly KubeletFlag[]): string {
  const rows = flags.map(
    ({ name, field, help }) => `| \`--${name}\` | ${field === undefined ? '' : `\`${field}\``} | ${help.replaceAll('|', '\\|')} |\n`,
  );
  return `| Flag | Field | What it says |\n| --- | --- | --- |\n${rows.join('')}`;
}
