/** Security contexts as the runtime takes them (kubernetes `pkg/kubelet/kuberuntime/security_context.go`). */
import { isAbsolute, join } from 'node:path';
import type { ObjectOf, PodSpec } from '../../api/types.ts';
import type { ContainerSecurity, IdMapping, Image, NamespaceOptions, SandboxSecurity, SecurityProfile } from '../../runtime/runtime.ts';
import { podText, podContainers, type AnyContainer, type NodePod } from '../pods/pod.ts';

const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/proc/interrupts',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface SecuritySettings {
  /** Directory of localhost seccomp profiles. */
  readonly seccompDir: string;
  readonly seccompDefault: boolean;
}

export function namespaceOptions(spec: PodSpec, targetId?: string, users?: readonly IdMapping[]): NamespaceOptions {
  const pid = spec.hostPID === true ? 'node' : spec.shareProcessNamespace === true ? 'pod' : 'container';
  return {
    network: spec.hostNetwork === true ? 'node' : 'pod',
    ipc: spec.hostIPC === true ? 'node' : 'pod',
    ...(users && { users }),
    ...(targetId !== undefined && pid === 'container' ? { pid: 'target', targetId } : { pid }),
  };
}

export function sandboxSecurity(pod: NodePod, users?: readonly IdMapping[]): SandboxSecurity {
  const context = pod.spec.securityContext ?? {};
  return {
    namespaces: namespaceOptions(pod.spec, undefined, users),
    privileged: podContainers(pod.spec).some((c) => c.container.securityContext?.privileged === true),
    ...(context.runAsUser !== undefined && { runAsUser: context.runAsUser }),
    ...(context.runAsGroup !== undefined && { runAsGroup: context.runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    readonlyRootfs: false,
    seccomp: { type: 'runtimeDefault' },
    ...selinuxLabel(context.seLinuxOptions),
  };
}

/** fsGroup, then the pod's supplemental groups. */
const supplementalGroups = ({ spec: { securityContext = {} } }: NodePod): number[] => [
  ...(securityContext.fsGroup !== undefined ? [securityContext.fsGroup] : []),
  ...(securityContext.supplementalGroups ?? []),
];

/** Throws an Error with the original's text when runAsNonRoot forbids the user. */
export function containerSecurity(
  pod: NodePod,
  container: AnyContainer,
  image: Pick<Image, 'uid' | 'username'>,
  settings: SecuritySettings,
  targetId?: string,
  users?: readonly IdMapping[],
): ContainerSecurity {
  const podContext = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? podContext.runAsUser;
  const runAsGroup = own.runAsGroup ?? podContext.runAsGroup;
  checkNonRoot(pod, container, runAsUser, image);
  const user =
    runAsUser !== undefined
      ? { runAsUser }
      : image.uid !== undefined
        ? { runAsUser: image.uid }
        : image.username !== undefined && image.username !== ''
          ? { runAsUsername: image.username }
          : {};
  const privileged = own.privileged === true;
  const admin = (own.capabilities?.add ?? []).some((name) => /^(CAP_)?SYS_ADMIN$/i.test(name));
  const unmasked = own.procMount === 'Unmasked' || privileged;
  const policy = podContext.supplementalGroupsPolicy;
  const appArmor = own.appArmorProfile ?? podContext.appArmorProfile;
  return {
    namespaces: namespaceOptions(pod.spec, targetId, users),
    privileged,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...user,
    ...(runAsGroup !== undefined && { runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    ...((policy === 'Merge' || policy === 'Strict') && { supplementalGroupsPolicy: policy }),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivs: own.allowPrivilegeEscalation === false && !privileged && !admin,
    maskedPaths: unmasked ? [] : MASKED_PATHS,
    readonlyPaths: unmasked ? [] : READONLY_PATHS,
    seccomp: seccompProfile(own.seccompProfile ?? podContext.seccompProfile, settings),
    ...(appArmor && { apparmor: appArmorProfile(appArmor) }),
    ...selinuxLabel(own.seLinuxOptions ?? podContext.seLinuxOptions),
  };
}

function selinuxLabel(options: ObjectOf<'core/v1.SELinuxOptions'> | undefined): Pick<ContainerSecurity, 'selinux'> {
  if (options === undefined) return {};
  const { user = '', role = '', type = '', level = '' } = options;
  return { selinux: { user, role, type, level } };
}

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

function seccompProfile(profile: Profile | undefined, { seccompDefault, seccompDir }: SecuritySettings): SecurityProfile {
  if (profile === undefined) return { type: seccompDefault ? 'runtimeDefault' : 'unconfined' };
  if (profile.type === 'RuntimeDefault') return { type: 'runtimeDefault' };
  if (profile.type !== 'Localhost') return { type: 'unconfined' };
  const name = profile.localhostProfile ?? '';
  if (name === '') throw new Error('localhostProfile must be set if seccompProfile type is Localhost.');
  if (isAbsolute(name) || name.split('/').includes('..')) throw new Error(`invalid seccomp profile path "${name}"`);
  return { type: 'localhost', ref: join(seccompDir, name) };
}

function appArmorProfile({ type, localhostProfile }: Profile): SecurityProfile {
  if (type === 'RuntimeDefault') return { type: 'runtimeDefault' };
  return type === 'Localhost' ? { type: 'localhost', ref: localhostProfile ?? '' } : { type: 'unconfined' };
}

function checkNonRoot(pod: NodePod, container: AnyContainer, runAsUser: number | undefined, image: Pick<Image, 'uid' | 'username'>): void {
  const wanted = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (wanted !== true) return;
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === undefined && image.username !== undefined && image.username !== '')
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  if ((image.uid ?? 0) === 0) throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
}
