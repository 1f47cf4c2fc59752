/** When the node is short of something, from the configuration (kubernetes `pkg/kubelet/eviction/helpers.go`). */
import { parseDuration } from '../../api/duration.ts';
import { formatQuantity, quantityOf, quantityValue } from '../../api/quantity.ts';
import type { ObjectOf } from '../../api/types.ts';

type KubeletConfiguration = ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;

export type NodePressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
/** What can run short, in the words of events. */
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

interface SignalFacts {
  readonly condition: NodePressure;
  readonly resource: StarvedResource;
}

const DISK = { condition: 'DiskPressure', resource: 'ephemeral-storage' } as const;
const INODES = { condition: 'DiskPressure', resource: 'inodes' } as const;

/** Every signal that can be configured. */
export const SIGNALS = {
  'memory.available': { condition: 'MemoryPressure', resource: 'memory' },
  'nodefs.available': DISK,
  'nodefs.inodesFree': INODES,
  'imagefs.available': DISK,
  'imagefs.inodesFree': INODES,
  'containerfs.available': DISK,
  'containerfs.inodesFree': INODES,
  'pid.available': { condition: 'PIDPressure', resource: 'pids' },
} as const satisfies Readonly<Record<string, SignalFacts>>;
export type Signal = keyof typeof SIGNALS;

/** An amount, or a share of the capacity (0…1). */
export type Amount = { readonly quantity: number } | { readonly share: number };

export interface Threshold {
  readonly signal: Signal;
  readonly value: Amount;
  /** 0 for hard thresholds. */
  readonly graceMs: number;
  /** How much more than the threshold must be free until it counts as left. */
  readonly minReclaim?: Amount;
}

/** What is there of a signal now: bytes, inodes or processes. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}
export type Observations = ReadonlyMap<Signal, Observation>;

const isSignal = (name: string): name is Signal => Object.hasOwn(SIGNALS, name);

/** All thresholds of a configuration, hard ones first. Throws an Error for what cannot be read. */
export function evictionThresholds(config: KubeletConfiguration): Threshold[] {
  const { evictionHard = {}, evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {} } = config;
  const read = (statements: Readonly<Record<string, string>>, graceOf: (signal: Signal) => number): Threshold[] =>
    Object.entries(statements).flatMap(([signal, text]) => {
      if (!isSignal(signal)) throw new Error(`unsupported eviction signal ${signal}`);
      const value = amount(text);
      // 0% and 100% turn a threshold off.
      if ('share' in value && (value.share === 0 || value.share >= 1)) return [];
      const reclaim = evictionMinimumReclaim[signal];
      return [{ signal, value, graceMs: graceOf(signal), ...(reclaim !== undefined && { minReclaim: amount(reclaim) }) }];
    });
  return [
    ...read(evictionHard, () => 0),
    ...read(evictionSoft, (signal) => {
      const grace = evictionSoftGracePeriod[signal];
      if (grace === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
      return parseDuration(grace);
    }),
  ];
}

function amount(text: string): Amount {
  if (!text.endsWith('%')) return { quantity: quantityValue(text) };
  const percent = Number(text.slice(0, -1));
  if (!Number.isFinite(percent) || percent < 0) throw new Error(`eviction percentage threshold ${text} must be >= 0%`);
  return { share: Math.fround(percent / 100) };
}

/** An amount in the unit of the signal. */
export const amountOf = (value: Amount, capacity: number): number =>
  'share' in value ? Math.floor(capacity * value.share) : value.quantity;

/** Thresholds that are crossed now; with `reclaim` those that are not left yet by as much as they ask for. */
export function crossed(thresholds: readonly Threshold[], observations: Observations, reclaim: boolean): Threshold[] {
  return thresholds.filter(({ signal, value, minReclaim }) => {
    const seen = observations.get(signal);
    if (seen === undefined) return false;
    const more = reclaim && minReclaim ? amountOf(minReclaim, seen.capacity) : 0;
    return seen.available < amountOf(value, seen.capacity) + more;
  });
}

/** `Threshold quantity: 100Mi, available: 92Mi. ` for the first threshold of a resource; empty when nothing is known. */
export function thresholdText(resource: StarvedResource, thresholds: readonly Threshold[], observations: Observations): string {
  const met = thresholds.find(({ signal }) => SIGNALS[signal].resource === resource);
  const seen = met && observations.get(met.signal);
  if (met === undefined || seen === undefined) return '';
  const text = (n: number): string => formatQuantity(quantityOf(Math.floor(n), 'BinarySI'));
  return `Threshold quantity: ${text(amountOf(met.value, seen.capacity))}, available: ${text(seen.available)}. `;
}
