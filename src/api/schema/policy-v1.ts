import type { TypeTable } from './record.ts';

/** The types of package policy/v1. */
export const policyV1 = {
  'policy/v1.Eviction': {
    gvk: [{ group: 'policy', version: 'v1', kind: 'Eviction' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      deleteOptions: { type: 'meta/v1.DeleteOptions', tag: 2 },
    },
  },
  'policy/v1.PodDisruptionBudget': {
    gvk: [{ group: 'policy', version: 'v1', kind: 'PodDisruptionBudget' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'policy/v1.PodDisruptionBudgetSpec', tag: 2, written: true },
      status: { type: 'policy/v1.PodDisruptionBudgetStatus', tag: 3, written: true },
    },
  },
  'policy/v1.PodDisruptionBudgetSpec': {
    fields: {
      minAvailable: { type: 'intOrString', tag: 1, pointer: true },
      selector: { type: 'meta/v1.LabelSelector', tag: 2, strategy: 'replace' },
      maxUnavailable: { type: 'intOrString', tag: 3, pointer: true },
      unhealthyPodEvictionPolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.UnhealthyPodEvictionPolicyType' },
    },
  },
  'policy/v1.PodDisruptionBudgetStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1 },
      disruptedPods: { type: 'time', map: true, tag: 2 },
      disruptionsAllowed: { type: 'int32', tag: 3, required: true, optional: true },
      currentHealthy: { type: 'int32', tag: 4, required: true, optional: true },
      desiredHealthy: { type: 'int32', tag: 5, required: true, optional: true },
      expectedPods: { type: 'int32', tag: 6, required: true, optional: true },
      conditions: { type: 'meta/v1.Condition', tag: 7, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
} as const satisfies TypeTable;
