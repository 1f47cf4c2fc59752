/**
 * The seam to container runtimes: the nouns and verbs of CRI v1 (kubernetes/cri-api
 * `runtime/v1/api.proto`) in plain TypeScript. Times are milliseconds since 1970, sizes are bytes,
 * enums are words. `cri/` speaks it to containerd, `process/` implements it with what Linux has.
 *
 * Every method may reject with a `RuntimeError`; its `code` says what happened, its message is what
 * the user reads in an event.
 */
import type { Duplex } from 'node:stream';
import type { CommandIO, CommandResult } from '../net/remotecommand/io.ts';

/** What went wrong, in the words of gRPC. `unavailable` means that the runtime itself is away. */
export type RuntimeErrorCode =
  | 'notFound'
  | 'alreadyExists'
  | 'invalidArgument'
  | 'failedPrecondition'
  | 'unavailable'
  | 'deadlineExceeded'
  | 'unimplemented'
  | 'resourceExhausted'
  | 'unknown';

export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

export interface RuntimeVersion {
  /** `containerd`, `process`. */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface RuntimeCondition {
  readonly type: 'RuntimeReady' | 'NetworkReady';
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** A way in which a runtime makes sandboxes, and what it can do. */
export interface RuntimeHandler {
  readonly name: string;
  readonly recursiveReadOnlyMounts: boolean;
  readonly userNamespaces: boolean;
}

export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
  /** Those that a RuntimeClass can name, the default one under the empty name; none where the runtime does not tell. */
  readonly handlers: readonly RuntimeHandler[];
  /** What the runtime as a whole can do; absent where it does not tell. */
  readonly features?: { readonly supplementalGroupsPolicy: boolean };
  /** What this runtime cannot do, in a sentence each; shown in the node's conditions and the log. */
  readonly notices: readonly string[];
}

export type NamespaceMode = 'pod' | 'container' | 'node' | 'target';

/** A run of users and groups of a pod, and what they are on this machine. */
export interface IdMapping {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
}

export interface NamespaceOptions {
  readonly network: 'pod' | 'node';
  readonly pid: NamespaceMode;
  readonly ipc: 'pod' | 'node';
  /** The container whose pid namespace is joined when `pid` is `target`. */
  readonly targetId?: string;
  /** The pod has users of its own; absent where they are this machine's. */
  readonly users?: readonly IdMapping[];
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface SandboxSecurity {
  readonly namespaces: NamespaceOptions;
  readonly privileged: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly readonlyRootfs: boolean;
  readonly seccomp: SecurityProfile;
  readonly selinux?: SELinuxLabel;
}

export interface SELinuxLabel {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

export type SecurityProfile = { readonly type: 'runtimeDefault' | 'unconfined' } | { readonly type: 'localhost'; readonly ref: string };

export interface PodSandboxConfig {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string; readonly attempt: number };
  readonly hostname: string;
  /** Directory of the pod's container logs; a container's `logPath` is relative to it. */
  readonly logDirectory: string;
  readonly dns?: DnsConfig;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  /** Of the pod's containers together; for runtimes that size their sandboxes. */
  readonly resources?: LinuxResources;
  /** What the sandbox takes beside its containers. */
  readonly overhead?: LinuxResources;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SandboxSecurity;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional';
  readonly recursiveReadOnly?: boolean;
  /** Whose files are whose, in a pod with users of its own. */
  readonly mapping?: readonly IdMapping[];
  /** Mounts an image's files instead of `hostPath`, which is empty then: the image by id or name, and a directory in it. */
  readonly image?: { readonly image: string; readonly userSpecified: string; readonly subPath: string };
}

/** Limits of one container; a field that is absent sets nothing. */
export interface LinuxResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitBytes?: number;
  readonly memorySwapLimitBytes?: number;
  readonly oomScoreAdj?: number;
  readonly pidsLimit?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** cgroup v2: files and what is written into them, beside the fields above. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface ContainerSecurity {
  readonly namespaces: NamespaceOptions;
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly runAsUser?: number;
  readonly runAsUsername?: string;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readonly readonlyRootfs: boolean;
  readonly noNewPrivs: boolean;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly seccomp: SecurityProfile;
  readonly apparmor?: SecurityProfile;
  readonly selinux?: SELinuxLabel;
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  /** The image id or reference to run, and what the pod's author wrote. */
  readonly image: { readonly image: string; readonly userSpecified: string };
  /** Replaces the image's entrypoint when not empty. */
  readonly command: readonly string[];
  /** Replaces the image's cmd when not empty. */
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  /** Full names of devices of the container device interface: `vendor.com/gpu=0`. */
  readonly cdiDevices?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: ContainerSecurity;
  readonly stopSignal?: string;
}

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxConfig['metadata'];
  readonly state: 'ready' | 'notReady';
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodSandboxStatus extends PodSandbox {
  /** Empty on the host's network; the first is the primary one. */
  readonly ips: readonly string[];
  readonly network: 'pod' | 'node';
  /** Name of the image that holds the sandbox, where there is one. */
  readonly image?: string;
}

export type ContainerRuntimeState = 'created' | 'running' | 'exited' | 'unknown';

export interface ContainerSummary {
  readonly id: string;
  readonly sandboxId: string;
  readonly metadata: ContainerConfig['metadata'];
  /** As the author wrote it. */
  readonly image: string;
  readonly imageRef: string;
  readonly state: ContainerRuntimeState;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerRuntimeStatus extends ContainerSummary {
  /** 0 while it has not started. */
  readonly startedAt: number;
  /** 0 while it has not finished. */
  readonly finishedAt: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, `StartError`. */
  readonly reason: string;
  readonly message: string;
  readonly mounts: readonly Mount[];
  /** Absolute path of the log file. */
  readonly logPath: string;
  readonly resources: LinuxResources;
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
  readonly stopSignal?: string;
  /** Pid of the container's first process on the host, while it runs and the runtime knows it. */
  readonly pid?: number;
  /** The directory on the host that takes what it writes below `/`, where the runtime knows it. */
  readonly writableLayer?: string;
}

export interface LabelFilter {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Image {
  /** `sha256:<64 hex>`. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** Numeric user of the image, or its name; neither when it is root by default. */
  readonly uid?: number;
  readonly username?: string;
  readonly pinned: boolean;
}

export interface PullAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** Something that changed in the runtime; the pod is looked at again for it. */
export interface RuntimeEvent {
  readonly type: 'containerCreated' | 'containerStarted' | 'containerStopped' | 'containerDeleted' | 'sandboxChanged';
  /** Container id, or sandbox id for `sandboxChanged`. */
  readonly id: string;
  readonly podUid: string;
  readonly at: number;
}

export interface ExecRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export type AttachRequest = Omit<ExecRequest, 'command'>;

/** Where an interactive stream is served: by the runtime's own server, or here. */
export type CommandTarget =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'local'; readonly run: (io: CommandIO) => Promise<CommandResult> };

export type PortForwardTarget =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'local'; readonly dial: (port: number) => Promise<Duplex> };

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

/** A container runtime. One per node; closed when the node stops, which leaves containers running. */
export interface Runtime {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;
  /** Ways to confine a container that this runtime does not know; absent where it knows all. */
  readonly unenforced?: readonly ('seccomp' | 'appArmor' | 'seLinux')[];
  /** How many calls that start something it does best together; undefined when it orders them itself. */
  readonly startsTogether?: number;
  /**
   * How the cgroups of pods are named, where the runtime knows; undefined leaves it to the kubelet's configuration. A runtime
   * without this method makes the cgroups of its pods itself.
   */
  cgroupDriver?(): Promise<'cgroupfs' | 'systemd' | undefined>;

  /** Makes and starts a sandbox; its id. */
  runPodSandbox(config: PodSandboxConfig, runtimeHandler?: string): Promise<string>;
  /** Ends what runs in the sandbox and its network; idempotent. */
  stopPodSandbox(id: string): Promise<void>;
  /** Removes a sandbox with its containers; idempotent. */
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  listPodSandboxes(filter?: LabelFilter): Promise<PodSandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, and SIGKILL after `timeoutSeconds`. Resolves when the container has ended; idempotent. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: LabelFilter & { readonly sandboxId?: string }): Promise<ContainerSummary[]>;
  containerStatus(id: string): Promise<ContainerRuntimeStatus>;
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>;
  /** Tells the runtime what a running pod has now; a runtime without this method need not know. */
  updatePodSandboxResources?(id: string, resources: LinuxResources, overhead: LinuxResources): Promise<void>;
  /** The log file was moved away: go on in a new one under the same name. */
  reopenContainerLog(id: string): Promise<void>;

  /** Runs a command to its end. `timeoutSeconds` 0 means none; on timeout rejects with `deadlineExceeded`. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }>;
  exec(request: ExecRequest): Promise<CommandTarget>;
  attach(request: AttachRequest): Promise<CommandTarget>;
  portForward(sandboxId: string): Promise<PortForwardTarget>;

  /** Writes a running container's state to the archive `location`. Seconds of 0: the runtime's own limit. Absent where it is unimplemented. */
  checkpointContainer?(id: string, location: string, timeoutSeconds: number): Promise<void>;

  listImages(): Promise<Image[]>;
  /** null when there is no such image. */
  imageStatus(reference: string): Promise<Image | null>;
  /** Makes the image available; its id. */
  pullImage(reference: string, auth?: PullAuth, signal?: AbortSignal): Promise<string>;
  removeImage(reference: string): Promise<void>;
  imageFsInfo(): Promise<FilesystemUsage[]>;

  /** Calls `listener` for every change until the signal is aborted. Events may be lost: relist now and then. */
  onEvent(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void;
  /** Lets go of the runtime; containers go on running. */
  close(): Promise<void>;
}
