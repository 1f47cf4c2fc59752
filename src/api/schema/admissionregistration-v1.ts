import type { TypeTable } from './record.ts';

/** The types of package admissionregistration/v1. */
export const admissionregistrationV1 = {
  'admissionregistration/v1.ApplyConfiguration': {
    fields: {
      expression: { type: 'string', tag: 1 },
    },
  },
  'admissionregistration/v1.AuditAnnotation': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      valueExpression: { type: 'string', tag: 2, required: true },
    },
  },
  'admissionregistration/v1.ExpressionWarning': {
    fields: {
      fieldRef: { type: 'string', tag: 2, required: true },
      warning: { type: 'string', tag: 3, required: true },
    },
  },
  'admissionregistration/v1.JSONPatch': {
    fields: {
      expression: { type: 'string', tag: 1 },
    },
  },
  'admissionregistration/v1.MatchCondition': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      expression: { type: 'string', tag: 2, required: true },
    },
  },
  'admissionregistration/v1.MatchResources': {
    atomic: true,
    fields: {
      namespaceSelector: { type: 'meta/v1.LabelSelector', tag: 1 },
      objectSelector: { type: 'meta/v1.LabelSelector', tag: 2 },
      resourceRules: { type: 'admissionregistration/v1.NamedRuleWithOperations', tag: 3, list: 'atomic' },
      excludeResourceRules: { type: 'admissionregistration/v1.NamedRuleWithOperations', tag: 4, list: 'atomic' },
      matchPolicy: { type: 'string', tag: 7, pointer: true, go: 'v1.MatchPolicyType' },
    },
  },
  'admissionregistration/v1.MutatingAdmissionPolicy': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingAdmissionPolicy' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'admissionregistration/v1.MutatingAdmissionPolicySpec', tag: 2, written: true },
    },
  },
  'admissionregistration/v1.MutatingAdmissionPolicyBinding': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingAdmissionPolicyBinding' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'admissionregistration/v1.MutatingAdmissionPolicyBindingSpec', tag: 2, written: true },
    },
  },
  'admissionregistration/v1.MutatingAdmissionPolicyBindingSpec': {
    fields: {
      policyName: { type: 'string', tag: 1 },
      paramRef: { type: 'admissionregistration/v1.ParamRef', tag: 2 },
      matchResources: { type: 'admissionregistration/v1.MatchResources', tag: 3 },
    },
  },
  'admissionregistration/v1.MutatingAdmissionPolicySpec': {
    fields: {
      paramKind: { type: 'admissionregistration/v1.ParamKind', tag: 1 },
      matchConstraints: { type: 'admissionregistration/v1.MatchResources', tag: 2 },
      variables: { type: 'admissionregistration/v1.Variable', tag: 3, list: 'atomic' },
      mutations: { type: 'admissionregistration/v1.Mutation', tag: 4, list: 'atomic' },
      failurePolicy: { type: 'string', tag: 5, pointer: true, go: 'v1.FailurePolicyType' },
      matchConditions: {
        type: 'admissionregistration/v1.MatchCondition',
        tag: 6,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
      reinvocationPolicy: { type: 'string', tag: 7, go: 'v1.ReinvocationPolicyType' },
    },
  },
  'admissionregistration/v1.MutatingWebhook': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      clientConfig: { type: 'admissionregistration/v1.WebhookClientConfig', tag: 2, required: true },
      rules: { type: 'admissionregistration/v1.RuleWithOperations', tag: 3, list: 'atomic' },
      failurePolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.FailurePolicyType' },
      matchPolicy: { type: 'string', tag: 9, pointer: true, go: 'v1.MatchPolicyType' },
      namespaceSelector: { type: 'meta/v1.LabelSelector', tag: 5 },
      objectSelector: { type: 'meta/v1.LabelSelector', tag: 11 },
      sideEffects: { type: 'string', tag: 6, required: true, pointer: true, go: 'v1.SideEffectClass' },
      timeoutSeconds: { type: 'int32', tag: 7, pointer: true },
      admissionReviewVersions: { type: 'string', tag: 8, list: 'atomic', required: true },
      reinvocationPolicy: { type: 'string', tag: 10, pointer: true, go: 'v1.ReinvocationPolicyType' },
      matchConditions: {
        type: 'admissionregistration/v1.MatchCondition',
        tag: 12,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
    },
  },
  'admissionregistration/v1.MutatingWebhookConfiguration': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfiguration' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      webhooks: {
        type: 'admissionregistration/v1.MutatingWebhook',
        tag: 2,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
    },
  },
  'admissionregistration/v1.Mutation': {
    fields: {
      patchType: { type: 'string', tag: 2, required: true, go: 'v1.PatchType' },
      applyConfiguration: { type: 'admissionregistration/v1.ApplyConfiguration', tag: 3 },
      jsonPatch: { type: 'admissionregistration/v1.JSONPatch', tag: 4 },
    },
  },
  'admissionregistration/v1.NamedRuleWithOperations': {
    atomic: true,
    fields: {
      resourceNames: { type: 'string', tag: 1, list: 'atomic' },
      ruleWithOperations: { type: 'admissionregistration/v1.RuleWithOperations', tag: 2, inline: true },
    },
  },
  'admissionregistration/v1.ParamKind': {
    atomic: true,
    fields: {
      apiVersion: { type: 'string', tag: 1 },
      kind: { type: 'string', tag: 2 },
    },
  },
  'admissionregistration/v1.ParamRef': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1 },
      namespace: { type: 'string', tag: 2 },
      selector: { type: 'meta/v1.LabelSelector', tag: 3 },
      parameterNotFoundAction: { type: 'string', tag: 4, pointer: true, go: 'v1.ParameterNotFoundActionType' },
    },
  },
  'admissionregistration/v1.Rule': {
    fields: {
      apiGroups: { type: 'string', tag: 1, list: 'plain' },
      apiVersions: { type: 'string', tag: 2, list: 'plain' },
      resources: { type: 'string', tag: 3, list: 'plain' },
      scope: { type: 'string', tag: 4, pointer: true, go: 'v1.ScopeType' },
    },
  },
  'admissionregistration/v1.RuleWithOperations': {
    fields: {
      operations: { type: 'string', tag: 1, list: 'atomic', go: '[]v1.OperationType' },
      rule: { type: 'admissionregistration/v1.Rule', tag: 2, inline: true },
    },
  },
  'admissionregistration/v1.ServiceReference': {
    fields: {
      namespace: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
      path: { type: 'string', tag: 3, pointer: true },
      port: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'admissionregistration/v1.TypeChecking': {
    fields: {
      expressionWarnings: { type: 'admissionregistration/v1.ExpressionWarning', tag: 1, list: 'atomic' },
    },
  },
  'admissionregistration/v1.ValidatingAdmissionPolicy': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'admissionregistration/v1.ValidatingAdmissionPolicySpec', tag: 2, written: true },
      status: { type: 'admissionregistration/v1.ValidatingAdmissionPolicyStatus', tag: 3, written: true },
    },
  },
  'admissionregistration/v1.ValidatingAdmissionPolicyBinding': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicyBinding' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec', tag: 2, required: true },
    },
  },
  'admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec': {
    fields: {
      policyName: { type: 'string', tag: 1, required: true, written: false },
      paramRef: { type: 'admissionregistration/v1.ParamRef', tag: 2 },
      matchResources: { type: 'admissionregistration/v1.MatchResources', tag: 3 },
      validationActions: { type: 'string', tag: 4, list: 'set', required: true, written: false, go: '[]v1.ValidationAction' },
    },
  },
  'admissionregistration/v1.ValidatingAdmissionPolicySpec': {
    fields: {
      paramKind: { type: 'admissionregistration/v1.ParamKind', tag: 1 },
      matchConstraints: { type: 'admissionregistration/v1.MatchResources', tag: 2 },
      validations: { type: 'admissionregistration/v1.Validation', tag: 3, list: 'atomic' },
      failurePolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.FailurePolicyType' },
      auditAnnotations: { type: 'admissionregistration/v1.AuditAnnotation', tag: 5, list: 'atomic' },
      matchConditions: {
        type: 'admissionregistration/v1.MatchCondition',
        tag: 6,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
      variables: { type: 'admissionregistration/v1.Variable', tag: 7, list: 'map', keys: ['name'], mergeKey: 'name', strategy: 'merge' },
    },
  },
  'admissionregistration/v1.ValidatingAdmissionPolicyStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1 },
      typeChecking: { type: 'admissionregistration/v1.TypeChecking', tag: 2 },
      conditions: { type: 'meta/v1.Condition', tag: 3, list: 'map', keys: ['type'] },
    },
  },
  'admissionregistration/v1.ValidatingWebhook': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      clientConfig: { type: 'admissionregistration/v1.WebhookClientConfig', tag: 2, required: true },
      rules: { type: 'admissionregistration/v1.RuleWithOperations', tag: 3, list: 'atomic' },
      failurePolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.FailurePolicyType' },
      matchPolicy: { type: 'string', tag: 9, pointer: true, go: 'v1.MatchPolicyType' },
      namespaceSelector: { type: 'meta/v1.LabelSelector', tag: 5 },
      objectSelector: { type: 'meta/v1.LabelSelector', tag: 10 },
      sideEffects: { type: 'string', tag: 6, required: true, pointer: true, go: 'v1.SideEffectClass' },
      timeoutSeconds: { type: 'int32', tag: 7, pointer: true },
      admissionReviewVersions: { type: 'string', tag: 8, list: 'atomic', required: true },
      matchConditions: {
        type: 'admissionregistration/v1.MatchCondition',
        tag: 11,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
    },
  },
  'admissionregistration/v1.ValidatingWebhookConfiguration': {
    gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingWebhookConfiguration' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      webhooks: {
        type: 'admissionregistration/v1.ValidatingWebhook',
        tag: 2,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
    },
  },
  'admissionregistration/v1.Validation': {
    fields: {
      expression: { type: 'string', tag: 1, required: true },
      message: { type: 'string', tag: 2 },
      reason: { type: 'string', tag: 3, pointer: true, go: 'v1.StatusReason' },
      messageExpression: { type: 'string', tag: 4 },
    },
  },
  'admissionregistration/v1.Variable': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1, required: true },
      expression: { type: 'string', tag: 2, required: true },
    },
  },
  'admissionregistration/v1.WebhookClientConfig': {
    fields: {
      url: { type: 'string', tag: 3, pointer: true },
      service: { type: 'admissionregistration/v1.ServiceReference', tag: 1 },
      caBundle: { type: 'bytes', tag: 2, format: 'byte' },
    },
  },
} as const satisfies TypeTable;
