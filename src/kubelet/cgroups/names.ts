/** Where pods and containers are among the control groups, by either driver (kubernetes `pkg/kubelet/cm/cgroup_manager_linux.go`, CgroupName). */
import { join } from 'node:path';
import { qosClass } from '../../api/qos.ts';
import type { NodePod } from '../pods/pod.ts';

export type CgroupDriver = 'cgroupfs' | 'systemd';

export interface CgroupPlace {
  /** Parent of `kubepods`; empty or `/` for the root. */
  readonly cgroupRoot: string;
  readonly cgroupDriver?: CgroupDriver;
}

export const TIERS = { Guaranteed: '', Burstable: 'burstable', BestEffort: 'besteffort' } as const;

/** The path below the mounts of cgroups: `/kubepods/burstable/podUID`, or the slices within slices that systemd makes of those names. */
export function cgroupPath(place: CgroupPlace, ...names: readonly string[]): string {
  const root = place.cgroupRoot === '' ? '/' : place.cgroupRoot;
  if (place.cgroupDriver !== 'systemd') return join(root, ...names);
  const parts = [...root.split('/'), ...names].filter((name) => name !== '').map((name) => name.replaceAll('-', '_'));
  return `/${parts.map((_, depth) => `${parts.slice(0, depth + 1).join('-')}.slice`).join('/')}`;
}

export const podsCgroup = (place: CgroupPlace): string => cgroupPath(place, 'kubepods');

export const podCgroup = (pod: NodePod, place: CgroupPlace): string =>
  cgroupPath(place, 'kubepods', TIERS[qosClass(pod)], `pod${pod.metadata.uid}`);

/** What the runtime is told: systemd's slices are known by their last name. */
export function cgroupParent(pod: NodePod, place: CgroupPlace): string {
  const path = podCgroup(pod, place);
  return place.cgroupDriver === 'systemd' ? path.slice(path.lastIndexOf('/') + 1) : path;
}

/** The cgroup of a container or sandbox within its pod's. */
export const containerCgroup = (podPath: string, id: string, driver: CgroupDriver | undefined): string =>
  driver === 'systemd' ? `${podPath}/cri-containerd-${id}.scope` : `${podPath}/${id}`;
