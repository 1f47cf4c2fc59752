import type { TypeTable } from './record.ts';

/** The types of package authorization/v1beta1. */
export const authorizationV1beta1 = {
  'authorization/v1beta1.LocalSubjectAccessReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1beta1.SubjectAccessReviewSpec', tag: 2, written: true },
      status: { type: 'authorization/v1beta1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1beta1.NonResourceAttributes': {
    fields: {
      path: { type: 'string', tag: 1 },
      verb: { type: 'string', tag: 2 },
    },
  },
  'authorization/v1beta1.NonResourceRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'plain', written: true },
      nonResourceURLs: { type: 'string', tag: 2, list: 'plain' },
    },
  },
  'authorization/v1beta1.ResourceAttributes': {
    fields: {
      namespace: { type: 'string', tag: 1 },
      verb: { type: 'string', tag: 2 },
      group: { type: 'string', tag: 3 },
      version: { type: 'string', tag: 4 },
      resource: { type: 'string', tag: 5 },
      subresource: { type: 'string', tag: 6 },
      name: { type: 'string', tag: 7 },
      fieldSelector: { type: 'authorization/v1.FieldSelectorAttributes', tag: 8 },
      labelSelector: { type: 'authorization/v1.LabelSelectorAttributes', tag: 9 },
    },
  },
  'authorization/v1beta1.ResourceRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'plain', written: true },
      apiGroups: { type: 'string', tag: 2, list: 'plain' },
      resources: { type: 'string', tag: 3, list: 'plain' },
      resourceNames: { type: 'string', tag: 4, list: 'plain' },
    },
  },
  'authorization/v1beta1.SelfSubjectAccessReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1beta1.SelfSubjectAccessReviewSpec', tag: 2, written: true },
      status: { type: 'authorization/v1beta1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1beta1.SelfSubjectAccessReviewSpec': {
    fields: {
      resourceAttributes: { type: 'authorization/v1beta1.ResourceAttributes', tag: 1 },
      nonResourceAttributes: { type: 'authorization/v1beta1.NonResourceAttributes', tag: 2 },
    },
  },
  'authorization/v1beta1.SelfSubjectRulesReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1beta1.SelfSubjectRulesReviewSpec', tag: 2, written: true },
      status: { type: 'authorization/v1beta1.SubjectRulesReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1beta1.SelfSubjectRulesReviewSpec': {
    fields: {
      namespace: { type: 'string', tag: 1 },
    },
  },
  'authorization/v1beta1.SubjectAccessReview': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1beta1.SubjectAccessReviewSpec', tag: 2, written: true },
      status: { type: 'authorization/v1beta1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1beta1.SubjectAccessReviewSpec': {
    fields: {
      resourceAttributes: { type: 'authorization/v1beta1.ResourceAttributes', tag: 1 },
      nonResourceAttributes: { type: 'authorization/v1beta1.NonResourceAttributes', tag: 2 },
      user: { type: 'string', tag: 3 },
      group: { type: 'string', tag: 4, list: 'plain' },
      extra: { type: 'extraValue', map: true, tag: 5, go: 'map[string]v1beta1.ExtraValue' },
      uid: { type: 'string', tag: 6 },
    },
  },
  'authorization/v1beta1.SubjectAccessReviewStatus': {
    fields: {
      allowed: { type: 'bool', tag: 1, written: true },
      denied: { type: 'bool', tag: 4 },
      reason: { type: 'string', tag: 2 },
      evaluationError: { type: 'string', tag: 3 },
    },
  },
  'authorization/v1beta1.SubjectRulesReviewStatus': {
    fields: {
      resourceRules: { type: 'authorization/v1beta1.ResourceRule', tag: 1, list: 'plain', written: true },
      nonResourceRules: { type: 'authorization/v1beta1.NonResourceRule', tag: 2, list: 'plain', written: true },
      incomplete: { type: 'bool', tag: 3, written: true },
      evaluationError: { type: 'string', tag: 4 },
    },
  },
} as const satisfies TypeTable;
