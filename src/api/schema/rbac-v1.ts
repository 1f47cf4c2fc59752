import type { TypeTable } from './record.ts';

/** The types of package rbac/v1. */
export const rbacV1 = {
  'rbac/v1.AggregationRule': {
    fields: {
      clusterRoleSelectors: { type: 'meta/v1.LabelSelector', tag: 1, list: 'atomic' },
    },
  },
  'rbac/v1.ClusterRole': {
    gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole' }],
    list: true,
    doc: 'Rules about what may be done in the cluster.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      rules: { type: 'rbac/v1.PolicyRule', tag: 2, list: 'atomic', required: true, optional: true, doc: 'What is allowed.' },
      aggregationRule: { type: 'rbac/v1.AggregationRule', tag: 3, doc: 'Roles whose rules are collected here.' },
    },
  },
  'rbac/v1.ClusterRoleBinding': {
    gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRoleBinding' }],
    list: true,
    doc: 'Gives a role to users in the whole cluster.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      subjects: { type: 'rbac/v1.Subject', tag: 2, list: 'atomic', doc: 'Who gets the role.' },
      roleRef: { type: 'rbac/v1.RoleRef', tag: 3, required: true, doc: 'The role.' },
    },
  },
  'rbac/v1.PolicyRule': {
    doc: 'Verbs allowed on resources or paths.',
    fields: {
      verbs: { type: 'string', tag: 1, list: 'atomic', required: true, doc: 'What may be done; * is everything.' },
      apiGroups: { type: 'string', tag: 2, list: 'atomic', doc: 'Groups of the resources; "" is the core.' },
      resources: { type: 'string', tag: 3, list: 'atomic', doc: 'Resources and subresources.' },
      resourceNames: { type: 'string', tag: 4, list: 'atomic', doc: 'Only objects with these names.' },
      nonResourceURLs: { type: 'string', tag: 5, list: 'atomic', doc: 'Paths outside resources.' },
    },
  },
  'rbac/v1.Role': {
    gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role' }],
    list: true,
    doc: 'Rules about what may be done in a namespace.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      rules: { type: 'rbac/v1.PolicyRule', tag: 2, list: 'atomic', required: true, optional: true, doc: 'What is allowed.' },
    },
  },
  'rbac/v1.RoleBinding': {
    gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleBinding' }],
    list: true,
    doc: 'Gives a role to users in a namespace.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      subjects: { type: 'rbac/v1.Subject', tag: 2, list: 'atomic', doc: 'Who gets the role.' },
      roleRef: { type: 'rbac/v1.RoleRef', tag: 3, required: true, doc: 'The role.' },
    },
  },
  'rbac/v1.RoleRef': {
    atomic: true,
    fields: {
      apiGroup: { type: 'string', tag: 1, required: true, optional: true },
      kind: { type: 'string', tag: 2, required: true },
      name: { type: 'string', tag: 3, required: true },
    },
  },
  'rbac/v1.Subject': {
    atomic: true,
    fields: {
      kind: { type: 'string', tag: 1, required: true },
      apiGroup: { type: 'string', tag: 2 },
      name: { type: 'string', tag: 3, required: true },
      namespace: { type: 'string', tag: 4 },
    },
  },
} as const satisfies TypeTable;
