import type { TypeTable } from './record.ts';

/** The types of package flowcontrol/v1. */
export const flowcontrolV1 = {
  'flowcontrol/v1.ExemptPriorityLevelConfiguration': {
    fields: {
      nominalConcurrencyShares: { type: 'int32', tag: 1, pointer: true },
      lendablePercent: { type: 'int32', tag: 2, pointer: true },
    },
  },
  'flowcontrol/v1.FlowDistinguisherMethod': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.FlowDistinguisherMethodType' },
    },
  },
  'flowcontrol/v1.FlowSchema': {
    gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'FlowSchema' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'flowcontrol/v1.FlowSchemaSpec', tag: 2, written: true },
      status: { type: 'flowcontrol/v1.FlowSchemaStatus', tag: 3, written: true },
    },
  },
  'flowcontrol/v1.FlowSchemaCondition': {
    fields: {
      type: { type: 'string', tag: 1, go: 'v1.FlowSchemaConditionType' },
      status: { type: 'string', tag: 2, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'flowcontrol/v1.FlowSchemaSpec': {
    fields: {
      priorityLevelConfiguration: { type: 'flowcontrol/v1.PriorityLevelConfigurationReference', tag: 1, required: true },
      matchingPrecedence: { type: 'int32', tag: 2, written: true },
      distinguisherMethod: { type: 'flowcontrol/v1.FlowDistinguisherMethod', tag: 3 },
      rules: { type: 'flowcontrol/v1.PolicyRulesWithSubjects', tag: 4, list: 'atomic' },
    },
  },
  'flowcontrol/v1.FlowSchemaStatus': {
    fields: {
      conditions: { type: 'flowcontrol/v1.FlowSchemaCondition', tag: 1, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'flowcontrol/v1.GroupSubject': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
  'flowcontrol/v1.LimitResponse': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.LimitResponseType' },
      queuing: { type: 'flowcontrol/v1.QueuingConfiguration', tag: 2 },
    },
  },
  'flowcontrol/v1.LimitedPriorityLevelConfiguration': {
    fields: {
      nominalConcurrencyShares: { type: 'int32', tag: 1, pointer: true, written: true },
      limitResponse: { type: 'flowcontrol/v1.LimitResponse', tag: 2, written: true },
      lendablePercent: { type: 'int32', tag: 3, pointer: true },
      borrowingLimitPercent: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'flowcontrol/v1.NonResourcePolicyRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'set', required: true },
      nonResourceURLs: { type: 'string', tag: 6, list: 'set', required: true },
    },
  },
  'flowcontrol/v1.PolicyRulesWithSubjects': {
    fields: {
      subjects: { type: 'flowcontrol/v1.Subject', tag: 1, list: 'atomic', required: true },
      resourceRules: { type: 'flowcontrol/v1.ResourcePolicyRule', tag: 2, list: 'atomic' },
      nonResourceRules: { type: 'flowcontrol/v1.NonResourcePolicyRule', tag: 3, list: 'atomic' },
    },
  },
  'flowcontrol/v1.PriorityLevelConfiguration': {
    gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'PriorityLevelConfiguration' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'flowcontrol/v1.PriorityLevelConfigurationSpec', tag: 2, written: true },
      status: { type: 'flowcontrol/v1.PriorityLevelConfigurationStatus', tag: 3, written: true },
    },
  },
  'flowcontrol/v1.PriorityLevelConfigurationCondition': {
    fields: {
      type: { type: 'string', tag: 1, go: 'v1.PriorityLevelConfigurationConditionType' },
      status: { type: 'string', tag: 2, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'flowcontrol/v1.PriorityLevelConfigurationReference': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
  'flowcontrol/v1.PriorityLevelConfigurationSpec': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.PriorityLevelEnablement' },
      limited: { type: 'flowcontrol/v1.LimitedPriorityLevelConfiguration', tag: 2 },
      exempt: { type: 'flowcontrol/v1.ExemptPriorityLevelConfiguration', tag: 3 },
    },
  },
  'flowcontrol/v1.PriorityLevelConfigurationStatus': {
    fields: {
      conditions: {
        type: 'flowcontrol/v1.PriorityLevelConfigurationCondition',
        tag: 1,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
      },
    },
  },
  'flowcontrol/v1.QueuingConfiguration': {
    fields: {
      queues: { type: 'int32', tag: 1, written: true },
      handSize: { type: 'int32', tag: 2, written: true },
      queueLengthLimit: { type: 'int32', tag: 3, written: true },
    },
  },
  'flowcontrol/v1.ResourcePolicyRule': {
    fields: {
      verbs: { type: 'string', tag: 1, list: 'set', required: true },
      apiGroups: { type: 'string', tag: 2, list: 'set', required: true },
      resources: { type: 'string', tag: 3, list: 'set', required: true },
      clusterScope: { type: 'bool', tag: 4 },
      namespaces: { type: 'string', tag: 5, list: 'set', written: true },
    },
  },
  'flowcontrol/v1.ServiceAccountSubject': {
    fields: {
      namespace: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
    },
  },
  'flowcontrol/v1.Subject': {
    fields: {
      kind: { type: 'string', tag: 1, required: true, go: 'v1.SubjectKind' },
      user: { type: 'flowcontrol/v1.UserSubject', tag: 2 },
      group: { type: 'flowcontrol/v1.GroupSubject', tag: 3 },
      serviceAccount: { type: 'flowcontrol/v1.ServiceAccountSubject', tag: 4 },
    },
  },
  'flowcontrol/v1.UserSubject': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
} as const satisfies TypeTable;
