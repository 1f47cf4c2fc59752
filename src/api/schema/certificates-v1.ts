import type { TypeTable } from './record.ts';

/** The types of package certificates/v1. */
export const certificatesV1 = {
  'certificates/v1.CertificateSigningRequest': {
    gvk: [{ group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'certificates/v1.CertificateSigningRequestSpec', tag: 2, required: true },
      status: { type: 'certificates/v1.CertificateSigningRequestStatus', tag: 3, written: true },
    },
  },
  'certificates/v1.CertificateSigningRequestCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.RequestConditionType' },
      status: { type: 'string', tag: 6, required: true, go: 'v1.ConditionStatus' },
      reason: { type: 'string', tag: 2 },
      message: { type: 'string', tag: 3 },
      lastUpdateTime: { type: 'time', tag: 4, written: true },
      lastTransitionTime: { type: 'time', tag: 5, written: true },
    },
  },
  'certificates/v1.CertificateSigningRequestSpec': {
    fields: {
      request: { type: 'bytes', tag: 1, required: true, format: 'byte' },
      signerName: { type: 'string', tag: 7, required: true },
      expirationSeconds: { type: 'int32', tag: 8, pointer: true },
      usages: { type: 'string', tag: 5, list: 'atomic', go: '[]v1.KeyUsage' },
      username: { type: 'string', tag: 2 },
      uid: { type: 'string', tag: 3 },
      groups: { type: 'string', tag: 4, list: 'atomic' },
      extra: { type: 'extraValue', map: true, tag: 6 },
    },
  },
  'certificates/v1.CertificateSigningRequestStatus': {
    fields: {
      conditions: { type: 'certificates/v1.CertificateSigningRequestCondition', tag: 1, list: 'map', keys: ['type'] },
      certificate: { type: 'bytes', tag: 2, format: 'byte' },
    },
  },
} as const satisfies TypeTable;
