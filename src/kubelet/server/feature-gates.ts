import type { KubeletConfiguration } from '../config.ts';

/** The feature gates that change what this kubelet does, and whether they are on (kubernetes v1.36 `pkg/features`). */
export const FEATURE_GATES = {
  ComponentFlagz: true,
  ComponentStatusz: true,
  ContainerCheckpoint: true,
  ExtendWebSocketsToKubelet: true,
  NodeLogQuery: true,
  PodLogsQuerySplitStreams: false,
} as const satisfies Readonly<Record<string, boolean>>;

export type FeatureGate = keyof typeof FEATURE_GATES;

/** How far each gate has come; empty when it is generally available. Sorted by name. */
export const GATE_STAGES: readonly (readonly [FeatureGate, 'ALPHA' | 'BETA' | ''])[] = [
  ['ComponentFlagz', 'BETA'],
  ['ComponentStatusz', 'BETA'],
  ['ContainerCheckpoint', 'BETA'],
  ['ExtendWebSocketsToKubelet', 'BETA'],
  ['NodeLogQuery', ''],
  ['PodLogsQuerySplitStreams', 'ALPHA'],
];

/** Gates that are on for good in v1.36: a configuration cannot turn them off. */
export const LOCKED_GATES: ReadonlySet<string> = new Set(['NodeLogQuery']);

/** Whether a gate is on under this configuration. */
export function gateIsOn(config: Pick<KubeletConfiguration, 'featureGates'>, gate: FeatureGate): boolean {
  return LOCKED_GATES.has(gate) ? true : (config.featureGates[gate] ?? FEATURE_GATES[gate]);
}

/** Gates of a configuration that nodelet does not know, sorted; they have no effect and the log should say so. */
export function unknownGates(config: Pick<KubeletConfiguration, 'featureGates'>): string[] {
  return Object.keys(config.featureGates)
    .filter((name) => !Object.hasOwn(FEATURE_GATES, name))
    .sort();
}
