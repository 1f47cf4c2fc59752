/** The control groups of pods: made with their limits before a pod starts, removed when it is gone (kubernetes `pkg/kubelet/cm/pod_container_manager_linux.go`, `qos_container_manager_linux.go`). */
import { parseCgroupLayout, type CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import { openCgroups, type Cgroups } from '../../runtime/process/cgroups.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';
import type { ResourceSettings } from '../spec/resources.ts';
import { cgroupPath, podCgroup, TIERS, type CgroupPlace } from './names.ts';
import { podLimits } from './pod-limits.ts';

export interface PodCgroups {
  /** Makes the pod's cgroup and sets its limits; again after they changed. */
  ensure(pod: NodePod): Promise<void>;
  /** Removes it when nothing runs in it. */
  remove(pod: NodePod): Promise<void>;
  /** Removes those of pods that nobody knows. */
  removeOrphans(has: (uid: string) => boolean): Promise<void>;
}

export interface PodCgroupOptions extends CgroupPlace, ResourceSettings {
  readonly host: Host;
  readonly log: Logger;
  /** Limits of all pods together. */
  readonly allPods: LinuxResources;
}

/** For runtimes that make the cgroups of their pods themselves. */
export const NO_POD_CGROUPS: PodCgroups = {
  ensure: async () => undefined,
  remove: async () => undefined,
  removeOrphans: async () => undefined,
};

/** Makes the cgroups that pods are in. systemd makes the slices of its driver itself: there, limits alone are set. */
export async function openPodCgroups(options: PodCgroupOptions): Promise<PodCgroups> {
  const { host, log } = options;
  const layout = parseCgroupLayout(await host.files.readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
  if (layout === null) {
    log.warn('No control groups: pods run without limits of their own');
    return NO_POD_CGROUPS;
  }
  const cgroups = openCgroups(host, layout, log);
  const systemd = options.cgroupDriver === 'systemd';

  async function put(path: string, limits: LinuxResources): Promise<void> {
    if (!systemd) await cgroups.create(path);
    try {
      await cgroups.limit(path, limits);
    } catch (error) {
      // A limit below what is used, or below a container's, is refused: the pod goes on under the old one.
      log.v(1, 'Limits could not be set', { cgroup: path, err: errorText(error) });
    }
  }

  if (!systemd) {
    await put(cgroupPath(options, 'kubepods'), options.allPods);
    for (const tier of [TIERS.Burstable, TIERS.BestEffort]) await put(cgroupPath(options, 'kubepods', tier), { cpuShares: 2 });
  }

  return {
    ensure: (pod) => put(podCgroup(pod, options), podLimits(pod, options)),
    async remove(pod) {
      if (!systemd) await removeQuietly(cgroups, podCgroup(pod, options));
    },
    async removeOrphans(has) {
      if (systemd) return;
      for (const tier of Object.values(TIERS)) {
        const parent = cgroupPath(options, 'kubepods', tier);
        for (const name of await host.files.readdir(`${anyRoot(layout)}${parent}`).catch(() => [])) {
          const uid = /^pod([^/]+)$/.exec(name)?.[1];
          if (uid !== undefined && !has(uid)) await removeQuietly(cgroups, `${parent}/${name}`);
        }
      }
    },
  };
}

const anyRoot = ({ controllers, unified }: CgroupLayout): string => controllers.get('memory') ?? unified ?? '';

/** A cgroup that something still is in stays: the next round finds it. Empty ones in it are what a runtime's crash left. */
async function removeQuietly(cgroups: Cgroups, path: string): Promise<void> {
  for (const name of cgroups.children(path)) await removeQuietly(cgroups, `${path}/${name}`);
  if (await cgroups.isEmpty(path)) await cgroups.remove(path);
}
