/** CRI's answers in the seam's words. An answer without what every answer has is an error: a runtime that sends it is not to be trusted. */
import {
  RuntimeError,
  type ContainerRuntimeStatus,
  type ContainerSummary,
  type FilesystemUsage,
  type Image,
  type LinuxResources,
  type PodSandbox,
  type PodSandboxStatus,
  type RuntimeCondition,
  type RuntimeHandler,
} from '../runtime.ts';
import {
  NamespaceMode,
  PodSandboxState,
  type Container,
  type ContainerStatus,
  type FilesystemUsage as CriFilesystemUsage,
  type Image as CriImage,
  type LinuxContainerResources,
  type PodSandbox as CriPodSandbox,
  type PodSandboxStatus as CriPodSandboxStatus,
  type RuntimeCondition as CriCondition,
  type RuntimeHandler as CriRuntimeHandler,
} from './proto/cri_pb.ts';
import { containerState, propagationOf, signalName } from './words.ts';

const NS_PER_MS = 1_000_000n;

/** Nanoseconds since 1970 as milliseconds; 0 for a time that is not set. */
export const milliseconds = (ns: bigint): number => (ns <= 0n ? 0 : Number(ns / NS_PER_MS));

const broken = (what: string): RuntimeError => new RuntimeError('unknown', `the container runtime's answer is not usable: ${what}`);

type SandboxLike = Pick<CriPodSandbox, 'id' | 'metadata' | 'state' | 'createdAt' | 'labels' | 'annotations'>;

export function sandboxOf(sandbox: SandboxLike): PodSandbox {
  const { id, metadata } = sandbox;
  if (id === '' || metadata === undefined) throw broken('a sandbox without id or metadata');
  const { name, uid, namespace, attempt } = metadata;
  return {
    id,
    metadata: { name, uid, namespace, attempt },
    state: sandbox.state === PodSandboxState.SANDBOX_READY ? 'ready' : 'notReady',
    createdAt: milliseconds(sandbox.createdAt),
    labels: sandbox.labels,
    annotations: sandbox.annotations,
  };
}

/** `image`: what holds the runtime's sandboxes; empty when it does not tell. */
export function sandboxStatusOf(status: CriPodSandboxStatus | undefined, image: string): PodSandboxStatus {
  if (status === undefined) throw broken('a sandbox status without a status');
  const ips = [status.network?.ip ?? '', ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)].filter((ip) => ip !== '');
  const network = status.linux?.namespaces?.options?.network;
  return { ...sandboxOf(status), ips, network: network === NamespaceMode.NODE ? 'node' : 'pod', ...(image !== '' && { image }) };
}

type ContainerLike = Pick<Container, 'id' | 'metadata' | 'image' | 'imageRef' | 'state' | 'createdAt' | 'labels' | 'annotations'>;

function containerFacts(container: ContainerLike): Omit<ContainerSummary, 'sandboxId'> {
  const { id, metadata, image } = container;
  if (id === '' || metadata === undefined) throw broken('a container without id or metadata');
  return {
    id,
    metadata: { name: metadata.name, attempt: metadata.attempt },
    image: image?.image ?? '',
    imageRef: container.imageRef,
    state: containerState(container.state),
    createdAt: milliseconds(container.createdAt),
    labels: container.labels,
    annotations: container.annotations,
  };
}

export const containerOf = (container: Container): ContainerSummary => ({
  ...containerFacts(container),
  sandboxId: container.podSandboxId,
});

/** `sandboxId` and `pid` are not in the answer: they are known from elsewhere. */
export function containerStatusOf(
  status: ContainerStatus | undefined,
  known: { readonly sandboxId: string; readonly pid: number | undefined },
): ContainerRuntimeStatus {
  if (status === undefined) throw broken('a container status without a status');
  const user = status.user?.linux;
  const stopSignal = signalName(status.stopSignal);
  const facts = containerFacts(status);
  return {
    ...facts,
    sandboxId: known.sandboxId,
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    mounts: status.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.readonly,
      propagation: propagationOf(mount.propagation),
      ...(mount.recursiveReadOnly && { recursiveReadOnly: true }),
    })),
    logPath: status.logPath,
    resources: resourcesOf(status.resources?.linux),
    ...(user && { user: { uid: Number(user.uid), gid: Number(user.gid), supplementalGroups: user.supplementalGroups.map(Number) } }),
    ...(stopSignal !== undefined && { stopSignal }),
    ...(facts.state === 'running' && known.pid !== undefined && { pid: known.pid }),
  };
}

/** A number that is 0 was not said. */
function resourcesOf(linux: LinuxContainerResources | undefined): LinuxResources {
  if (linux === undefined) return {};
  const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes, memorySwapLimitInBytes, oomScoreAdj, cpusetCpus, cpusetMems } = linux;
  return {
    ...(cpuPeriod !== 0n && { cpuPeriod: Number(cpuPeriod) }),
    ...(cpuQuota !== 0n && { cpuQuota: Number(cpuQuota) }),
    ...(cpuShares !== 0n && { cpuShares: Number(cpuShares) }),
    ...(memoryLimitInBytes !== 0n && { memoryLimitBytes: Number(memoryLimitInBytes) }),
    ...(memorySwapLimitInBytes !== 0n && { memorySwapLimitBytes: Number(memorySwapLimitInBytes) }),
    ...(oomScoreAdj !== 0n && { oomScoreAdj: Number(oomScoreAdj) }),
    ...(cpusetCpus !== '' && { cpusetCpus }),
    ...(cpusetMems !== '' && { cpusetMems }),
  };
}

/** The sandboxes' image is never garbage, whether the runtime says so or not. */
export function imageOf(image: CriImage, sandboxImage: string): Image {
  if (image.id === '') throw broken('an image without an id');
  return {
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    sizeBytes: Number(image.size),
    ...(image.uid && { uid: Number(image.uid.value) }),
    ...(image.username !== '' && { username: image.username }),
    pinned: image.pinned || image.repoTags.includes(sandboxImage),
  };
}

/** Conditions that the kubelet does not know are left out. */
export function conditionsOf(conditions: readonly CriCondition[]): RuntimeCondition[] {
  return conditions.flatMap(({ type, status, reason, message }) =>
    type === 'RuntimeReady' || type === 'NetworkReady' ? [{ type, status, reason, message }] : [],
  );
}

export const handlerOf = ({ name, features }: CriRuntimeHandler): RuntimeHandler => ({
  name,
  recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts === true,
  userNamespaces: features?.userNamespaces === true,
});

export const filesystemOf = (usage: CriFilesystemUsage): FilesystemUsage => ({
  mountpoint: usage.fsId?.mountpoint ?? '',
  usedBytes: Number(usage.usedBytes?.value ?? 0n),
  inodesUsed: Number(usage.inodesUsed?.value ?? 0n),
});

/** The image of sandboxes out of containerd's account of its configuration; empty when it cannot be found there. */
export function sandboxImageOf(info: Readonly<Record<string, string>>): string {
  try {
    const config: unknown = JSON.parse(info['config'] ?? '');
    if (typeof config === 'object' && config !== null && 'sandboxImage' in config && typeof config.sandboxImage === 'string')
      return config.sandboxImage;
  } catch {
    return '';
  }
  return '';
}
