/** What an image says about how it is run; from the `config` part of an OCI or docker image configuration. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly workingDir: string;
  /** `user`, `uid`, `user:group`, `uid:gid` or empty. */
  readonly user: string;
  /** `SIGTERM`, `15` or empty. */
  readonly stopSignal: string;
}

export const emptyImageConfig: ImageConfig = { entrypoint: [], cmd: [], env: [], workingDir: '', user: '', stopSignal: '' };

/** Reads the parts that matter out of a parsed image configuration; whatever has another shape counts as absent. */
export function readImageConfig(value: unknown): ImageConfig {
  const config = field(value, 'config') ?? field(value, 'container_config');
  return {
    entrypoint: strings(field(config, 'Entrypoint')),
    cmd: strings(field(config, 'Cmd')),
    env: strings(field(config, 'Env')),
    workingDir: text(field(config, 'WorkingDir')),
    user: text(field(config, 'User')),
    stopSignal: text(field(config, 'StopSignal')),
  };
}

/** A field of an unknown value; undefined when the value is no object. */
export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
