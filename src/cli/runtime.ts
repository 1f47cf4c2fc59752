/** Which runtime runs the pods, and why. */
import { parseDuration } from '../api/duration.ts';
import type { KubeletConfiguration } from '../kubelet/config.ts';
import type { RegistrySettings } from '../runtime/images/registry/hosts.ts';
import { hexBytes } from '../runtime/process/address-pool.ts';
import { startProcessRuntime } from '../runtime/process/process-runtime.ts';
import { RuntimeError, type Runtime } from '../runtime/runtime.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import { UserError } from './user-error.ts';

export interface RuntimePlaces {
  readonly runtime: string;
  readonly images: string;
  readonly podCIDR: string;
  /** Directories that no container on the host's root may see. */
  readonly hidden: readonly string[];
  readonly registries?: RegistrySettings;
  /** Where CNI plugins and their configuration are; without it nodelet makes a bridge of its own. */
  readonly cni?: { readonly confDir: string; readonly binDirs: readonly string[] };
}

export interface ChosenRuntime {
  readonly runtime: Runtime;
  readonly name: string;
  /** One clause for the summary: why this one. */
  readonly why: string;
  /** Absent for the embedded one. */
  readonly endpoint?: string;
}

/** Which runtime is asked for. */
export interface RuntimeWish {
  /** `--runtime`: `process`, `cri`, or empty for what there is. */
  readonly name: string;
  /** `--container-runtime-endpoint` and `--image-service-endpoint`, or the configuration's. */
  readonly endpoint: string;
  readonly imageEndpoint: string;
  /** The user named the endpoint: it must answer. */
  readonly named: boolean;
  readonly requestTimeoutMs: number;
}

/** What the flags and the configuration say of the runtime. */
export function runtimeWish(name: string, config: KubeletConfiguration, named: boolean): RuntimeWish {
  const endpoint = config.containerRuntimeEndpoint;
  return {
    name,
    endpoint,
    imageEndpoint: config.imageServiceEndpoint ?? '',
    named: named || endpoint !== DEFAULT_ENDPOINT,
    requestTimeoutMs: parseDuration(config.runtimeRequestTimeout),
  };
}

/** Starts the runtime that is wished for. Throws a UserError for one that is not there. */
export async function chooseRuntime(wish: RuntimeWish, places: RuntimePlaces, host: Host, log: Logger): Promise<ChosenRuntime> {
  const { name } = wish;
  if (name !== '' && name !== 'process' && name !== 'cri')
    throw new UserError(`there is no runtime ${JSON.stringify(name)}; this version has: process, cri`);
  const cri = name === 'process' ? undefined : await criRuntime(wish, host, log);
  if (cri) return cri;
  const runtime = await startProcessRuntime({
    rootDir: places.runtime,
    imagesDir: places.images,
    hiddenPaths: places.hidden,
    host,
    log,
    subnet: places.podCIDR,
    bridge: bridgeName(places.podCIDR),
    ...(places.registries && { registries: places.registries }),
    ...(places.cni && { cni: places.cni }),
  });
  return { runtime, name: 'process', why: name === 'process' ? 'asked for by --runtime' : 'the embedded default' };
}

/** The runtime behind the endpoint; undefined when none is there and none was asked for. */
async function criRuntime(wish: RuntimeWish, host: Host, log: Logger): Promise<ChosenRuntime | undefined> {
  const { endpoint, imageEndpoint, requestTimeoutMs } = wish;
  const wanted = wish.name === 'cri' || wish.named;
  if (!wanted && !(await isSocket(endpoint.replace('unix://', ''), host))) return undefined;
  // Loaded when it is needed: the embedded runtime pays nothing for it.
  const { startCriRuntime } = await import('../runtime/cri/cri-runtime.ts');
  try {
    const runtime = await startCriRuntime({ endpoint, imageEndpoint, requestTimeoutMs, host, log });
    const { runtimeName } = await runtime.version();
    return { runtime, name: runtimeName, endpoint, why: `${endpoint} ${wanted ? 'is what was asked for' : 'answers'}` };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    if (wanted) throw new UserError(`the container runtime at ${endpoint} does not answer: ${error.message}`);
    log.warn('The container runtime is passed over: it does not answer', { endpoint, err: error.message });
    return undefined;
  }
}

const isSocket = async (path: string, { files }: Host): Promise<boolean> =>
  (await files.stat(path).catch(() => undefined))?.isSocket() ?? false;

const DEFAULT_ENDPOINT = 'unix:///run/containerd/containerd.sock';
export const DEFAULT_POD_CIDR = '10.88.0.0/16';

/** A bridge of its own for each range, within the 15 letters that Linux allows. */
export function bridgeName(podCIDR: string): string {
  if (podCIDR === DEFAULT_POD_CIDR) return 'nodelet-br0';
  return linkName('nodelet', podCIDR);
}

/** The name of what this machine has once for each range. */
export const linkName = (prefix: string, range: string): string => prefix + hexBytes(range).slice(0, 3).join('');
