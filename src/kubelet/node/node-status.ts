/** The Node object as this machine fills it in (kubernetes `pkg/kubelet/nodestatus/setters.go`, `kubelet_node_status.go`). */
import { isIPv4 } from 'node:net';
import { formatQuantity, quantityMilli, quantityOf, quantityValue } from '../../api/quantity.ts';
import { goTime } from '../../api/time.ts';
import type { Node, NodeCondition, NodeStatus, ObjectOf } from '../../api/types.ts';
import { formatDuration } from '../../api/duration.ts';
import type { Image, RuntimeCondition, RuntimeStatus, RuntimeVersion } from '../../runtime/runtime.ts';
import type { DeviceAmounts } from '../devices/inventory.ts';
import type { NodePressure } from '../eviction/thresholds.ts';
import type { Machine } from './machine.ts';

type KubeletConfiguration = ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;

export interface NodeInput {
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly port: number;
  /** Shown as the kubelet's version: `v1.36.3`. */
  readonly version: string;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly machine: Machine;
  readonly config: KubeletConfiguration;
  readonly runtime: RuntimeVersion;
  readonly runtimeConditions: readonly RuntimeCondition[];
  /** What the runtime cannot do, a sentence each. */
  readonly runtimeNotices: readonly string[];
  /** What a RuntimeClass can name, and what the runtime can do, where it tells. */
  readonly runtimeHandlers?: RuntimeStatus['handlers'];
  readonly runtimeFeatures?: RuntimeStatus['features'];
  /** Milliseconds since the runtime last listed its pods; undefined before the first time. */
  readonly listedAgoMs?: number | undefined;
  readonly images: readonly Image[];
  /** What plugins say that the node has; nothing by default. */
  readonly devices?: DeviceAmounts | undefined;
  /** The machine is on its way down: the node is not ready. */
  readonly shuttingDown?: boolean;
  /** The kubelet's directory takes no writes. */
  readonly readonlyRoot?: boolean;
  /** What the node is short of. */
  readonly pressures?: ReadonlySet<NodePressure>;
  /** Of the Node as it is: transition times are kept from there. */
  readonly previous: readonly NodeCondition[];
  readonly now: number;
}

const MAX_NAMES_PER_IMAGE = 5;
const DEFAULT_MAX_IMAGES = 50;
const CPU_MILLI = 1000;
/** Lists of the runtime that are older than this make the node not ready (kubernetes `pkg/kubelet/kubelet.go`, genericPlegRelistThreshold). */
const LISTS_TOO_OLD_MS = 180_000;
/** Features that a scheduler may ask for and this node has. */
const DECLARED: readonly string[] = [
  'ExtendWebSocketsToKubelet',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
];

/** The Node to register. */
export function initialNode(input: NodeInput): Node {
  const { nodeName, machine, config } = input;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: { ...machineLabels(nodeName, machine), ...input.nodeLabels },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: { ...(config.registerWithTaints && config.registerWithTaints.length > 0 && { taints: config.registerWithTaints }) },
    status: nodeStatus(input),
  };
}

function machineLabels(nodeName: string, { architecture, operatingSystem }: Machine): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': operatingSystem,
  };
}

export function nodeStatus(input: NodeInput): NodeStatus {
  const { nodeName, nodeIPs, port, version, machine, runtime, config } = input;
  return {
    capacity: { ...capacity(machine, config), ...input.devices?.capacity },
    allocatable: { ...allocatable(machine, config), ...input.devices?.allocatable },
    conditions: nodeConditions(input),
    addresses: [...onePerFamily(nodeIPs).map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: nodeName }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    nodeInfo: {
      machineID: machine.machineID,
      systemUUID: machine.systemUUID,
      bootID: machine.bootID,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: `${runtime.runtimeName}://${runtime.runtimeVersion}`,
      kubeletVersion: version,
      kubeProxyVersion: '',
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
    },
    images: imageList(input.images, config.nodeStatusMaxImages ?? DEFAULT_MAX_IMAGES),
    declaredFeatures: [...DECLARED],
    ...runtimeAbilities(input),
  };
}

function runtimeAbilities({ runtimeHandlers = [], runtimeFeatures }: NodeInput): Pick<NodeStatus, 'runtimeHandlers' | 'features'> {
  const handlers = runtimeHandlers.map(({ name, ...features }) => ({ name, features }));
  return {
    ...(handlers.length > 0 && { runtimeHandlers: handlers }),
    ...(runtimeFeatures && { features: { ...runtimeFeatures } }),
  };
}

const onePerFamily = (ips: readonly string[]): string[] =>
  [ips.find((ip) => isIPv4(ip) === isIPv4(ips[0] ?? '')), ips.find((ip) => isIPv4(ip) !== isIPv4(ips[0] ?? ''))].filter(
    (ip) => ip !== undefined,
  );

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function capacity(machine: Machine, config: KubeletConfiguration): Record<string, string> {
  const perCore = config.podsPerCore ?? 0;
  const pods = Math.min(config.maxPods ?? 110, perCore > 0 ? perCore * machine.cpus : Infinity);
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': kibibytes(machine.storageBytes),
    ...hugepages(machine),
    memory: kibibytes(machine.memoryBytes),
    pods: String(pods),
  };
}

const hugepages = (machine: Machine): Record<string, string> =>
  Object.fromEntries(
    Object.entries(machine.hugepages).map(([size, bytes]) => [
      `hugepages-${size}`,
      bytes === 0 ? '0' : formatQuantity(quantityOf(bytes, 'BinarySI')),
    ]),
  );

/** Capacity without what is reserved and what eviction keeps free. */
export function allocatable(machine: Machine, config: KubeletConfiguration): Record<string, string> {
  const reserved = (name: string): string[] => [config.kubeReserved?.[name], config.systemReserved?.[name]].filter((q) => q !== undefined);
  const bytes = (name: string): number => reserved(name).reduce((sum, q) => sum + quantityValue(q), 0);
  const pages = Object.values(machine.hugepages).reduce((a, b) => a + b, 0);
  const memory = Math.floor(machine.memoryBytes / 1024) * 1024;
  const storage = Math.floor(machine.storageBytes / 1024) * 1024;
  const cpu = machine.cpus * CPU_MILLI - reserved('cpu').reduce((sum, q) => sum + quantityMilli(q), 0);
  const evict = config.evictionHard ?? {};
  return {
    ...capacity(machine, config),
    cpu: cpu % CPU_MILLI === 0 ? String(Math.max(0, cpu / CPU_MILLI)) : `${Math.max(0, cpu)}m`,
    'ephemeral-storage': String(Math.max(0, storage - bytes('ephemeral-storage') - threshold(evict['nodefs.available'], storage))),
    memory: kibibytes(Math.max(0, memory - bytes('memory') - threshold(evict['memory.available'], memory) - pages)),
  };
}

/** A threshold in bytes: an amount, or a share of the capacity (which the original keeps in single precision). */
function threshold(text: string | undefined, total: number): number {
  if (text === undefined) return 0;
  return text.endsWith('%') ? Math.floor(total * Math.fround(Number(text.slice(0, -1)) / 100)) : quantityValue(text);
}

function imageList(images: readonly Image[], limit: number): NonNullable<NodeStatus['images']> {
  const sorted = images.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  return (limit < 0 ? sorted : sorted.slice(0, limit)).map((image) => ({
    names: [...image.repoDigests, ...image.repoTags].slice(0, MAX_NAMES_PER_IMAGE),
    sizeBytes: image.sizeBytes,
  }));
}

interface Verdict {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Reason and message of each pressure, when the node has it and when not. */
const PRESSURES = {
  MemoryPressure: {
    True: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    False: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  DiskPressure: {
    True: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    False: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  PIDPressure: {
    True: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    False: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
} as const;

const pressureVerdicts = (pressures: ReadonlySet<NodePressure> = new Set()): Verdict[] =>
  (['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).map((type) => {
    const status = pressures.has(type) ? 'True' : 'False';
    const [reason, message] = PRESSURES[type][status];
    return { type, status, reason, message };
  });

function nodeConditions(input: NodeInput): NodeCondition[] {
  const { runtimeNotices, pressures, previous, now } = input;
  return [...pressureVerdicts(pressures), ...filesystemVerdict(input), readyVerdict(input), ...restrictions(runtimeNotices)].map(
    (verdict) => {
      const before = previous.find((c) => c.type === verdict.type);
      return {
        type: verdict.type,
        status: verdict.status,
        lastHeartbeatTime: goTime(now),
        lastTransitionTime: (before?.status === verdict.status ? before.lastTransitionTime : undefined) ?? goTime(now),
        reason: verdict.reason,
        message: verdict.message,
      };
    },
  );
}

const READONLY = 'ReadonlyFilesystem';

/** As node-problem-detector says it; said only once it was so. */
function filesystemVerdict({ readonlyRoot = false, previous }: NodeInput): Verdict[] {
  if (readonlyRoot)
    return [
      { type: READONLY, status: 'True', reason: 'FilesystemIsReadOnly', message: "The kubelet's directory is read-only: no pod can start" },
    ];
  if (!previous.some(({ type }) => type === READONLY)) return [];
  return [{ type: READONLY, status: 'False', reason: 'FilesystemIsNotReadOnly', message: "The kubelet's directory takes writes" }];
}

/** A condition of our own: pods run, but not with everything that they may ask for. */
function restrictions(notices: readonly string[]): Verdict[] {
  return notices.length === 0 ? [] : [{ type: 'RuntimeRestricted', status: 'True', reason: 'RuntimeNotices', message: notices.join(' ') }];
}

function readyVerdict({ runtimeConditions: conditions, listedAgoMs = 0, shuttingDown = false }: NodeInput): Verdict {
  const bad = conditions.filter((c) => !c.status);
  const problems: string[] = [];
  if (conditions.length === 0) problems.push('container runtime status check may not have completed yet');
  if (bad.some((c) => c.reason === RUNTIME_DOWN)) problems.push('container runtime is down');
  if (listedAgoMs > LISTS_TOO_OLD_MS)
    problems.push(`PLEG is not healthy: pleg was last seen active ${formatDuration(listedAgoMs)} ago; threshold is 3m0s`);
  problems.push(...bad.filter((c) => c.reason !== RUNTIME_DOWN).map(problem));
  if (shuttingDown) problems.push('node is shutting down');
  if (problems.length === 0) return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  const message = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`;
  return { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message };
}

/** The reason of a runtime that does not answer when it is asked how it is. */
export const RUNTIME_DOWN = 'RuntimeDown';

const problem = ({ type, reason, message }: RuntimeCondition): string =>
  type === 'NetworkReady'
    ? `container runtime network not ready: NetworkReady=false reason:${reason} message:${message}`
    : `container runtime not ready: RuntimeReady=false reason:${reason} message:${message}`;
