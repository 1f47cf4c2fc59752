import type { Host } from '../../util/host.ts';
import { parseMounts } from '../../util/mountinfo.ts';

/** How this machine shows control groups: the unified tree, or a tree for each controller. */
export interface CgroupLayout {
  readonly version: 1 | 2;
  /** v1: controller (`memory`, `cpu`, `name=systemd`) → mount point. v2: empty. */
  readonly controllers: ReadonlyMap<string, string>;
  /** v2's mount point; on v1 the unified tree beside it, if there is one. */
  readonly unified: string | null;
}

/** Reads the layout out of /proc/self/mountinfo; null when no cgroups are mounted. The first mount of a controller wins. */
export function parseCgroupLayout(mountinfo: string): CgroupLayout | null {
  const controllers = new Map<string, string>();
  let unified: string | null = null;
  for (const { mountPoint, type, superOptions } of parseMounts(mountinfo)) {
    if (type === 'cgroup2') unified ??= mountPoint;
    if (type !== 'cgroup') continue;
    for (const option of superOptions.split(',')) {
      if (v1Controllers.has(option) || option.startsWith('name=')) {
        if (!controllers.has(option)) controllers.set(option, mountPoint);
      }
    }
  }
  if (controllers.size > 0) return { version: 1, controllers, unified };
  return unified === null ? null : { version: 2, controllers, unified };
}

/** How this machine shows control groups now; null when none are mounted, or nobody may say. */
export const readCgroupLayout = async ({ files }: Pick<Host, 'files'>): Promise<CgroupLayout | null> =>
  parseCgroupLayout(await files.readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));

/** The directories that stand for one cgroup, one for each tree. */
export function cgroupDirectories(layout: CgroupLayout, path: string): string[] {
  const roots = new Set(layout.controllers.values());
  if (layout.unified) roots.add(layout.unified);
  return [...roots].map((root) => `${root}${path}`);
}

/** A path that may name a cgroup: absolute, of plain characters, without `..`. */
export function isCgroupPath(path: string): boolean {
  return /^(\/[A-Za-z0-9_.:@=-]+)+$/.test(path) && !path.split('/').some((part) => part === '..' || part === '.');
}

const v1Controllers = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'hugetlb',
  'net_cls',
  'net_prio',
  'perf_event',
  'rdma',
  'misc',
]);
