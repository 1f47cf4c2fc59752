import type { TypeTable } from './record.ts';

/** The types of package scheduling/v1. */
export const schedulingV1 = {
  'scheduling/v1.PriorityClass': {
    gvk: [{ group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      value: { type: 'int32', tag: 2, required: true, optional: true },
      globalDefault: { type: 'bool', tag: 3 },
      description: { type: 'string', tag: 4 },
      preemptionPolicy: { type: 'string', tag: 5, pointer: true, go: 'v1.PreemptionPolicy' },
    },
  },
} as const satisfies TypeTable;
