/** Which of an index's images runs here (containerd `platforms/compare.go`, Only). */
import { arch } from 'node:os';
import { field } from './image-config.ts';

export interface Platform {
  readonly architecture: string;
  readonly variant: string;
}

/** By Node's word for the processor: what it runs, the best first. An empty variant is every processor's of that kind. */
const RUNNABLE: Readonly<Record<string, readonly Platform[]>> = {
  x64: [platform('amd64'), platform('amd64', 'v1'), platform('386')],
  ia32: [platform('386')],
  arm64: [platform('arm64', 'v8'), platform('arm64'), ...arm(8)],
  arm: arm(7),
};

function platform(architecture: string, variant = ''): Platform {
  return { architecture, variant };
}

function arm(newest: number): Platform[] {
  return [...Array.from({ length: newest - 4 }, (_, index) => platform('arm', `v${newest - index}`)), platform('arm')];
}

/** The entries of an index that this machine can run, the best first; those that name no platform come last. */
export function runnableHere(entries: readonly unknown[], processor: string = arch()): unknown[] {
  const wanted = RUNNABLE[processor] ?? [platform(processor)];
  const rank = (entry: unknown): number => {
    const said = field(entry, 'platform');
    if (said === undefined) return wanted.length;
    if (field(said, 'os') !== 'linux') return -1;
    const variant = field(said, 'variant') ?? '';
    return wanted.findIndex((one) => one.architecture === field(said, 'architecture') && one.variant === variant);
  };
  return entries
    .map((entry) => ({ entry, rank: rank(entry) }))
    .filter((item) => item.rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)
    .map((item) => item.entry);
}
