import type { TypeTable } from './record.ts';

/** The types of package authorization/v1. */
export const authorizationV1 = {
  'authorization/v1.FieldSelectorAttributes': {
    fields: {
      rawSelector: { type: 'string', tag: 1 },
      requirements: { type: 'meta/v1.FieldSelectorRequirement', tag: 2, list: 'atomic' },
    },
  },
  'authorization/v1.LabelSelectorAttributes': {
    fields: {
      rawSelector: { type: 'string', tag: 1 },
      requirements: { type: 'meta/v1.LabelSelectorRequirement', tag: 2, list: 'atomic' },
    },
  },
  'authorization/v1.LocalSubjectAccessReview': {
    gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'LocalSubjectAccessReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1.SubjectAccessReviewSpec', tag: 2, required: true },
      status: { type: 'authorization/v1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1.NonResourceAttributes': {
    fields: {
      path: { type: 'string', tag: 1 },
      verb: { type: 'string', tag: 2 },
    },
  },
  'authorization/v1.NonResourceRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'atomic', required: true },
      nonResourceURLs: { type: 'string', tag: 2, list: 'atomic' },
    },
  },
  'authorization/v1.ResourceAttributes': {
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
  'authorization/v1.ResourceRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'atomic', required: true },
      apiGroups: { type: 'string', tag: 2, list: 'atomic' },
      resources: { type: 'string', tag: 3, list: 'atomic' },
      resourceNames: { type: 'string', tag: 4, list: 'atomic' },
    },
  },
  'authorization/v1.SelfSubjectAccessReview': {
    gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1.SelfSubjectAccessReviewSpec', tag: 2, required: true },
      status: { type: 'authorization/v1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1.SelfSubjectAccessReviewSpec': {
    fields: {
      resourceAttributes: { type: 'authorization/v1.ResourceAttributes', tag: 1 },
      nonResourceAttributes: { type: 'authorization/v1.NonResourceAttributes', tag: 2 },
    },
  },
  'authorization/v1.SelfSubjectRulesReview': {
    gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectRulesReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1.SelfSubjectRulesReviewSpec', tag: 2, required: true },
      status: { type: 'authorization/v1.SubjectRulesReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1.SelfSubjectRulesReviewSpec': {
    fields: {
      namespace: { type: 'string', tag: 1 },
    },
  },
  'authorization/v1.SubjectAccessReview': {
    gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'authorization/v1.SubjectAccessReviewSpec', tag: 2, required: true },
      status: { type: 'authorization/v1.SubjectAccessReviewStatus', tag: 3, written: true },
    },
  },
  'authorization/v1.SubjectAccessReviewSpec': {
    fields: {
      resourceAttributes: { type: 'authorization/v1.ResourceAttributes', tag: 1 },
      nonResourceAttributes: { type: 'authorization/v1.NonResourceAttributes', tag: 2 },
      user: { type: 'string', tag: 3 },
      groups: { type: 'string', tag: 4, list: 'atomic' },
      extra: { type: 'extraValue', map: true, tag: 5 },
      uid: { type: 'string', tag: 6 },
    },
  },
  'authorization/v1.SubjectAccessReviewStatus': {
    fields: {
      allowed: { type: 'bool', tag: 1, required: true },
      denied: { type: 'bool', tag: 4 },
      reason: { type: 'string', tag: 2 },
      evaluationError: { type: 'string', tag: 3 },
    },
  },
  'authorization/v1.SubjectRulesReviewStatus': {
    fields: {
      resourceRules: { type: 'authorization/v1.ResourceRule', tag: 1, list: 'atomic', required: true },
      nonResourceRules: { type: 'authorization/v1.NonResourceRule', tag: 2, list: 'atomic', required: true },
      incomplete: { type: 'bool', tag: 3, required: true },
      evaluationError: { type: 'string', tag: 4 },
    },
  },
} as const satisfies TypeTable;
