import type { TypeTable } from './record.ts';

/** The types of package node/v1. */
export const nodeV1 = {
  'node/v1.Overhead': {
    fields: {
      podFixed: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList' },
    },
  },
  'node/v1.RuntimeClass': {
    gvk: [{ group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      handler: { type: 'string', tag: 2, required: true },
      overhead: { type: 'node/v1.Overhead', tag: 3 },
      scheduling: { type: 'node/v1.Scheduling', tag: 4 },
    },
  },
  'node/v1.Scheduling': {
    fields: {
      nodeSelector: { type: 'string', map: true, tag: 1, mapType: 'atomic' },
      tolerations: { type: 'core/v1.Toleration', tag: 2, list: 'atomic' },
    },
  },
} as const satisfies TypeTable;
