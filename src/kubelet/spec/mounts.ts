/** The mounts of a container: its volumes, the hosts file and the termination message (kubernetes `pkg/kubelet/kubelet_pods.go`, makeMounts). */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { IdMapping, Mount } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { AnyContainer, NodePod } from '../pods/pod.ts';
import { checkSubPath, prepareSubPath } from '../volumes/subpath.ts';
import type { ReadyVolume } from '../volumes/volume-manager.ts';
import { expand } from './expand.ts';

export interface MountsInput {
  readonly host: Host;
  readonly log: Logger;
  readonly pod: NodePod;
  readonly container: AnyContainer;
  /** The directory of this pod: `<rootDir>/pods/UID`. */
  readonly podDir: string;
  readonly volumes: ReadonlyMap<string, ReadyVolume>;
  /** Ids of the images that are volumes, by the volume's name. */
  readonly images?: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
  /** Text of the hosts file; undefined where the container gets none. */
  readonly hosts: string | undefined;
  readonly mayMount: boolean;
  /** Of a pod with users of its own: all its mounts are mapped. */
  readonly users?: readonly IdMapping[] | undefined;
}

const PROPAGATION: Readonly<Record<string, Mount['propagation']>> = {
  None: 'private',
  HostToContainer: 'hostToContainer',
  Bidirectional: 'bidirectional',
};

/** Rejects with the text that the container's status shows. */
export async function containerMounts(input: MountsInput): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) {
    const volume = input.volumes.get(mount.name);
    if (volume === undefined) throw new Error(`cannot find volume "${mount.name}" to mount into container "${input.container.name}"`);
    const readonly = mount.readOnly === true || volume.readonly;
    const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`;
    if (volume.image) {
      mounts.push(imageMount(input, mount, containerPath, volume.image.reference));
      continue;
    }
    mounts.push({
      containerPath,
      hostPath: await volumePath(input, mount, index, volume),
      readonly,
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'] ?? 'private',
      ...(readonly && (mount.recursiveReadOnly === 'Enabled' || mount.recursiveReadOnly === 'IfPossible') && { recursiveReadOnly: true }),
    });
  }
  const taken = new Set(mounts.map((m) => m.containerPath.replace(/\/$/, '')));
  if (input.hosts !== undefined && !taken.has('/etc/hosts')) mounts.push(await hostsMount(input, input.hosts));
  const message = input.container.terminationMessagePath ?? '';
  if (message !== '' && !taken.has(message)) mounts.push(await messageMount(input, message));
  const { users } = input;
  return users ? mounts.map((mount) => ({ ...mount, mapping: users })) : mounts;
}

type VolumeMount = NonNullable<AnyContainer['volumeMounts']>[number];

/** The runtime mounts the image itself; what it is told of a part of it is a path and no link of this machine's. */
function imageMount(input: MountsInput, mount: VolumeMount, containerPath: string, reference: string): Mount {
  const subPath = subPathOf(input, mount);
  if (subPath !== '') checkSubPath(subPath);
  return {
    containerPath,
    hostPath: '',
    readonly: true,
    propagation: 'private',
    image: { image: input.images?.get(mount.name) ?? reference, userSpecified: reference, subPath },
  };
}

const subPathOf = (input: MountsInput, mount: VolumeMount): string =>
  mount.subPathExpr !== undefined && mount.subPathExpr !== '' ? expandAll(mount.subPathExpr, input.env) : (mount.subPath ?? '');

async function volumePath(input: MountsInput, mount: VolumeMount, index: number, volume: ReadyVolume): Promise<string> {
  const subPath = subPathOf(input, mount);
  if (subPath === '') return volume.path;
  const { name } = input.container;
  const target = join(input.podDir, 'volume-subpaths', mount.name, name, String(index));
  try {
    return await prepareSubPath(input.host, { volumePath: volume.path, subPath, target, mayMount: input.mayMount });
  } catch (error) {
    if (/SubPath `/.test(errorText(error))) throw error;
    // The user is not told what lies behind the link; the log is.
    input.log.error('Volume part could not be prepared', { pod: input.pod.metadata.name, volume: mount.name, err: errorText(error) });
    throw new Error(`failed to prepare subPath for volumeMount "${mount.name}" of container "${name}"`, { cause: error });
  }
}

/** Like `expand`, but a name that does not exist is an error. */
function expandAll(text: string, env: ReadonlyMap<string, string>): string {
  const missing: string[] = [];
  const result = expand(text, (name) => {
    const value = env.get(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  const [first] = missing;
  if (first !== undefined) throw new Error(`missing value for "${first}"`);
  return result;
}

async function hostsMount({ host, podDir }: MountsInput, text: string): Promise<Mount> {
  const path = join(podDir, 'etc-hosts');
  await host.files.writeFile(path, text, { mode: 0o644 });
  return { containerPath: '/etc/hosts', hostPath: path, readonly: false, propagation: 'private' };
}

/** A file that anyone in the container may write, whoever runs there. */
async function messageMount({ host, podDir, container }: MountsInput, containerPath: string): Promise<Mount> {
  const directory = join(podDir, 'containers', container.name);
  await host.files.mkdir(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, randomBytes(4).toString('hex'));
  await host.files.writeFile(path, '', { mode: 0o666 });
  await host.files.chmod(path, 0o666);
  return { containerPath, hostPath: path, readonly: false, propagation: 'private' };
}
