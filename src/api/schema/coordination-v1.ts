import type { TypeTable } from './record.ts';

/** The types of package coordination/v1. */
export const coordinationV1 = {
  'coordination/v1.Lease': {
    gvk: [{ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' }],
    list: true,
    doc: 'A sign of life with an expiry.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'coordination/v1.LeaseSpec', tag: 2, written: true },
    },
  },
  'coordination/v1.LeaseSpec': {
    fields: {
      holderIdentity: { type: 'string', tag: 1, pointer: true },
      leaseDurationSeconds: { type: 'int32', tag: 2, pointer: true },
      acquireTime: { type: 'microTime', tag: 3, pointer: true },
      renewTime: { type: 'microTime', tag: 4, pointer: true },
      leaseTransitions: { type: 'int32', tag: 5, pointer: true },
      strategy: { type: 'string', tag: 6, pointer: true, go: 'v1.CoordinatedLeaseStrategy' },
      preferredHolder: { type: 'string', tag: 7, pointer: true },
    },
  },
} as const satisfies TypeTable;
