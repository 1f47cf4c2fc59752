import { RuntimeError, type ContainerConfig } from '../runtime.ts';
import type { RunnableImage } from '../images/image-store.ts';
import type { Files } from '../../util/host.ts';
import { checkArguments, containerCommand, containerEnvironment } from './command-line.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';
import { plainUser } from './plain.ts';
import { resolveBelow } from './rooted-path.ts';
import { resolveUser, type UserIds } from './users.ts';

/** Bytes of an image's /etc/passwd or /etc/group that are looked at. */
const MAX_USER_FILE = 1 << 20;

export interface SpecInput {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxRecord;
  readonly image: RunnableImage;
  readonly now: number;
  readonly bootId: string;
  /** Without root: the user cannot be chosen. */
  readonly plain: boolean;
}

/** Everything about a container that its configuration and image settle. Rejects as containerd's CreateContainer does. */
export async function containerRecord(files: Files, input: SpecInput): Promise<ContainerRecord> {
  const { config, image, sandbox } = input;
  const security = config.security;
  if (security.seccomp.type === 'localhost') {
    throw new RuntimeError(
      'unimplemented',
      `seccomp profile ${JSON.stringify(security.seccomp.ref)}: the process runtime cannot load seccomp profiles`,
    );
  }
  if (security.apparmor?.type === 'localhost') {
    throw new RuntimeError(
      'unimplemented',
      `AppArmor profile ${JSON.stringify(security.apparmor.ref)}: the process runtime cannot apply AppArmor profiles`,
    );
  }
  if (security.namespaces.users) throw new RuntimeError('unimplemented', 'the process runtime cannot map the users of pods');
  if (security.runAsGroup !== undefined && security.runAsUser === undefined && !security.runAsUsername) {
    throw new RuntimeError('unknown', 'runtime config: user group is specified without user');
  }
  const argv = containerCommand(config, image.config);
  const user = input.plain ? plainUser(security) : await imageUser(files, input);
  const env = containerEnvironment({
    image: image.config.env,
    config: config.envs,
    hostname: sandbox.config.hostname,
    home: user.home,
    tty: config.tty,
  });
  checkArguments(argv, env);
  return {
    id: input.id,
    sandboxId: sandbox.id,
    config,
    createdAt: input.now,
    bootId: input.bootId,
    imageId: image.image.id,
    lower: image.root,
    user,
    argv,
    env,
    workdir: absolute(config.workingDir || image.config.workingDir || '/'),
    stopSignal: config.stopSignal || image.config.stopSignal || 'SIGTERM',
    cgroup: `${sandbox.config.cgroupParent}/${input.id}`,
  };
}

async function imageUser(files: Files, input: SpecInput): Promise<UserIds> {
  const { image } = input;
  const { security } = input.config;
  const [passwd, group] = await Promise.all(['/etc/passwd', '/etc/group'].map((path) => readInImage(files, image.root, path)));
  return resolveUser(
    {
      ...(security.runAsUser !== undefined && { uid: security.runAsUser }),
      ...(security.runAsUsername && { username: security.runAsUsername }),
      ...(security.runAsGroup !== undefined && { gid: security.runAsGroup }),
      supplementalGroups: security.supplementalGroups,
      policy: security.supplementalGroupsPolicy ?? 'Merge',
      imageUser: image.config.user,
    },
    passwd ?? '',
    group ?? '',
  );
}

async function readInImage(files: Files, root: string, path: string): Promise<string> {
  try {
    const place = await resolveBelow(files, root, path);
    const stat = await files.stat(place);
    return stat.isFile() && stat.size <= MAX_USER_FILE ? await files.readFile(place, 'utf8') : '';
  } catch {
    return '';
  }
}

function absolute(path: string): string {
  if (path.includes('\0')) throw new RuntimeError('invalidArgument', 'the working directory has a NUL byte');
  return path.startsWith('/') ? path : `/${path}`;
}
