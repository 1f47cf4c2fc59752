import type { TypeTable } from './record.ts';

/** The types of package apiextensions/v1. */
export const apiextensionsV1 = {
  'apiextensions/v1.ConversionRequest': {
    fields: {
      uid: { type: 'string', tag: 1, written: true, go: 'types.UID' },
      desiredAPIVersion: { type: 'string', tag: 2, written: true },
      objects: { type: 'raw', tag: 3, list: 'plain', written: true },
    },
  },
  'apiextensions/v1.ConversionResponse': {
    fields: {
      uid: { type: 'string', tag: 1, written: true, go: 'types.UID' },
      convertedObjects: { type: 'raw', tag: 2, list: 'plain', written: true },
      result: { type: 'meta/v1.Status', tag: 3, written: true },
    },
  },
  'apiextensions/v1.ConversionReview': {
    gvk: [{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'ConversionReview' }],
    fields: {
      request: { type: 'apiextensions/v1.ConversionRequest', tag: 1 },
      response: { type: 'apiextensions/v1.ConversionResponse', tag: 2 },
    },
  },
  'apiextensions/v1.CustomResourceColumnDefinition': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      type: { type: 'string', tag: 2, required: true },
      format: { type: 'string', tag: 3 },
      description: { type: 'string', tag: 4 },
      priority: { type: 'int32', tag: 5 },
      jsonPath: { type: 'string', tag: 6, required: true },
    },
  },
  'apiextensions/v1.CustomResourceConversion': {
    fields: {
      strategy: { type: 'string', tag: 1, required: true, go: 'v1.ConversionStrategyType' },
      webhook: { type: 'apiextensions/v1.WebhookConversion', tag: 2 },
    },
  },
  'apiextensions/v1.CustomResourceDefinition': {
    gvk: [{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'apiextensions/v1.CustomResourceDefinitionSpec', tag: 2, required: true },
      status: { type: 'apiextensions/v1.CustomResourceDefinitionStatus', tag: 3, written: true },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.CustomResourceDefinitionConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
      observedGeneration: { type: 'int64', tag: 6 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionNames': {
    fields: {
      plural: { type: 'string', tag: 1, required: true },
      singular: { type: 'string', tag: 2 },
      shortNames: { type: 'string', tag: 3, list: 'atomic' },
      kind: { type: 'string', tag: 4, required: true },
      listKind: { type: 'string', tag: 5 },
      categories: { type: 'string', tag: 6, list: 'atomic' },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionSpec': {
    fields: {
      group: { type: 'string', tag: 1, required: true },
      names: { type: 'apiextensions/v1.CustomResourceDefinitionNames', tag: 3, required: true },
      scope: { type: 'string', tag: 4, required: true, go: 'v1.ResourceScope' },
      versions: { type: 'apiextensions/v1.CustomResourceDefinitionVersion', tag: 7, list: 'atomic', required: true },
      conversion: { type: 'apiextensions/v1.CustomResourceConversion', tag: 9 },
      preserveUnknownFields: { type: 'bool', tag: 10 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionStatus': {
    fields: {
      conditions: { type: 'apiextensions/v1.CustomResourceDefinitionCondition', tag: 1, list: 'map', keys: ['type'], written: true },
      acceptedNames: { type: 'apiextensions/v1.CustomResourceDefinitionNames', tag: 2, written: true },
      storedVersions: { type: 'string', tag: 3, list: 'atomic', written: true },
      observedGeneration: { type: 'int64', tag: 4 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionVersion': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      served: { type: 'bool', tag: 2, required: true },
      storage: { type: 'bool', tag: 3, required: true },
      deprecated: { type: 'bool', tag: 7 },
      deprecationWarning: { type: 'string', tag: 8, pointer: true },
      schema: { type: 'apiextensions/v1.CustomResourceValidation', tag: 4 },
      subresources: { type: 'apiextensions/v1.CustomResourceSubresources', tag: 5 },
      additionalPrinterColumns: { type: 'apiextensions/v1.CustomResourceColumnDefinition', tag: 6, list: 'atomic' },
      selectableFields: { type: 'apiextensions/v1.SelectableField', tag: 9, list: 'atomic' },
    },
  },
  'apiextensions/v1.CustomResourceSubresourceScale': {
    fields: {
      specReplicasPath: { type: 'string', tag: 1, required: true },
      statusReplicasPath: { type: 'string', tag: 2, required: true },
      labelSelectorPath: { type: 'string', tag: 3, pointer: true },
    },
  },
  'apiextensions/v1.CustomResourceSubresourceStatus': {
    fields: {},
  },
  'apiextensions/v1.CustomResourceSubresources': {
    fields: {
      status: { type: 'apiextensions/v1.CustomResourceSubresourceStatus', tag: 1 },
      scale: { type: 'apiextensions/v1.CustomResourceSubresourceScale', tag: 2 },
    },
  },
  'apiextensions/v1.CustomResourceValidation': {
    fields: {
      openAPIV3Schema: { type: 'apiextensions/v1.JSONSchemaProps', tag: 1 },
    },
  },
  'apiextensions/v1.ExternalDocumentation': {
    fields: {
      description: { type: 'string', tag: 1 },
      url: { type: 'string', tag: 2 },
    },
  },
  'apiextensions/v1.JSONSchemaProps': {
    fields: {
      id: { type: 'string', tag: 1 },
      $schema: { type: 'string', tag: 2, go: 'v1.JSONSchemaURL' },
      $ref: { type: 'string', tag: 3, pointer: true },
      description: { type: 'string', tag: 4 },
      type: { type: 'string', tag: 5 },
      format: { type: 'string', tag: 6 },
      title: { type: 'string', tag: 7 },
      default: { type: 'json', tag: 8, pointer: true },
      maximum: { type: 'double', tag: 9, pointer: true },
      exclusiveMaximum: { type: 'bool', tag: 10 },
      minimum: { type: 'double', tag: 11, pointer: true },
      exclusiveMinimum: { type: 'bool', tag: 12 },
      maxLength: { type: 'int64', tag: 13, pointer: true },
      minLength: { type: 'int64', tag: 14, pointer: true },
      pattern: { type: 'string', tag: 15 },
      maxItems: { type: 'int64', tag: 16, pointer: true },
      minItems: { type: 'int64', tag: 17, pointer: true },
      uniqueItems: { type: 'bool', tag: 18 },
      multipleOf: { type: 'double', tag: 19, pointer: true },
      enum: { type: 'json', tag: 20, list: 'atomic' },
      maxProperties: { type: 'int64', tag: 21, pointer: true },
      minProperties: { type: 'int64', tag: 22, pointer: true },
      required: { type: 'string', tag: 23, list: 'atomic' },
      items: { type: 'json', tag: 24, pointer: true },
      allOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 25, list: 'atomic' },
      oneOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 26, list: 'atomic' },
      anyOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 27, list: 'atomic' },
      not: { type: 'apiextensions/v1.JSONSchemaProps', tag: 28 },
      properties: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 29 },
      additionalProperties: { type: 'json', tag: 30, pointer: true },
      patternProperties: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 31 },
      dependencies: { type: 'json', map: true, tag: 32 },
      additionalItems: { type: 'json', tag: 33, pointer: true },
      definitions: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 34, go: 'v1.JSONSchemaDefinitions' },
      externalDocs: { type: 'apiextensions/v1.ExternalDocumentation', tag: 35 },
      example: { type: 'json', tag: 36, pointer: true },
      nullable: { type: 'bool', tag: 37 },
      'x-kubernetes-preserve-unknown-fields': { type: 'bool', tag: 38, pointer: true },
      'x-kubernetes-embedded-resource': { type: 'bool', tag: 39 },
      'x-kubernetes-int-or-string': { type: 'bool', tag: 40 },
      'x-kubernetes-list-map-keys': { type: 'string', tag: 41, list: 'atomic' },
      'x-kubernetes-list-type': { type: 'string', tag: 42, pointer: true },
      'x-kubernetes-map-type': { type: 'string', tag: 43, pointer: true },
      'x-kubernetes-validations': {
        type: 'apiextensions/v1.ValidationRule',
        tag: 44,
        list: 'map',
        keys: ['rule'],
        mergeKey: 'rule',
        strategy: 'merge',
        go: 'v1.ValidationRules',
      },
    },
  },
  'apiextensions/v1.SelectableField': {
    fields: {
      jsonPath: { type: 'string', tag: 1, required: true },
    },
  },
  'apiextensions/v1.ServiceReference': {
    fields: {
      namespace: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
      path: { type: 'string', tag: 3, pointer: true },
      port: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'apiextensions/v1.ValidationRule': {
    fields: {
      rule: { type: 'string', tag: 1, required: true },
      message: { type: 'string', tag: 2 },
      messageExpression: { type: 'string', tag: 3 },
      reason: { type: 'string', tag: 4, pointer: true, go: 'v1.FieldValueErrorReason' },
      fieldPath: { type: 'string', tag: 5 },
      optionalOldSelf: { type: 'bool', tag: 6, pointer: true },
    },
  },
  'apiextensions/v1.WebhookClientConfig': {
    fields: {
      url: { type: 'string', tag: 3, pointer: true },
      service: { type: 'apiextensions/v1.ServiceReference', tag: 1 },
      caBundle: { type: 'bytes', tag: 2 },
    },
  },
  'apiextensions/v1.WebhookConversion': {
    fields: {
      clientConfig: { type: 'apiextensions/v1.WebhookClientConfig', tag: 2 },
      conversionReviewVersions: { type: 'string', tag: 3, list: 'atomic', required: true },
    },
  },
} as const satisfies TypeTable;
