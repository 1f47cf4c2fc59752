/** The control groups of pods: made with their limits before a pod starts, removed when it is gone (kubernetes `pkg/kubelet/cm/pod_container_manager_linux.go`, `qos_container_manager_linux.go`). */
import { readCgroupLayout, type CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import { openCgroups, type Cgroups } from '../../runtime/process/cgroups.ts';
import { readKernelFile } from '../../runtime/process/kernel-files.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';
import { podRequests } from '../../api/pod-resources.ts';
import { qosClass } from '../../api/qos.ts';
import { cpuShares, MIN_SHARES, type ResourceSettings } from '../spec/resources.ts';
import { cgroupPath, containerCgroup, podCgroup, TIERS, type CgroupPlace } from './names.ts';
import { podLimits } from './pod-limits.ts';

export interface PodCgroups {
  /** Makes the pod's cgroup and sets its limits; again after they changed. */
  ensure(pod: NodePod): Promise<void>;
  /** The runtime has made the pod's sandbox: sets the limits of cgroups that it makes itself. */
  made(pod: NodePod): Promise<void>;
  /** The pod is to run here: its tier gets room for it. Again after its requests changed. */
  count(pod: NodePod): void;
  /** Nothing of the pod runs any more: its tier gives the room back, and its own cgroup goes. */
  ended(pod: NodePod): Promise<void>;
  /** Bytes that the pod, or a container of it, uses and may use; absent where nobody says. */
  memory(pod: NodePod, containerId?: string): Promise<{ readonly usage?: number; readonly limit?: number }>;
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
  /** The runtime makes and removes the cgroups of its pods: limits alone are set. systemd makes the slices of its driver, too. */
  readonly madeByRuntime?: boolean;
}

/** Where pods run without limits of their own. */
export const NO_POD_CGROUPS: PodCgroups = {
  ensure: async () => undefined,
  made: async () => undefined,
  count: () => undefined,
  ended: async () => undefined,
  memory: async () => ({}),
  remove: async () => undefined,
  removeOrphans: async () => undefined,
};

/** Makes the cgroups that pods are in, and keeps the shares of their tiers. */
export async function openPodCgroups(options: PodCgroupOptions): Promise<PodCgroups> {
  const { host, log } = options;
  const layout = await readCgroupLayout(host);
  if (layout === null) {
    log.warn('No control groups: pods run without limits of their own');
    return NO_POD_CGROUPS;
  }
  const cgroups = openCgroups(host, layout, log);
  const others = options.cgroupDriver === 'systemd' || options.madeByRuntime === true;
  /** CPU requests in thousandths of the Burstable pods that run here, by uid. */
  const requests = new Map<string, { readonly pod: NodePod; readonly milli: number }>();
  let refreshing: Promise<void> | undefined;

  async function put(path: string, limits: LinuxResources): Promise<void> {
    if (!others) await cgroups.create(path);
    try {
      await cgroups.limit(path, limits);
    } catch (error) {
      // A limit below what is used, or below a container's, is refused: the pod goes on under the old one.
      log.v(1, 'Limits could not be set', { cgroup: path, err: errorText(error) });
    }
  }

  /** Burstable pods share what all of them asked for, the others next to nothing (setCPUCgroupConfig). */
  async function writeTiers(): Promise<void> {
    const milli = [...requests.values()].reduce((sum, request) => sum + request.milli, 0);
    await put(cgroupPath(options, 'kubepods', TIERS.Burstable), { cpuShares: cpuShares(milli) });
    await put(cgroupPath(options, 'kubepods', TIERS.BestEffort), { cpuShares: MIN_SHARES });
  }
  /** What changes in one turn is written once. */
  const refresh = (): Promise<void> =>
    (refreshing ??= Promise.resolve()
      .then(() => {
        refreshing = undefined;
        return writeTiers();
      })
      .catch((error: unknown) => log.warn('Shares of tiers could not be set', { err: errorText(error) })));

  const count = (pod: NodePod): void => {
    const { uid } = pod.metadata;
    const before = requests.get(uid);
    if (before?.pod === pod) return;
    const milli = qosClass(pod) === 'Burstable' ? (podRequests(pod.spec)['cpu'] ?? 0) : 0;
    requests.set(uid, { pod, milli });
    if (before?.milli !== milli) void refresh();
  };
  const remove = async (pod: NodePod): Promise<void> => {
    if (!others) await removeQuietly(cgroups, podCgroup(pod, options));
  };
  const limit = (pod: NodePod): Promise<void> => put(podCgroup(pod, options), podLimits(pod, options));

  if (!others) {
    await put(cgroupPath(options, 'kubepods'), options.allPods);
    await writeTiers();
  }

  return {
    ensure: limit,
    async made(pod) {
      if (!others) return;
      await limit(pod);
      await put(cgroupPath(options, 'kubepods'), options.allPods);
      await writeTiers();
    },
    count,
    async memory(pod, containerId) {
      const podPath = podCgroup(pod, options);
      const driver = options.madeByRuntime === true ? undefined : options.cgroupDriver;
      const path = containerId === undefined ? podPath : containerCgroup(podPath, containerId, driver);
      const read = (file: string): number => Number(readKernelFile(`${memoryRoot(layout)}${path}/${file}`).trim() || NaN);
      const usage = read(layout.version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
      const limit = read(layout.version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
      return { ...(!Number.isNaN(usage) && { usage }), ...(!Number.isNaN(limit) && { limit }) };
    },
    async ended(pod) {
      if (!requests.delete(pod.metadata.uid)) return;
      await Promise.all([remove(pod), refresh()]);
    },
    async remove(pod) {
      if (requests.delete(pod.metadata.uid)) void refresh();
      await remove(pod);
    },
    async removeOrphans(has) {
      if (options.cgroupDriver === 'systemd') return;
      for (const tier of Object.values(TIERS)) {
        const parent = cgroupPath(options, 'kubepods', tier);
        // In any tree: whoever makes them may have been killed between two.
        for (const name of cgroups.children(parent)) {
          const uid = /^pod([^/]+)$/.exec(name)?.[1];
          if (uid !== undefined && !has(uid)) await removeQuietly(cgroups, `${parent}/${name}`);
        }
      }
    },
  };
}

const memoryRoot = ({ version, controllers, unified }: CgroupLayout): string => (version === 1 ? controllers.get('memory') : unified) ?? '';

/** A cgroup that something still is in stays: the next round finds it. Empty ones in it are what a runtime's crash left. */
async function removeQuietly(cgroups: Cgroups, path: string): Promise<void> {
  for (const name of cgroups.children(path)) await removeQuietly(cgroups, `${path}/${name}`);
  if (await cgroups.isEmpty(path)) await cgroups.remove(path);
}
