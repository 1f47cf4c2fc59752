import type { TypeTable } from './record.ts';

/** The types of package authentication/v1alpha1. */
export const authenticationV1alpha1 = {
  'authentication/v1alpha1.SelfSubjectReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      status: { type: 'authentication/v1alpha1.SelfSubjectReviewStatus', tag: 2, written: true },
    },
  },
  'authentication/v1alpha1.SelfSubjectReviewStatus': {
    fields: {
      userInfo: { type: 'authentication/v1.UserInfo', tag: 1, written: true },
    },
  },
} as const satisfies TypeTable;
