import type { TypeTable } from './record.ts';

/** The types of package coordination/v1. */
export const coordinationV1 = {
  'coordination/v1.Lease': {
    gvk: [{ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1 },
      spec: { type: 'coordination/v1.LeaseSpec', tag: 2 },
    },
  },
  'coordination/v1.LeaseSpec': {
    fields: {
      holderIdentity: { type: 'string', tag: 1, pointer: true },
      leaseDurationSeconds: { type: 'int32', tag: 2, pointer: true },
      acquireTime: { type: 'microTime', tag: 3 },
      renewTime: { type: 'microTime', tag: 4 },
      leaseTransitions: { type: 'int32', tag: 5, pointer: true },
      strategy: { type: 'string', tag: 6, pointer: true },
      preferredHolder: { type: 'string', tag: 7, pointer: true },
    },
  },
} as const satisfies TypeTable;
