import type { TypeTable } from './record.ts';

/** The types of package authentication/v1. */
export const authenticationV1 = {
  'authentication/v1.BoundObjectReference': {
    fields: {
      kind: { type: 'string', tag: 1 },
      apiVersion: { type: 'string', tag: 2 },
      name: { type: 'string', tag: 3 },
      uid: { type: 'string', tag: 4, go: 'types.UID' },
    },
  },
  'authentication/v1.SelfSubjectReview': {
    gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      status: { type: 'authentication/v1.SelfSubjectReviewStatus', tag: 2, written: true },
    },
  },
  'authentication/v1.SelfSubjectReviewStatus': {
    fields: {
      userInfo: { type: 'authentication/v1.UserInfo', tag: 1, written: true },
    },
  },
  'authentication/v1.TokenRequest': {
    gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authentication/v1.TokenRequestSpec', tag: 2, written: true },
      status: { type: 'authentication/v1.TokenRequestStatus', tag: 3, written: true },
    },
  },
  'authentication/v1.TokenRequestSpec': {
    fields: {
      audiences: { type: 'string', tag: 1, list: 'atomic', required: true, optional: true },
      expirationSeconds: { type: 'int64', tag: 4, required: true, optional: true, pointer: true },
      boundObjectRef: { type: 'authentication/v1.BoundObjectReference', tag: 3, pointer: true, written: true },
    },
  },
  'authentication/v1.TokenRequestStatus': {
    fields: {
      token: { type: 'string', tag: 1, required: true, optional: true },
      expirationTimestamp: { type: 'time', tag: 2, required: true, optional: true },
    },
  },
  'authentication/v1.TokenReview': {
    gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authentication/v1.TokenReviewSpec', tag: 2, required: true },
      status: { type: 'authentication/v1.TokenReviewStatus', tag: 3, written: true },
    },
  },
  'authentication/v1.TokenReviewSpec': {
    fields: {
      token: { type: 'string', tag: 1, required: true, written: false },
      audiences: { type: 'string', tag: 2, list: 'atomic' },
    },
  },
  'authentication/v1.TokenReviewStatus': {
    fields: {
      authenticated: { type: 'bool', tag: 1 },
      user: { type: 'authentication/v1.UserInfo', tag: 2, written: true },
      audiences: { type: 'string', tag: 4, list: 'atomic' },
      error: { type: 'string', tag: 3 },
    },
  },
  'authentication/v1.UserInfo': {
    fields: {
      username: { type: 'string', tag: 1 },
      uid: { type: 'string', tag: 2 },
      groups: { type: 'string', tag: 3, list: 'atomic' },
      extra: { type: 'extraValue', map: true, tag: 4 },
    },
  },
} as const satisfies TypeTable;
