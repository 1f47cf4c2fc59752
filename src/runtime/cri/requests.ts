/** The seam's configurations as CRI's messages. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type {
  ContainerConfig,
  ContainerSecurity,
  IdMapping,
  LinuxResources,
  NamespaceOptions,
  PodSandboxConfig,
  SandboxSecurity,
  SecurityProfile,
} from '../runtime.ts';
import {
  type ContainerConfig as CriContainerConfig,
  ContainerConfigSchema,
  type LinuxContainerResourcesSchema,
  type LinuxContainerSecurityContextSchema,
  type LinuxSandboxSecurityContextSchema,
  type NamespaceOptionSchema,
  type PodSandboxConfig as CriPodSandboxConfig,
  PodSandboxConfigSchema,
  ProfileType,
  type SecurityProfileSchema,
  SupplementalGroupsPolicy,
} from './proto/cri_pb.ts';
import { NAMESPACE_MODES, PROPAGATIONS, PROTOCOLS, signalNumber } from './words.ts';

export function sandboxMessage(config: PodSandboxConfig): CriPodSandboxConfig {
  return create(PodSandboxConfigSchema, {
    metadata: config.metadata,
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    ...(config.dns && { dnsConfig: strings(config.dns) }),
    portMappings: config.portMappings.map((port) => ({ ...port, protocol: PROTOCOLS[port.protocol] })),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    linux: {
      cgroupParent: config.cgroupParent,
      ...(config.resources && { resources: resourcesMessage(config.resources) }),
      ...(config.overhead && { overhead: resourcesMessage(config.overhead) }),
      sysctls: { ...config.sysctls },
      securityContext: sandboxSecurity(config.security),
    },
  });
}

const strings = (dns: NonNullable<PodSandboxConfig['dns']>) => ({
  servers: [...dns.servers],
  searches: [...dns.searches],
  options: [...dns.options],
});

export function containerMessage(config: ContainerConfig): CriContainerConfig {
  return create(ContainerConfigSchema, {
    metadata: config.metadata,
    image: { image: config.image.image, userSpecifiedImage: config.image.userSpecified },
    command: [...config.command],
    args: [...config.args],
    workingDir: config.workingDir,
    envs: config.envs.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
    mounts: config.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.readonly,
      propagation: PROPAGATIONS[mount.propagation],
      recursiveReadOnly: mount.recursiveReadOnly === true,
      uidMappings: mappings(mount.mapping),
      gidMappings: mappings(mount.mapping),
      ...(mount.image && {
        image: { image: mount.image.image, userSpecifiedImage: mount.image.userSpecified },
        imageSubPath: mount.image.subPath,
      }),
    })),
    devices: config.devices.map((device) => ({ ...device })),
    CDIDevices: (config.cdiDevices ?? []).map((name) => ({ name })),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: { resources: resourcesMessage(config.resources), securityContext: containerSecurity(config.security) },
    stopSignal: signalNumber(config.stopSignal),
  });
}

export function resourcesMessage(resources: LinuxResources): MessageInitShape<typeof LinuxContainerResourcesSchema> {
  const number = (value: number | undefined): bigint => BigInt(Math.trunc(value ?? 0));
  return {
    cpuPeriod: number(resources.cpuPeriod),
    cpuQuota: number(resources.cpuQuota),
    cpuShares: number(resources.cpuShares),
    memoryLimitInBytes: number(resources.memoryLimitBytes),
    memorySwapLimitInBytes: number(resources.memorySwapLimitBytes),
    oomScoreAdj: number(resources.oomScoreAdj),
    cpusetCpus: resources.cpusetCpus ?? '',
    cpusetMems: resources.cpusetMems ?? '',
    hugepageLimits: (resources.hugepageLimits ?? []).map(({ pageSize, limit }) => ({ pageSize, limit: number(limit) })),
    unified: { ...resources.unified },
  };
}

type SecurityMessage = MessageInitShape<typeof LinuxSandboxSecurityContextSchema> &
  MessageInitShape<typeof LinuxContainerSecurityContextSchema>;

/** What sandboxes and containers have in common. A group is sent beside a user alone: runtimes refuse one without the other. */
function commonSecurity(
  security: SandboxSecurity | ContainerSecurity,
): Pick<
  SecurityMessage,
  | 'namespaceOptions'
  | 'privileged'
  | 'runAsUser'
  | 'runAsGroup'
  | 'supplementalGroups'
  | 'readonlyRootfs'
  | 'selinuxOptions'
  | 'seccomp'
  | 'seccompProfilePath'
> {
  const { runAsUser, runAsGroup } = security;
  const named = 'runAsUsername' in security && security.runAsUsername !== undefined;
  return {
    namespaceOptions: namespaces(security.namespaces),
    privileged: security.privileged,
    ...(runAsUser !== undefined && { runAsUser: { value: BigInt(runAsUser) } }),
    ...(runAsGroup !== undefined && (runAsUser !== undefined || named) && { runAsGroup: { value: BigInt(runAsGroup) } }),
    supplementalGroups: security.supplementalGroups.map(BigInt),
    readonlyRootfs: security.readonlyRootfs,
    ...(security.selinux && { selinuxOptions: { ...security.selinux } }),
    ...(!security.privileged && { seccomp: profile(security.seccomp), seccompProfilePath: seccompPath(security.seccomp) }),
  };
}

const sandboxSecurity = (security: SandboxSecurity): MessageInitShape<typeof LinuxSandboxSecurityContextSchema> => commonSecurity(security);

function containerSecurity(security: ContainerSecurity): MessageInitShape<typeof LinuxContainerSecurityContextSchema> {
  return {
    ...commonSecurity(security),
    capabilities: { addCapabilities: [...security.addCapabilities], dropCapabilities: [...security.dropCapabilities] },
    runAsUsername: security.runAsUsername ?? '',
    noNewPrivs: security.noNewPrivs,
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
    ...(security.apparmor && { apparmor: profile(security.apparmor), apparmorProfile: appArmorName(security.apparmor) }),
    supplementalGroupsPolicy:
      security.supplementalGroupsPolicy === 'Strict' ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge,
  };
}

function namespaces(options: NamespaceOptions): MessageInitShape<typeof NamespaceOptionSchema> {
  return {
    network: NAMESPACE_MODES[options.network],
    pid: NAMESPACE_MODES[options.pid],
    ipc: NAMESPACE_MODES[options.ipc],
    targetId: options.targetId ?? '',
    usernsOptions: options.users
      ? { mode: NAMESPACE_MODES.pod, uids: mappings(options.users), gids: mappings(options.users) }
      : { mode: NAMESPACE_MODES.node },
  };
}

const mappings = (list: readonly IdMapping[] = []): IdMapping[] => list.map((mapping) => ({ ...mapping }));

function profile(value: SecurityProfile): MessageInitShape<typeof SecurityProfileSchema> {
  if (value.type === 'localhost') return { profileType: ProfileType.Localhost, localhostRef: value.ref };
  return { profileType: value.type === 'unconfined' ? ProfileType.Unconfined : ProfileType.RuntimeDefault };
}

/** The older field of the same meaning, for runtimes that read it alone. */
function seccompPath(value: SecurityProfile): string {
  if (value.type === 'localhost') return `localhost/${value.ref}`;
  return value.type === 'unconfined' ? 'unconfined' : 'runtime/default';
}

function appArmorName(value: SecurityProfile): string {
  if (value.type === 'localhost') return `localhost/${value.ref}`;
  return value.type === 'unconfined' ? 'unconfined' : 'runtime/default';
}
