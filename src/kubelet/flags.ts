/**
 * The kubelet's flags (kubernetes `cmd/kubelet/app/options/options.go`): one table. A flag with `field` lands in
 * that field of KubeletConfiguration and wins over the file; the others are options of the program itself.
 */
import { typeRecord } from '../api/schema/schema.ts';
import type { ObjectOf } from '../api/types.ts';
import { UsageError, type FlagRecord, type FlagTable, type FlagValue, type FlagValues, type ParsedFlags } from '../util/flags.ts';
import type { KubeletConfigurationFile } from './config.ts';

/** A flag of the kubelet. */
export interface KubeletFlag extends FlagRecord {
  /** Path of the configuration field it sets: `authentication.anonymous.enabled`. */
  readonly field?: string;
  /** The original has no such flag: `/flagz` does not name it. */
  readonly own?: true;
  /** How the flag's value becomes the field's, where it is not the same. */
  readonly convert?: 'bools' | 'thresholds' | 'headers' | 'taints';
}

/** Options of the program: they are in no configuration file. */
const PROGRAM_FLAGS = [
  {
    name: 'config',
    type: 'string',
    placeholder: 'FILE',
    help: 'KubeletConfiguration file. Without it the original’s open flag defaults apply: anonymous requests, no authorization, read-only port 10255.',
  },
  {
    name: 'kubeconfig',
    type: 'string',
    placeholder: 'FILE',
    help: 'How to reach the API server. Without it the kubelet runs alone, on manifests.',
  },
  {
    name: 'bootstrap-kubeconfig',
    type: 'string',
    placeholder: 'FILE',
    help: 'How to ask for a first client certificate, when --kubeconfig is not there yet; that file is written when it is granted.',
  },
  {
    name: 'root-dir',
    type: 'string',
    default: '/var/lib/kubelet',
    placeholder: 'DIR',
    help: 'Where volumes, plugins and checkpoints are kept.',
  },
  {
    name: 'cert-dir',
    type: 'string',
    default: '/var/lib/kubelet/pki',
    placeholder: 'DIR',
    help: 'Where the serving certificate is made when none is configured.',
  },
  { name: 'hostname-override', type: 'string', placeholder: 'NAME', help: 'The node’s name, in place of this machine’s.' },
  {
    name: 'node-ip',
    type: 'string',
    placeholder: 'ADDRESS[,ADDRESS]',
    help: 'The node’s address, one of each family; 0.0.0.0 or :: let nodelet choose.',
  },
  { name: 'node-labels', type: 'map', default: {}, help: 'Labels to add when the node registers.' },
  {
    name: 'legacy-endpoints',
    type: 'bool',
    default: false,
    own: true,
    help: 'Serve what kubelets before 1.21 did: /spec/, /stats/…, /cri/…, /metrics/resource/v1alpha1.',
  },
  {
    name: 'kubelet-api-extensions',
    type: 'bool',
    default: false,
    own: true,
    help: 'Serve what the original has not: /pods?watch=true and /openapi/v3.',
  },
  {
    name: 'v',
    short: 'v',
    type: 'int',
    default: 0,
    placeholder: 'LEVEL',
    help: 'How much to log; 2 is usual, 4 shows each decision, 6 each request.',
    field: 'logging.verbosity',
  },
] as const satisfies readonly KubeletFlag[];

/** Flags that set a field of the configuration. */
const CONFIG_FLAGS = [
  { name: 'enable-server', type: 'bool', field: 'enableServer', help: 'Serve the kubelet’s API over HTTPS.' },
  { name: 'address', type: 'string', field: 'address', placeholder: 'ADDRESS', help: 'Address of the HTTPS and the read-only server.' },
  { name: 'port', type: 'int', field: 'port', placeholder: 'PORT', help: 'Port of the HTTPS server.' },
  {
    name: 'read-only-port',
    type: 'int',
    field: 'readOnlyPort',
    placeholder: 'PORT',
    help: 'Port of the server without authentication; 0 turns it off.',
  },
  { name: 'healthz-port', type: 'int', field: 'healthzPort', placeholder: 'PORT', help: 'Port of the local health check; 0 turns it off.' },
  {
    name: 'healthz-bind-address',
    type: 'string',
    field: 'healthzBindAddress',
    placeholder: 'ADDRESS',
    help: 'Address of the health check.',
  },
  {
    name: 'anonymous-auth',
    type: 'bool',
    field: 'authentication.anonymous.enabled',
    help: 'Let requests without credentials through as system:anonymous.',
  },
  {
    name: 'authentication-token-webhook',
    type: 'bool',
    field: 'authentication.webhook.enabled',
    help: 'Ask the API server who a bearer token is (TokenReview).',
  },
  {
    name: 'authentication-token-webhook-cache-ttl',
    type: 'duration',
    field: 'authentication.webhook.cacheTTL',
    help: 'How long such an answer is kept.',
  },
  {
    name: 'authorization-mode',
    type: 'string',
    field: 'authorization.mode',
    placeholder: 'Webhook|AlwaysAllow',
    help: 'Who decides whether a request is allowed: the API server (SubjectAccessReview), or nobody.',
  },
  {
    name: 'authorization-webhook-cache-authorized-ttl',
    type: 'duration',
    field: 'authorization.webhook.cacheAuthorizedTTL',
    help: 'How long a yes is kept.',
  },
  {
    name: 'authorization-webhook-cache-unauthorized-ttl',
    type: 'duration',
    field: 'authorization.webhook.cacheUnauthorizedTTL',
    help: 'How long a no is kept.',
  },
  {
    name: 'client-ca-file',
    type: 'string',
    field: 'authentication.x509.clientCAFile',
    placeholder: 'FILE',
    help: 'Authorities whose client certificates are believed: common name is the user, organizations are groups.',
  },
  {
    name: 'tls-cert-file',
    type: 'string',
    field: 'tlsCertFile',
    placeholder: 'FILE',
    help: 'Serving certificate with its chain; made in --cert-dir when absent.',
  },
  {
    name: 'tls-private-key-file',
    type: 'string',
    field: 'tlsPrivateKeyFile',
    placeholder: 'FILE',
    help: 'Key of the serving certificate.',
  },
  { name: 'tls-cipher-suites', type: 'strings', field: 'tlsCipherSuites', help: 'Cipher suites by their IANA names.' },
  {
    name: 'tls-min-version',
    type: 'string',
    field: 'tlsMinVersion',
    placeholder: 'VersionTLS12|VersionTLS13',
    help: 'Oldest TLS version that is spoken.',
  },
  { name: 'rotate-certificates', type: 'bool', field: 'rotateCertificates', help: 'Renew the client certificate before it expires.' },
  {
    name: 'rotate-server-certificates',
    type: 'bool',
    field: 'serverTLSBootstrap',
    help: 'Ask the API server for the serving certificate and renew it.',
  },
  {
    name: 'enable-debugging-handlers',
    type: 'bool',
    field: 'enableDebuggingHandlers',
    help: 'Serve logs, exec, attach, port-forward, run, configz and profiles.',
  },
  { name: 'contention-profiling', type: 'bool', field: 'enableContentionProfiling', help: 'Profile lock contention.' },
  {
    name: 'streaming-connection-idle-timeout',
    type: 'duration',
    field: 'streamingConnectionIdleTimeout',
    help: 'When an idle stream is closed.',
  },
  {
    name: 'pod-manifest-path',
    type: 'string',
    field: 'staticPodPath',
    placeholder: 'PATH',
    help: 'File or directory of pods that run without an API server.',
  },
  { name: 'manifest-url', type: 'string', field: 'staticPodURL', placeholder: 'URL', help: 'Where more such pods are fetched.' },
  {
    name: 'manifest-url-header',
    type: 'strings',
    field: 'staticPodURLHeader',
    convert: 'headers',
    placeholder: 'NAME:VALUE,…',
    help: 'Headers to send there.',
  },
  { name: 'file-check-frequency', type: 'duration', field: 'fileCheckFrequency', help: 'How often the manifest path is looked at.' },
  { name: 'http-check-frequency', type: 'duration', field: 'httpCheckFrequency', help: 'How often the manifest URL is fetched.' },
  { name: 'sync-frequency', type: 'duration', field: 'syncFrequency', help: 'How often a pod is looked at when nothing happens.' },
  {
    name: 'container-runtime-endpoint',
    type: 'string',
    field: 'containerRuntimeEndpoint',
    placeholder: 'unix:///PATH',
    help: 'Socket of the container runtime.',
  },
  {
    name: 'image-service-endpoint',
    type: 'string',
    field: 'imageServiceEndpoint',
    placeholder: 'unix:///PATH',
    help: 'Socket of the image service, when it is another.',
  },
  { name: 'runtime-request-timeout', type: 'duration', field: 'runtimeRequestTimeout', help: 'How long the runtime may take to answer.' },
  { name: 'register-node', type: 'bool', field: 'registerNode', help: 'Create the Node object.' },
  {
    name: 'register-with-taints',
    type: 'strings',
    field: 'registerWithTaints',
    convert: 'taints',
    placeholder: 'KEY=VALUE:EFFECT,…',
    help: 'Taints of the Node object when it is created.',
  },
  { name: 'provider-id', type: 'string', field: 'providerID', help: 'Identifies the machine to a cloud provider.' },
  {
    name: 'node-status-update-frequency',
    type: 'duration',
    field: 'nodeStatusUpdateFrequency',
    help: 'How often the node’s status is computed.',
  },
  { name: 'node-status-max-images', type: 'int', field: 'nodeStatusMaxImages', help: 'Images shown in the node’s status; -1 shows all.' },
  { name: 'max-pods', type: 'int', field: 'maxPods', help: 'Pods that may run here.' },
  { name: 'pods-per-core', type: 'int', field: 'podsPerCore', help: 'Pods that may run per core; 0 means no such limit.' },
  { name: 'pod-cidr', type: 'string', field: 'podCIDR', placeholder: 'CIDR', help: 'Addresses for pods when the kubelet runs alone.' },
  { name: 'pod-max-pids', type: 'int', field: 'podPidsLimit', help: 'Processes a pod may have; -1 means no limit.' },
  { name: 'cluster-dns', type: 'strings', field: 'clusterDNS', help: 'DNS servers that pods use.' },
  {
    name: 'cluster-domain',
    type: 'string',
    field: 'clusterDomain',
    placeholder: 'DOMAIN',
    help: 'Domain of the cluster, for the pods’ search list.',
  },
  { name: 'resolv-conf', type: 'string', field: 'resolvConf', placeholder: 'FILE', help: 'Where the host’s DNS settings are read.' },
  { name: 'hairpin-mode', type: 'string', field: 'hairpinMode', help: 'How a pod reaches itself through its Service.' },
  { name: 'cgroup-driver', type: 'string', field: 'cgroupDriver', placeholder: 'cgroupfs|systemd', help: 'Who manages cgroups.' },
  { name: 'cgroup-root', type: 'string', field: 'cgroupRoot', placeholder: 'PATH', help: 'The cgroup under which pods run.' },
  { name: 'cgroups-per-qos', type: 'bool', field: 'cgroupsPerQOS', help: 'A cgroup for each QoS class and pod.' },
  { name: 'kubelet-cgroups', type: 'string', field: 'kubeletCgroups', placeholder: 'PATH', help: 'Cgroup of the kubelet itself.' },
  { name: 'system-cgroups', type: 'string', field: 'systemCgroups', placeholder: 'PATH', help: 'Cgroup of other system processes.' },
  {
    name: 'enforce-node-allocatable',
    type: 'strings',
    field: 'enforceNodeAllocatable',
    help: 'Where reservations are enforced: pods, system-reserved, kube-reserved, none.',
  },
  { name: 'system-reserved', type: 'map', field: 'systemReserved', help: 'Resources kept for the system: cpu=200m,memory=500Mi.' },
  { name: 'kube-reserved', type: 'map', field: 'kubeReserved', help: 'Resources kept for Kubernetes’ own processes.' },
  {
    name: 'system-reserved-cgroup',
    type: 'string',
    field: 'systemReservedCgroup',
    placeholder: 'PATH',
    help: 'Cgroup on which system-reserved is enforced.',
  },
  {
    name: 'kube-reserved-cgroup',
    type: 'string',
    field: 'kubeReservedCgroup',
    placeholder: 'PATH',
    help: 'Cgroup on which kube-reserved is enforced.',
  },
  { name: 'reserved-cpus', type: 'string', field: 'reservedSystemCPUs', placeholder: '0-3', help: 'CPUs kept for the system.' },
  { name: 'qos-reserved', type: 'map', field: 'qosReserved', help: 'Memory kept for guaranteed pods: memory=50%.' },
  { name: 'cpu-cfs-quota', type: 'bool', field: 'cpuCFSQuota', help: 'Enforce CPU limits.' },
  { name: 'cpu-cfs-quota-period', type: 'duration', field: 'cpuCFSQuotaPeriod', help: 'Period over which a CPU limit is measured.' },
  { name: 'cpu-manager-policy', type: 'string', field: 'cpuManagerPolicy', help: 'none or static.' },
  { name: 'cpu-manager-policy-options', type: 'map', field: 'cpuManagerPolicyOptions', help: 'Options of that policy.' },
  { name: 'cpu-manager-reconcile-period', type: 'duration', field: 'cpuManagerReconcilePeriod', help: 'How often CPU sets are compared.' },
  { name: 'memory-manager-policy', type: 'string', field: 'memoryManagerPolicy', help: 'None or Static.' },
  {
    name: 'topology-manager-policy',
    type: 'string',
    field: 'topologyManagerPolicy',
    help: 'none, best-effort, restricted or single-numa-node.',
  },
  { name: 'topology-manager-scope', type: 'string', field: 'topologyManagerScope', help: 'container or pod.' },
  { name: 'topology-manager-policy-options', type: 'map', field: 'topologyManagerPolicyOptions', help: 'Options of that policy.' },
  { name: 'oom-score-adj', type: 'int', field: 'oomScoreAdj', help: 'The kubelet’s own OOM score.' },
  { name: 'fail-swap-on', type: 'bool', field: 'failSwapOn', help: 'Refuse to start when swap is on.' },
  { name: 'fail-cgroupv1', type: 'bool', field: 'failCgroupV1', help: 'Refuse to start on cgroup v1.' },
  {
    name: 'protect-kernel-defaults',
    type: 'bool',
    field: 'protectKernelDefaults',
    help: 'Refuse to start when kernel settings differ from what is expected.',
  },
  {
    name: 'seccomp-default',
    type: 'bool',
    field: 'seccompDefault',
    help: 'Run containers with the runtime’s seccomp profile unless they say otherwise.',
  },
  { name: 'allowed-unsafe-sysctls', type: 'strings', field: 'allowedUnsafeSysctls', help: 'Unsafe sysctls that pods may set.' },
  {
    name: 'feature-gates',
    type: 'map',
    field: 'featureGates',
    convert: 'bools',
    help: 'Features to turn on or off: Name=true,Other=false.',
  },
  {
    name: 'eviction-hard',
    type: 'strings',
    field: 'evictionHard',
    convert: 'thresholds',
    placeholder: 'SIGNAL<VALUE,…',
    help: 'Below these, pods are evicted at once: memory.available<100Mi.',
  },
  {
    name: 'eviction-soft',
    type: 'strings',
    field: 'evictionSoft',
    convert: 'thresholds',
    placeholder: 'SIGNAL<VALUE,…',
    help: 'Below these, pods are evicted after a grace period.',
  },
  { name: 'eviction-soft-grace-period', type: 'map', field: 'evictionSoftGracePeriod', help: 'That grace period, by signal.' },
  {
    name: 'eviction-minimum-reclaim',
    type: 'map',
    field: 'evictionMinimumReclaim',
    help: 'How much an eviction wins back at least, by signal.',
  },
  {
    name: 'eviction-max-pod-grace-period',
    type: 'int',
    field: 'evictionMaxPodGracePeriod',
    placeholder: 'SECONDS',
    help: 'Longest time a pod gets to end in a soft eviction.',
  },
  {
    name: 'eviction-pressure-transition-period',
    type: 'duration',
    field: 'evictionPressureTransitionPeriod',
    help: 'How long a pressure condition stays after the pressure.',
  },
  {
    name: 'image-gc-high-threshold',
    type: 'int',
    field: 'imageGCHighThresholdPercent',
    placeholder: 'PERCENT',
    help: 'Disk use at which unused images are removed.',
  },
  {
    name: 'image-gc-low-threshold',
    type: 'int',
    field: 'imageGCLowThresholdPercent',
    placeholder: 'PERCENT',
    help: 'Disk use down to which they are removed.',
  },
  { name: 'minimum-image-ttl-duration', type: 'duration', field: 'imageMinimumGCAge', help: 'Age below which an image is never removed.' },
  { name: 'serialize-image-pulls', type: 'bool', field: 'serializeImagePulls', help: 'Pull one image at a time.' },
  {
    name: 'image-credential-provider-config',
    type: 'string',
    default: '',
    placeholder: 'FILE|DIR',
    help: 'Programs that know credentials for registries: a CredentialProviderConfig, or a directory of them.',
  },
  {
    name: 'image-credential-provider-bin-dir',
    type: 'string',
    default: '',
    placeholder: 'DIR',
    help: 'Where those programs are.',
  },
  { name: 'registry-qps', type: 'int', field: 'registryPullQPS', help: 'Image pulls a second; 0 means no limit.' },
  { name: 'registry-burst', type: 'int', field: 'registryBurst', help: 'Image pulls at once above that.' },
  { name: 'event-qps', type: 'int', field: 'eventRecordQPS', help: 'Events written a second; 0 means no limit.' },
  { name: 'event-burst', type: 'int', field: 'eventBurst', help: 'Events at once above that.' },
  { name: 'kube-api-qps', type: 'int', field: 'kubeAPIQPS', help: 'Requests a second to the API server.' },
  { name: 'kube-api-burst', type: 'int', field: 'kubeAPIBurst', help: 'Requests at once above that.' },
  { name: 'kube-api-content-type', type: 'string', field: 'contentType', help: 'Encoding of requests to the API server.' },
  {
    name: 'container-log-max-size',
    type: 'string',
    field: 'containerLogMaxSize',
    placeholder: 'SIZE',
    help: 'Size at which a container’s log is rotated.',
  },
  { name: 'container-log-max-files', type: 'int', field: 'containerLogMaxFiles', help: 'Log files kept for a container.' },
  { name: 'max-open-files', type: 'int', field: 'maxOpenFiles', help: 'Files the kubelet may have open.' },
  {
    name: 'make-iptables-util-chains',
    type: 'bool',
    field: 'makeIPTablesUtilChains',
    help: 'Make the chains that other programs look for.',
  },
  {
    name: 'enable-controller-attach-detach',
    type: 'bool',
    field: 'enableControllerAttachDetach',
    help: 'Leave attaching of volumes to the controller.',
  },
  { name: 'volume-plugin-dir', type: 'string', field: 'volumePluginDir', placeholder: 'DIR', help: 'Where FlexVolume plugins are.' },
  {
    name: 'volume-stats-agg-period',
    type: 'duration',
    field: 'volumeStatsAggPeriod',
    help: 'How often the use of volumes is measured; negative turns it off.',
  },
  {
    name: 'local-storage-capacity-isolation',
    type: 'bool',
    field: 'localStorageCapacityIsolation',
    help: 'Enforce limits of ephemeral storage.',
  },
  { name: 'kernel-memcg-notification', type: 'bool', field: 'kernelMemcgNotification', help: 'Let the kernel tell of memory pressure.' },
  { name: 'runonce', type: 'bool', field: 'runOnce', help: 'Run the manifests’ pods once and exit.' },
  { name: 'logging-format', type: 'string', field: 'logging.format', placeholder: 'text|json', help: 'Form of log lines.' },
  { name: 'log-flush-frequency', type: 'duration', field: 'logging.flushFrequency', help: 'How often log lines are flushed.' },
] as const satisfies readonly KubeletFlag[];

/** Every flag of the kubelet. Flags of the configuration have no default here: the configuration has. */
export const KUBELET_FLAGS = [...PROGRAM_FLAGS, ...CONFIG_FLAGS] as const;
export type KubeletFlagValues = FlagValues<typeof KUBELET_FLAGS>;

/** What the given flags set in the configuration. Throws UsageError for values that cannot be converted. */
export function configurationOfFlags(parsed: Pick<ParsedFlags<FlagTable>, 'values' | 'given'>): KubeletConfigurationFile {
  const result: Record<string, unknown> = {};
  const values = parsed.values as Readonly<Record<string, FlagValue>>;
  for (const flag of KUBELET_FLAGS as readonly KubeletFlag[]) {
    const value = values[flag.name];
    if (flag.field === undefined || value === undefined || !parsed.given.has(flag.name)) continue;
    const path = flag.field.split('.');
    const last = path.pop() ?? '';
    let at = result;
    for (const part of path) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = flag.convert === undefined ? value : CONVERTERS[flag.convert](flag, value);
  }
  return result;
}

type Converter = (flag: KubeletFlag, value: FlagValue) => unknown;

const CONVERTERS: Readonly<Record<NonNullable<KubeletFlag['convert']>, Converter>> = {
  bools: (flag, value) =>
    Object.fromEntries(
      Object.entries(value as Record<string, string>).map(([name, text]) => {
        const lower = text.toLowerCase();
        if (lower !== 'true' && lower !== 'false')
          throw wrong(
            flag,
            `${name}=${text}`,
            `invalid value of ${name}: ${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
          );
        return [name, lower === 'true'];
      }),
    ),
  thresholds: (flag, value) => pairs(flag, value, '<'),
  headers: (flag, value) => {
    const headers: Record<string, string[]> = {};
    for (const [name, text] of split(flag, value, ':')) (headers[name] ??= []).push(text);
    return headers;
  },
  taints: (flag, value) => (value as readonly string[]).map((text) => taint(flag, text)),
};

function pairs(flag: KubeletFlag, value: FlagValue, separator: string): Record<string, string> {
  return Object.fromEntries(split(flag, value, separator));
}

function split(flag: KubeletFlag, value: FlagValue, separator: string): [string, string][] {
  return (value as readonly string[]).map((text) => {
    const at = text.indexOf(separator);
    if (at < 0) throw wrong(flag, text, `malformed pair, expect string${separator}string`);
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  });
}

/** `key=value:effect`, `key:effect` (kubernetes `pkg/util/taints`). */
function taint(flag: KubeletFlag, text: string): ObjectOf<'core/v1.Taint'> {
  const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:([^:]+)$/.exec(text) ?? [];
  if (key === '' || !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect))
    throw wrong(flag, text, `invalid taint spec: ${text}`);
  return { key, effect, ...(value !== undefined && value !== '' && { value }) };
}

function wrong(flag: KubeletFlag, text: string, why: string): UsageError {
  return new UsageError(`invalid argument ${JSON.stringify(text)} for "--${flag.name}" flag: ${why}`);
}

/** Every flag of the original with its value as text, as `/flagz` shows them: what was given, else its default. */
export function flagTexts(parsed: Pick<ParsedFlags<FlagTable>, 'values'>): Record<string, string> {
  const values = parsed.values as Readonly<Record<string, FlagValue>>;
  const known = (KUBELET_FLAGS as readonly KubeletFlag[]).filter(({ own }) => own !== true);
  const texts = known.map((flag): [string, string] => [flag.name, flagText(flag, values[flag.name])]);
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function flagText(flag: KubeletFlag, value: FlagValue | undefined): string {
  const shown = value ?? flag.default ?? defaultOfField(flag.field ?? '') ?? (flag.type === 'bool' ? false : flag.type === 'int' ? 0 : '');
  if (flag.type === 'strings' && flag.convert === undefined) return `[${Array.isArray(shown) ? shown.join(',') : ''}]`;
  if (typeof shown === 'string' || typeof shown === 'number' || typeof shown === 'boolean') return String(shown);
  if (typeof shown !== 'object' || shown === null) return '';
  return Array.isArray(shown)
    ? shown.join(',')
    : Object.entries(shown)
        .map(([k, v]) => `${k}=${String(v)}`)
        .join(',');
}

function defaultOfField(path: string): unknown {
  let type = 'kubelet.config.k8s.io/v1beta1.KubeletConfiguration';
  let found: unknown;
  for (const part of path.split('.')) {
    const field = typeRecord(type)?.fields[part];
    found = field?.default;
    type = field?.type ?? '';
  }
  return found;
}
