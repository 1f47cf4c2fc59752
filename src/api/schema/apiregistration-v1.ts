import type { TypeTable } from './record.ts';

/** The types of package apiregistration/v1. */
export const apiregistrationV1 = {
  'apiregistration/v1.APIService': {
    gvk: [{ group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIService' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'apiregistration/v1.APIServiceSpec', tag: 2, written: true },
      status: { type: 'apiregistration/v1.APIServiceStatus', tag: 3, written: true },
    },
  },
  'apiregistration/v1.APIServiceCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.APIServiceConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'apiregistration/v1.APIServiceSpec': {
    fields: {
      service: { type: 'apiregistration/v1.ServiceReference', tag: 1 },
      group: { type: 'string', tag: 2 },
      version: { type: 'string', tag: 3 },
      insecureSkipTLSVerify: { type: 'bool', tag: 4 },
      caBundle: { type: 'bytes', tag: 5, list: 'atomic', go: '[]uint8' },
      groupPriorityMinimum: { type: 'int32', tag: 7, required: true },
      versionPriority: { type: 'int32', tag: 8, required: true },
    },
  },
  'apiregistration/v1.APIServiceStatus': {
    fields: {
      conditions: {
        type: 'apiregistration/v1.APIServiceCondition',
        tag: 1,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
      },
    },
  },
  'apiregistration/v1.ServiceReference': {
    fields: {
      namespace: { type: 'string', tag: 1 },
      name: { type: 'string', tag: 2 },
      port: { type: 'int32', tag: 3, pointer: true },
    },
  },
} as const satisfies TypeTable;
