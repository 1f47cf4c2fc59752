/** Which runtime runs the pods, and why. */
import { startProcessRuntime } from '../runtime/process/process-runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import { UserError } from './user-error.ts';

export interface RuntimePlaces {
  readonly runtime: string;
  readonly images: string;
  readonly podCIDR: string;
  /** Directories that no container on the host's root may see. */
  readonly hidden: readonly string[];
}

export interface ChosenRuntime {
  readonly runtime: Runtime;
  readonly name: string;
  /** One clause for the summary: why this one. */
  readonly why: string;
}

/** Starts the runtime that `--runtime` names. Throws a UserError for one that is not there. */
export async function chooseRuntime(asked: string, places: RuntimePlaces, host: Host, log: Logger): Promise<ChosenRuntime> {
  if (asked !== '' && asked !== 'process') throw new UserError(`there is no runtime ${JSON.stringify(asked)}; this version has: process`);
  const runtime = await startProcessRuntime({
    rootDir: places.runtime,
    imagesDir: places.images,
    hiddenPaths: places.hidden,
    host,
    log,
    subnet: places.podCIDR,
    bridge: bridgeName(places.podCIDR),
  });
  return { runtime, name: 'process', why: asked === 'process' ? 'asked for by --runtime' : 'the embedded default' };
}

export const DEFAULT_POD_CIDR = '10.88.0.0/16';

/** A bridge of its own for each range, within the 15 letters that Linux allows. */
export function bridgeName(podCIDR: string): string {
  if (podCIDR === DEFAULT_POD_CIDR) return 'nodelet-br0';
  const [a = '0', b = '0', c = '0'] = podCIDR.split('.');
  return `nodelet${[a, b, c].map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`;
}
