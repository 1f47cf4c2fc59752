import { RuntimeError, type ContainerConfig, type Mount } from '../runtime.ts';
import { deviceName } from './devices.ts';
import { isMountablePath, type MountLine } from './fstab.ts';
import { TOOLS_IN_CONTAINER } from './scripts.ts';

/** Places on the host that a container's root is made of. */
export interface RootPlaces {
  /** The container's own directory. */
  readonly dir: string;
  readonly lower: string;
  readonly tools: string;
  readonly devices: string;
  /** Sandbox files. */
  readonly shm: string | null;
  readonly resolvConf: string;
  readonly hostname: string;
  /** Directories of the host's root that a container on it must not see. */
  readonly hidden: readonly string[];
  /** cgroup trees to show below /sys/fs/cgroup: name (empty for the only one) → directory. */
  readonly cgroups: readonly (readonly [string, string])[];
  /** Paths of /proc and /sys that exist on this machine, among those masked or read-only. */
  readonly existing: (path: string) => 'file' | 'directory' | null;
}

/**
 * The mounts that are made before `pivot_root`, when targets are not yet resolved inside the new root: only such
 * as no image can turn elsewhere (its `/proc`, `/sys` and `/dev` are directories: the unpacker and `upper` see to it).
 */
export function mountsBefore(config: ContainerConfig, places: RootPlaces): MountLine[] {
  const root = `${places.dir}/root`;
  const privileged = config.security.privileged;
  return [
    {
      source: 'overlay',
      target: root,
      type: 'overlay',
      options: [`lowerdir=${places.lower}`, `upperdir=${places.dir}/upper`, `workdir=${places.dir}/work`],
    },
    ...(places.lower === '/'
      ? places.hidden.map((path) => ({ source: 'tmpfs', target: `${root}${path}`, type: 'tmpfs', options: ['ro', 'size=0', 'mode=000'] }))
      : []),
    { source: `${places.dir}/inside`, target: `${root}/.nodelet`, type: 'none', options: ['bind', 'ro', 'nosuid', 'private'] },
    { source: places.tools, target: `${root}${TOOLS_IN_CONTAINER}`, type: 'none', options: ['bind', 'ro', 'nosuid', 'nodev', 'private'] },
    { source: 'proc', target: `${root}/proc`, type: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      source: 'overlay',
      target: `${root}/dev`,
      type: 'overlay',
      options: [
        `lowerdir=${places.devices}${privileged ? ':/dev' : ''}`,
        `upperdir=${places.dir}/dev`,
        `workdir=${places.dir}/dev-work`,
        'nosuid',
        'noexec',
      ],
    },
    {
      source: 'devpts',
      target: `${root}/dev/pts`,
      type: 'devpts',
      options: ['newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5', 'nosuid', 'noexec'],
    },
    { source: 'mqueue', target: `${root}/dev/mqueue`, type: 'mqueue', options: ['nosuid', 'nodev', 'noexec'] },
    {
      source: places.shm ?? '/dev/shm',
      target: `${root}/dev/shm`,
      type: 'none',
      options: ['bind', 'nosuid', 'nodev', 'noexec', 'private'],
    },
    { source: 'sysfs', target: `${root}/sys`, type: 'sysfs', options: [privileged ? 'rw' : 'ro', 'nosuid', 'nodev', 'noexec'] },
    ...cgroupMounts(places, root, privileged),
    ...config.devices.map((device) => ({
      source: device.hostPath,
      target: `${root}/dev/${deviceName(device.containerPath)}`,
      type: 'none',
      options: ['bind', 'private'],
    })),
  ];
}

/** The mounts that are made inside the new root, with the host's root at `old`. */
export function mountsAfter(config: ContainerConfig, places: RootPlaces, old: string): MountLine[] {
  const mounts = effectiveMounts(config, places);
  return [...mounts.map((mount) => bindLine(mount, old)), ...maskLines(config, places)];
}

/** Targets that must be there as files before they can be mounted on. */
export function fileTargets(config: ContainerConfig, places: RootPlaces, isFile: (hostPath: string) => boolean): string[] {
  return effectiveMounts(config, places)
    .filter((mount) => isFile(mount.hostPath))
    .map((mount) => mount.containerPath);
}

/** The runtime's own files, each replaced by a mount of the pod on the same path; then the pod's mounts, parents first. */
function effectiveMounts(config: ContainerConfig, places: RootPlaces): Mount[] {
  const wanted = config.mounts.map((mount) => ({ ...mount, containerPath: normalPath(mount.containerPath) }));
  const own = [
    ['/etc/resolv.conf', places.resolvConf],
    ['/etc/hostname', places.hostname],
  ] as const;
  const defaults = own
    .filter(([path]) => !wanted.some((mount) => mount.containerPath === path))
    .map(([containerPath, hostPath]) => ({
      containerPath,
      hostPath,
      readonly: config.security.readonlyRootfs,
      propagation: 'private' as const,
    }));
  const depth = (mount: Mount): number => mount.containerPath.split('/').filter(Boolean).length;
  return [...defaults, ...wanted].toSorted((a, b) => depth(a) - depth(b));
}

function bindLine(mount: Mount, old: string): MountLine {
  if (!isMountablePath(mount.containerPath) || !isMountablePath(mount.hostPath)) {
    throw new RuntimeError(
      'invalidArgument',
      `failed to mount ${JSON.stringify(mount.hostPath)} on ${JSON.stringify(mount.containerPath)}: not a plain absolute path`,
    );
  }
  const propagation = { private: 'rprivate', hostToContainer: 'rslave', bidirectional: 'rshared' }[mount.propagation];
  const readonly = mount.image ? ['ro', 'noexec'] : mount.readonly ? ['ro'] : [];
  return {
    source: `${old}${mount.hostPath}`,
    target: mount.containerPath,
    type: 'none',
    options: ['rbind', ...readonly, propagation, 'X-mount.mkdir'],
  };
}

function maskLines(config: ContainerConfig, places: RootPlaces): MountLine[] {
  if (config.security.privileged) return [];
  const masked = config.security.maskedPaths.flatMap((path): MountLine[] => {
    const kind = places.existing(path);
    if (kind === null) return [];
    return kind === 'file'
      ? [{ source: '/dev/null', target: path, type: 'none', options: ['bind', 'private'] }]
      : [{ source: 'tmpfs', target: path, type: 'tmpfs', options: ['ro', 'size=0'] }];
  });
  const readonly = config.security.readonlyPaths
    .filter((path) => places.existing(path) !== null)
    .map((path) => ({ source: path, target: path, type: 'none', options: ['rbind', 'ro', 'nosuid', 'nodev', 'noexec', 'rprivate'] }));
  return [...masked, ...readonly];
}

function cgroupMounts(places: RootPlaces, root: string, privileged: boolean): MountLine[] {
  const access = privileged ? 'rw' : 'ro';
  const flags = ['nosuid', 'nodev', 'noexec'];
  const target = `${root}/sys/fs/cgroup`;
  const only = places.cgroups.find(([name]) => name === '');
  if (only) return [{ source: only[1], target, type: 'none', options: ['bind', access, ...flags, 'private'] }];
  if (places.cgroups.length === 0) return [];
  return [
    { source: 'tmpfs', target, type: 'tmpfs', options: [...flags, 'mode=755', 'size=64k'] },
    ...places.cgroups.map(([name, dir]) => ({
      source: dir,
      target: `${target}/${name}`,
      type: 'none',
      options: ['bind', access, ...flags, 'private', 'X-mount.mkdir'],
    })),
  ];
}

function normalPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}
