import type { TypeTable } from './record.ts';

/** The types of package authentication/v1beta1. */
export const authenticationV1beta1 = {
  'authentication/v1beta1.SelfSubjectReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      status: { type: 'authentication/v1beta1.SelfSubjectReviewStatus', tag: 2, written: true },
    },
  },
  'authentication/v1beta1.SelfSubjectReviewStatus': {
    fields: {
      userInfo: { type: 'authentication/v1.UserInfo', tag: 1, written: true },
    },
  },
  'authentication/v1beta1.TokenReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authentication/v1beta1.TokenReviewSpec', tag: 2, written: true },
      status: { type: 'authentication/v1beta1.TokenReviewStatus', tag: 3, written: true },
    },
  },
  'authentication/v1beta1.TokenReviewSpec': {
    fields: {
      token: { type: 'string', tag: 1 },
      audiences: { type: 'string', tag: 2, list: 'plain' },
    },
  },
  'authentication/v1beta1.TokenReviewStatus': {
    fields: {
      authenticated: { type: 'bool', tag: 1 },
      user: { type: 'authentication/v1beta1.UserInfo', tag: 2, written: true },
      audiences: { type: 'string', tag: 4, list: 'plain' },
      error: { type: 'string', tag: 3 },
    },
  },
  'authentication/v1beta1.UserInfo': {
    fields: {
      username: { type: 'string', tag: 1 },
      uid: { type: 'string', tag: 2 },
      groups: { type: 'string', tag: 3, list: 'plain' },
      extra: { type: 'extraValue', map: true, tag: 4, go: 'map[string]v1beta1.ExtraValue' },
    },
  },
} as const satisfies TypeTable;
