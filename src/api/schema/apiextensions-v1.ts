import type { TypeTable } from './record.ts';

/** The types of package apiextensions/v1. */
export const apiextensionsV1 = {
  'apiextensions/v1.ConversionRequest': {
    fields: {
      uid: { type: 'string', tag: 1 },
      desiredAPIVersion: { type: 'string', tag: 2 },
      objects: { type: 'raw', tag: 3, list: 'plain' },
    },
  },
  'apiextensions/v1.ConversionResponse': {
    fields: {
      uid: { type: 'string', tag: 1 },
      convertedObjects: { type: 'raw', tag: 2, list: 'plain' },
      result: { type: 'meta/v1.Status', tag: 3 },
    },
  },
  'apiextensions/v1.ConversionReview': {
    fields: {
      request: { type: 'apiextensions/v1.ConversionRequest', tag: 1 },
      response: { type: 'apiextensions/v1.ConversionResponse', tag: 2 },
    },
  },
  'apiextensions/v1.CustomResourceColumnDefinition': {
    fields: {
      name: { type: 'string', tag: 1 },
      type: { type: 'string', tag: 2 },
      format: { type: 'string', tag: 3 },
      description: { type: 'string', tag: 4 },
      priority: { type: 'int32', tag: 5 },
      jsonPath: { type: 'string', tag: 6 },
    },
  },
  'apiextensions/v1.CustomResourceConversion': {
    fields: {
      strategy: { type: 'string', tag: 1 },
      webhook: { type: 'apiextensions/v1.WebhookConversion', tag: 2 },
    },
  },
  'apiextensions/v1.CustomResourceDefinition': {
    gvk: [{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1 },
      spec: { type: 'apiextensions/v1.CustomResourceDefinitionSpec', tag: 2 },
      status: { type: 'apiextensions/v1.CustomResourceDefinitionStatus', tag: 3 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionCondition': {
    fields: {
      type: { type: 'string', tag: 1 },
      status: { type: 'string', tag: 2 },
      lastTransitionTime: { type: 'time', tag: 3 },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
      observedGeneration: { type: 'int64', tag: 6 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionNames': {
    fields: {
      plural: { type: 'string', tag: 1 },
      singular: { type: 'string', tag: 2 },
      shortNames: { type: 'string', tag: 3, list: 'plain' },
      kind: { type: 'string', tag: 4 },
      listKind: { type: 'string', tag: 5 },
      categories: { type: 'string', tag: 6, list: 'plain' },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionSpec': {
    fields: {
      group: { type: 'string', tag: 1 },
      names: { type: 'apiextensions/v1.CustomResourceDefinitionNames', tag: 3 },
      scope: { type: 'string', tag: 4 },
      versions: { type: 'apiextensions/v1.CustomResourceDefinitionVersion', tag: 7, list: 'plain' },
      conversion: { type: 'apiextensions/v1.CustomResourceConversion', tag: 9 },
      preserveUnknownFields: { type: 'bool', tag: 10 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionStatus': {
    fields: {
      conditions: { type: 'apiextensions/v1.CustomResourceDefinitionCondition', tag: 1, list: 'plain' },
      acceptedNames: { type: 'apiextensions/v1.CustomResourceDefinitionNames', tag: 2 },
      storedVersions: { type: 'string', tag: 3, list: 'plain' },
      observedGeneration: { type: 'int64', tag: 4 },
    },
  },
  'apiextensions/v1.CustomResourceDefinitionVersion': {
    fields: {
      name: { type: 'string', tag: 1 },
      served: { type: 'bool', tag: 2 },
      storage: { type: 'bool', tag: 3 },
      deprecated: { type: 'bool', tag: 7 },
      deprecationWarning: { type: 'string', tag: 8 },
      schema: { type: 'apiextensions/v1.CustomResourceValidation', tag: 4 },
      subresources: { type: 'apiextensions/v1.CustomResourceSubresources', tag: 5 },
      additionalPrinterColumns: { type: 'apiextensions/v1.CustomResourceColumnDefinition', tag: 6, list: 'plain' },
      selectableFields: { type: 'apiextensions/v1.SelectableField', tag: 9, list: 'plain' },
    },
  },
  'apiextensions/v1.CustomResourceSubresourceScale': {
    fields: {
      specReplicasPath: { type: 'string', tag: 1 },
      statusReplicasPath: { type: 'string', tag: 2 },
      labelSelectorPath: { type: 'string', tag: 3 },
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
      schema: { type: 'string', tag: 2 },
      ref: { type: 'string', tag: 3 },
      description: { type: 'string', tag: 4 },
      type: { type: 'string', tag: 5 },
      format: { type: 'string', tag: 6 },
      title: { type: 'string', tag: 7 },
      default: { type: 'json', tag: 8 },
      maximum: { type: 'double', tag: 9 },
      exclusiveMaximum: { type: 'bool', tag: 10 },
      minimum: { type: 'double', tag: 11 },
      exclusiveMinimum: { type: 'bool', tag: 12 },
      maxLength: { type: 'int64', tag: 13 },
      minLength: { type: 'int64', tag: 14 },
      pattern: { type: 'string', tag: 15 },
      maxItems: { type: 'int64', tag: 16 },
      minItems: { type: 'int64', tag: 17 },
      uniqueItems: { type: 'bool', tag: 18 },
      multipleOf: { type: 'double', tag: 19 },
      enum: { type: 'json', tag: 20, list: 'plain' },
      maxProperties: { type: 'int64', tag: 21 },
      minProperties: { type: 'int64', tag: 22 },
      required: { type: 'string', tag: 23, list: 'plain' },
      items: { type: 'json', tag: 24 },
      allOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 25, list: 'plain' },
      oneOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 26, list: 'plain' },
      anyOf: { type: 'apiextensions/v1.JSONSchemaProps', tag: 27, list: 'plain' },
      not: { type: 'apiextensions/v1.JSONSchemaProps', tag: 28 },
      properties: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 29 },
      additionalProperties: { type: 'json', tag: 30 },
      patternProperties: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 31 },
      dependencies: { type: 'json', map: true, tag: 32 },
      additionalItems: { type: 'json', tag: 33 },
      definitions: { type: 'apiextensions/v1.JSONSchemaProps', map: true, tag: 34 },
      externalDocs: { type: 'apiextensions/v1.ExternalDocumentation', tag: 35 },
      example: { type: 'json', tag: 36 },
      nullable: { type: 'bool', tag: 37 },
      xKubernetesPreserveUnknownFields: { type: 'bool', tag: 38 },
      xKubernetesEmbeddedResource: { type: 'bool', tag: 39 },
      xKubernetesIntOrString: { type: 'bool', tag: 40 },
      xKubernetesListMapKeys: { type: 'string', tag: 41, list: 'plain' },
      xKubernetesListType: { type: 'string', tag: 42 },
      xKubernetesMapType: { type: 'string', tag: 43 },
      xKubernetesValidations: { type: 'apiextensions/v1.ValidationRule', tag: 44, list: 'plain' },
    },
  },
  'apiextensions/v1.SelectableField': {
    fields: {
      jsonPath: { type: 'string', tag: 1 },
    },
  },
  'apiextensions/v1.ServiceReference': {
    fields: {
      namespace: { type: 'string', tag: 1 },
      name: { type: 'string', tag: 2 },
      path: { type: 'string', tag: 3 },
      port: { type: 'int32', tag: 4 },
    },
  },
  'apiextensions/v1.ValidationRule': {
    fields: {
      rule: { type: 'string', tag: 1 },
      message: { type: 'string', tag: 2 },
      messageExpression: { type: 'string', tag: 3 },
      reason: { type: 'string', tag: 4 },
      fieldPath: { type: 'string', tag: 5 },
      optionalOldSelf: { type: 'bool', tag: 6 },
    },
  },
  'apiextensions/v1.WebhookClientConfig': {
    fields: {
      url: { type: 'string', tag: 3 },
      service: { type: 'apiextensions/v1.ServiceReference', tag: 1 },
      caBundle: { type: 'bytes', tag: 2 },
    },
  },
  'apiextensions/v1.WebhookConversion': {
    fields: {
      clientConfig: { type: 'apiextensions/v1.WebhookClientConfig', tag: 2 },
      conversionReviewVersions: { type: 'string', tag: 3, list: 'plain' },
    },
  },
} as const satisfies TypeTable;
