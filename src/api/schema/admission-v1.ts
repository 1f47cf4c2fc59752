import type { TypeTable } from './record.ts';

/** The types of package admission/v1. */
export const admissionV1 = {
  'admission/v1.AdmissionRequest': {
    fields: {
      uid: { type: 'string', tag: 1, written: true, go: 'types.UID' },
      kind: { type: 'meta/v1.GroupVersionKind', tag: 2, written: true },
      resource: { type: 'meta/v1.GroupVersionResource', tag: 3, written: true },
      subResource: { type: 'string', tag: 4 },
      requestKind: { type: 'meta/v1.GroupVersionKind', tag: 13 },
      requestResource: { type: 'meta/v1.GroupVersionResource', tag: 14 },
      requestSubResource: { type: 'string', tag: 15 },
      name: { type: 'string', tag: 5 },
      namespace: { type: 'string', tag: 6 },
      operation: { type: 'string', tag: 7, written: true, go: 'v1.Operation' },
      userInfo: { type: 'authentication/v1.UserInfo', tag: 8, written: true },
      object: { type: 'raw', tag: 9, written: true },
      oldObject: { type: 'raw', tag: 10, written: true },
      dryRun: { type: 'bool', tag: 11, pointer: true },
      options: { type: 'raw', tag: 12, written: true },
    },
  },
  'admission/v1.AdmissionResponse': {
    fields: {
      uid: { type: 'string', tag: 1, written: true, go: 'types.UID' },
      allowed: { type: 'bool', tag: 2, written: true },
      status: { type: 'meta/v1.Status', tag: 3 },
      patch: { type: 'bytes', tag: 4 },
      patchType: { type: 'string', tag: 5, pointer: true, go: 'v1.PatchType' },
      auditAnnotations: { type: 'string', map: true, tag: 6 },
      warnings: { type: 'string', tag: 7, list: 'plain' },
    },
  },
  'admission/v1.AdmissionReview': {
    gvk: [{ group: 'admission.k8s.io', version: 'v1', kind: 'AdmissionReview' }],
    fields: {
      request: { type: 'admission/v1.AdmissionRequest', tag: 1 },
      response: { type: 'admission/v1.AdmissionResponse', tag: 2 },
    },
  },
} as const satisfies TypeTable;
