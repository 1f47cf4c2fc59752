import { RuntimeError, type ContainerConfig } from '../runtime.ts';
import type { ImageConfig } from '../images/image-config.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The argument vector of a container: `command` replaces the image's entrypoint and with it its cmd, `args` replaces
 * the cmd (containerd `container_create_linux.go`). Throws `unknown` when nothing is left to run.
 */
export function containerCommand(config: Pick<ContainerConfig, 'command' | 'args'>, image: ImageConfig): string[] {
  const args = config.command.length === 0 && config.args.length === 0 ? image.cmd : config.args;
  const command = config.command.length === 0 ? image.entrypoint : config.command;
  const argv = [...command, ...args];
  if (argv.length === 0) throw new RuntimeError('unknown', 'failed to generate container spec: no command specified');
  return argv;
}

export interface EnvironmentSources {
  readonly image: readonly string[];
  readonly config: ContainerConfig['envs'];
  readonly hostname: string;
  readonly home: string;
  readonly tty: boolean;
}

/** The environment as `NAME=value`, each name once, the last value winning; PATH, HOSTNAME, TERM and HOME as containerd and runc add them. */
export function containerEnvironment(sources: EnvironmentSources): string[] {
  const env = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  if (sources.tty) env.set('TERM', 'xterm');
  if (sources.hostname) env.set('HOSTNAME', sources.hostname);
  for (const entry of sources.image) {
    const at = entry.indexOf('=');
    if (at > 0) env.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const { key, value } of sources.config) if (key && !key.includes('=')) env.set(key, value);
  if (!env.get('HOME')) env.set('HOME', sources.home);
  return [...env].map(([key, value]) => `${key}=${value}`);
}

/** The value of PATH among `NAME=value` entries. */
export function pathOf(env: readonly string[]): string {
  return env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
}

/** Throws when a string cannot be an argument of a process, or the command could be taken for an assignment by `env`. */
export function checkArguments(argv: readonly string[], env: readonly string[]): void {
  for (const text of [...argv, ...env]) {
    if (text.includes('\0')) throw new RuntimeError('invalidArgument', 'a command or an environment variable has a NUL byte');
  }
  if (argv[0]?.includes('='))
    throw new RuntimeError(
      'invalidArgument',
      `the command ${JSON.stringify(argv[0])} has an equals sign, which the process runtime cannot start`,
    );
}
