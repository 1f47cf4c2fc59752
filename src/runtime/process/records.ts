import type { ContainerConfig, ContainerRuntimeStatus, PodSandboxConfig } from '../runtime.ts';
import type { Files } from '../../util/host.ts';
import type { UserIds } from './users.ts';

/** What the disk knows of a sandbox; written once at its start and once at its end. */
export interface SandboxRecord {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAt: number;
  readonly bootId: string;
  /** Empty on the host's network. */
  readonly address: string;
  /** All addresses, where plugins gave them; `address` is the first. */
  readonly addresses?: readonly string[];
  readonly stopped: boolean;
  /** Directories of cgroups that this sandbox made above its containers', deepest first. */
  readonly madeCgroups: readonly string[];
}

/** What is settled when a container is created and never changes after, but for its resources. */
export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly createdAt: number;
  readonly bootId: string;
  readonly imageId: string;
  /** Lower directory of the root file system. */
  readonly lower: string;
  readonly user: UserIds;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  readonly stopSignal: string;
  /** Path below the cgroup mounts, such as `/nodelet/kubepods/podX/<id>`. */
  readonly cgroup: string;
}

/** How far a container has come. Written at each change. */
export interface ContainerState {
  readonly phase: 'created' | 'starting' | 'running' | 'exited';
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly pid: number;
  /** Start time of the pid in clock ticks since boot: tells it from a later process with its number. */
  readonly pidStart: string;
}

export const createdState: ContainerState = {
  phase: 'created',
  startedAt: 0,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  pid: 0,
  pidStart: '',
};

/** Writes a file so that a reader, or a start after a kill, sees the old content or the new and nothing between. */
export async function writeAtomically(files: Files, path: string, content: string): Promise<void> {
  const next = `${path}.next`;
  await files.writeFile(next, content, { mode: 0o600 });
  await files.rename(next, path);
}

/** Reads a JSON file; null when it is absent or not JSON. */
export async function readJson<T>(files: Files, path: string, isValid: (value: unknown) => value is T): Promise<T | null> {
  try {
    const value: unknown = JSON.parse(await files.readFile(path, 'utf8'));
    return isValid(value) ? value : null;
  } catch {
    return null;
  }
}

export function isSandboxRecord(value: unknown): value is SandboxRecord {
  return hasStrings(value, ['id', 'bootId', 'address']) && 'config' in value && typeof value.config === 'object';
}

export function isContainerRecord(value: unknown): value is ContainerRecord {
  return hasStrings(value, ['id', 'sandboxId', 'imageId', 'lower', 'cgroup']) && 'config' in value && typeof value.config === 'object';
}

export function isContainerState(value: unknown): value is ContainerState {
  return hasStrings(value, ['phase', 'reason', 'message', 'pidStart']) && 'exitCode' in value && typeof value.exitCode === 'number';
}

/** The state word of CRI for a phase. */
export function runtimeState(phase: ContainerState['phase']): ContainerRuntimeStatus['state'] {
  return phase === 'starting' ? 'created' : phase;
}

function hasStrings(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && keys.every((key) => typeof Reflect.get(value, key) === 'string');
}
