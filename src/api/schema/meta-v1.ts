import type { TypeTable } from './record.ts';

/** The types of package meta/v1. */
export const metaV1 = {
  'meta/v1.APIGroup': {
    gvk: [{ group: '', version: 'v1', kind: 'APIGroup' }],
    fields: {
      name: { type: 'string', tag: 1, required: true },
      versions: { type: 'meta/v1.GroupVersionForDiscovery', tag: 2, list: 'atomic', required: true },
      preferredVersion: { type: 'meta/v1.GroupVersionForDiscovery', tag: 3, written: true },
      serverAddressByClientCIDRs: { type: 'meta/v1.ServerAddressByClientCIDR', tag: 4, list: 'atomic' },
    },
  },
  'meta/v1.APIGroupList': {
    gvk: [{ group: '', version: 'v1', kind: 'APIGroupList' }],
    fields: {
      groups: { type: 'meta/v1.APIGroup', tag: 1, list: 'atomic', required: true },
    },
  },
  'meta/v1.APIResource': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      singularName: { type: 'string', tag: 6, required: true },
      namespaced: { type: 'bool', tag: 2, required: true },
      group: { type: 'string', tag: 8 },
      version: { type: 'string', tag: 9 },
      kind: { type: 'string', tag: 3, required: true },
      verbs: { type: 'verbs', tag: 4, required: true },
      shortNames: { type: 'string', tag: 5, list: 'atomic' },
      categories: { type: 'string', tag: 7, list: 'atomic' },
      storageVersionHash: { type: 'string', tag: 10 },
    },
  },
  'meta/v1.APIResourceList': {
    gvk: [{ group: '', version: 'v1', kind: 'APIResourceList' }],
    fields: {
      groupVersion: { type: 'string', tag: 1, required: true },
      resources: { type: 'meta/v1.APIResource', tag: 2, list: 'atomic', required: true },
    },
  },
  'meta/v1.APIVersions': {
    gvk: [{ group: '', version: 'v1', kind: 'APIVersions' }],
    fields: {
      versions: { type: 'string', tag: 1, list: 'atomic', required: true },
      serverAddressByClientCIDRs: { type: 'meta/v1.ServerAddressByClientCIDR', tag: 2, list: 'atomic', required: true },
    },
  },
  'meta/v1.ApplyOptions': {
    fields: {
      dryRun: { type: 'string', tag: 1, list: 'plain' },
      force: { type: 'bool', tag: 2 },
      fieldManager: { type: 'string', tag: 3 },
    },
  },
  'meta/v1.Condition': {
    fields: {
      type: { type: 'string', tag: 1, required: true },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      observedGeneration: { type: 'int64', tag: 3 },
      lastTransitionTime: { type: 'time', tag: 4, required: true },
      reason: { type: 'string', tag: 5, required: true },
      message: { type: 'string', tag: 6, required: true },
    },
  },
  'meta/v1.CreateOptions': {
    fields: {
      dryRun: { type: 'string', tag: 1, list: 'plain' },
      fieldManager: { type: 'string', tag: 3 },
      fieldValidation: { type: 'string', tag: 4 },
    },
  },
  'meta/v1.DeleteOptions': {
    gvk: [{ group: '', version: 'v1', kind: 'DeleteOptions' }],
    fields: {
      gracePeriodSeconds: { type: 'int64', tag: 1, pointer: true },
      preconditions: { type: 'meta/v1.Preconditions', tag: 2 },
      orphanDependents: { type: 'bool', tag: 3, pointer: true },
      propagationPolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.DeletionPropagation' },
      dryRun: { type: 'string', tag: 5, list: 'atomic' },
      ignoreStoreReadErrorWithClusterBreakingPotential: { type: 'bool', tag: 6, pointer: true },
    },
  },
  'meta/v1.FieldSelectorRequirement': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      operator: { type: 'string', tag: 2, required: true, go: 'v1.FieldSelectorOperator' },
      values: { type: 'string', tag: 3, list: 'atomic' },
    },
  },
  'meta/v1.GetOptions': {
    fields: {
      resourceVersion: { type: 'string', tag: 1 },
    },
  },
  'meta/v1.GroupKind': {
    fields: {
      group: { type: 'string', tag: 1 },
      kind: { type: 'string', tag: 2 },
    },
  },
  'meta/v1.GroupResource': {
    fields: {
      group: { type: 'string', tag: 1, required: true },
      resource: { type: 'string', tag: 2, required: true },
    },
  },
  'meta/v1.GroupVersion': {
    fields: {
      group: { type: 'string', tag: 1 },
      version: { type: 'string', tag: 2 },
    },
  },
  'meta/v1.GroupVersionForDiscovery': {
    fields: {
      groupVersion: { type: 'string', tag: 1, required: true },
      version: { type: 'string', tag: 2, required: true },
    },
  },
  'meta/v1.GroupVersionKind': {
    fields: {
      group: { type: 'string', tag: 1, written: true },
      version: { type: 'string', tag: 2, written: true },
      kind: { type: 'string', tag: 3, written: true },
    },
  },
  'meta/v1.GroupVersionResource': {
    fields: {
      group: { type: 'string', tag: 1, written: true },
      version: { type: 'string', tag: 2, written: true },
      resource: { type: 'string', tag: 3, written: true },
    },
  },
  'meta/v1.LabelSelector': {
    atomic: true,
    doc: 'Selects objects by their labels.',
    fields: {
      matchLabels: { type: 'string', map: true, tag: 1, doc: 'Labels with exactly these values.' },
      matchExpressions: { type: 'meta/v1.LabelSelectorRequirement', tag: 2, list: 'atomic', doc: 'Rules about labels.' },
    },
  },
  'meta/v1.LabelSelectorRequirement': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      operator: { type: 'string', tag: 2, required: true, go: 'v1.LabelSelectorOperator' },
      values: { type: 'string', tag: 3, list: 'atomic' },
    },
  },
  'meta/v1.ListMeta': {
    fields: {
      selfLink: { type: 'string', tag: 1 },
      resourceVersion: { type: 'string', tag: 2 },
      continue: { type: 'string', tag: 3 },
      remainingItemCount: { type: 'int64', tag: 4, pointer: true },
      shardInfo: { type: 'meta/v1.ShardInfo', tag: 5 },
    },
  },
  'meta/v1.ListOptions': {
    fields: {
      labelSelector: { type: 'string', tag: 1 },
      fieldSelector: { type: 'string', tag: 2 },
      watch: { type: 'bool', tag: 3 },
      allowWatchBookmarks: { type: 'bool', tag: 9 },
      resourceVersion: { type: 'string', tag: 4 },
      resourceVersionMatch: { type: 'string', tag: 10, go: 'v1.ResourceVersionMatch' },
      timeoutSeconds: { type: 'int64', tag: 5, pointer: true },
      limit: { type: 'int64', tag: 7 },
      continue: { type: 'string', tag: 8 },
      sendInitialEvents: { type: 'bool', tag: 11, pointer: true },
      shardSelector: { type: 'string', tag: 15 },
    },
  },
  'meta/v1.ManagedFieldsEntry': {
    fields: {
      manager: { type: 'string', tag: 1 },
      operation: { type: 'string', tag: 2, go: 'v1.ManagedFieldsOperationType' },
      apiVersion: { type: 'string', tag: 3 },
      time: { type: 'time', tag: 4, pointer: true },
      fieldsType: { type: 'string', tag: 6 },
      fieldsV1: { type: 'fieldsV1', tag: 7, pointer: true },
      subresource: { type: 'string', tag: 8 },
    },
  },
  'meta/v1.ObjectMeta': {
    doc: 'Data that every object has.',
    fields: {
      name: { type: 'string', tag: 1, doc: 'Name of the object, unique in its namespace.' },
      generateName: { type: 'string', tag: 2, doc: 'Start of a name; the server adds the rest.' },
      namespace: { type: 'string', tag: 3, doc: 'The namespace of the object.' },
      selfLink: { type: 'string', tag: 4 },
      uid: { type: 'string', tag: 5, go: 'types.UID', doc: 'Id of the object, never used twice.' },
      resourceVersion: { type: 'string', tag: 6, doc: 'The state of the object; changes with every write.' },
      generation: { type: 'int64', tag: 7, doc: 'Counts changes of what is wanted.' },
      creationTimestamp: { type: 'time', tag: 8, doc: 'When the object was created.' },
      deletionTimestamp: { type: 'time', tag: 9, pointer: true, doc: 'When the object is to be gone.' },
      deletionGracePeriodSeconds: { type: 'int64', tag: 10, pointer: true, doc: 'Seconds that its deletion may take.' },
      labels: { type: 'string', map: true, tag: 11, doc: 'Keys and values by which objects are selected.' },
      annotations: { type: 'string', map: true, tag: 12, doc: 'Keys and values for tools and people.' },
      ownerReferences: {
        type: 'meta/v1.OwnerReference',
        tag: 13,
        list: 'map',
        keys: ['uid'],
        mergeKey: 'uid',
        strategy: 'merge',
        doc: 'Objects this one belongs to; it goes when they are gone.',
      },
      finalizers: { type: 'string', tag: 14, list: 'set', strategy: 'merge', doc: 'The object stays until this list is empty.' },
      managedFields: { type: 'meta/v1.ManagedFieldsEntry', tag: 17, list: 'atomic', doc: 'Who set which fields.' },
    },
  },
  'meta/v1.OwnerReference': {
    atomic: true,
    fields: {
      apiVersion: { type: 'string', tag: 5, required: true },
      kind: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 3, required: true },
      uid: { type: 'string', tag: 4, required: true, go: 'types.UID' },
      controller: { type: 'bool', tag: 6, pointer: true },
      blockOwnerDeletion: { type: 'bool', tag: 7, pointer: true },
    },
  },
  'meta/v1.PartialObjectMetadata': {
    gvk: [{ group: 'meta.k8s.io', version: 'v1', kind: 'PartialObjectMetadata' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
    },
  },
  'meta/v1.Patch': {
    fields: {},
  },
  'meta/v1.PatchOptions': {
    fields: {
      dryRun: { type: 'string', tag: 1, list: 'plain' },
      force: { type: 'bool', tag: 2, pointer: true },
      fieldManager: { type: 'string', tag: 3 },
      fieldValidation: { type: 'string', tag: 4 },
    },
  },
  'meta/v1.Preconditions': {
    fields: {
      uid: { type: 'string', tag: 1, pointer: true, go: 'types.UID' },
      resourceVersion: { type: 'string', tag: 2, pointer: true },
    },
  },
  'meta/v1.RootPaths': {
    fields: {
      paths: { type: 'string', tag: 1, list: 'plain' },
    },
  },
  'meta/v1.ServerAddressByClientCIDR': {
    fields: {
      clientCIDR: { type: 'string', tag: 1, required: true },
      serverAddress: { type: 'string', tag: 2, required: true },
    },
  },
  'meta/v1.ShardInfo': {
    fields: {
      selector: { type: 'string', tag: 1, required: true },
    },
  },
  'meta/v1.Status': {
    gvk: [{ group: '', version: 'v1', kind: 'Status' }],
    fields: {
      metadata: { type: 'meta/v1.ListMeta', tag: 1, written: true },
      status: { type: 'string', tag: 2 },
      message: { type: 'string', tag: 3 },
      reason: { type: 'string', tag: 4, go: 'v1.StatusReason' },
      details: { type: 'meta/v1.StatusDetails', tag: 5 },
      code: { type: 'int32', tag: 6 },
    },
  },
  'meta/v1.StatusCause': {
    fields: {
      reason: { type: 'string', tag: 1, go: 'v1.CauseType' },
      message: { type: 'string', tag: 2 },
      field: { type: 'string', tag: 3 },
    },
  },
  'meta/v1.StatusDetails': {
    fields: {
      name: { type: 'string', tag: 1 },
      group: { type: 'string', tag: 2 },
      kind: { type: 'string', tag: 3 },
      uid: { type: 'string', tag: 6, go: 'types.UID' },
      causes: { type: 'meta/v1.StatusCause', tag: 4, list: 'atomic' },
      retryAfterSeconds: { type: 'int32', tag: 5 },
    },
  },
  'meta/v1.TableOptions': {
    fields: {
      includeObject: { type: 'string', tag: 1 },
    },
  },
  'meta/v1.Timestamp': {
    fields: {
      seconds: { type: 'int64', tag: 1 },
      nanos: { type: 'int32', tag: 2 },
    },
  },
  'meta/v1.TypeMeta': {
    fields: {
      kind: { type: 'string', tag: 1 },
      apiVersion: { type: 'string', tag: 2 },
    },
  },
  'meta/v1.UpdateOptions': {
    fields: {
      dryRun: { type: 'string', tag: 1, list: 'plain' },
      fieldManager: { type: 'string', tag: 2 },
      fieldValidation: { type: 'string', tag: 3 },
    },
  },
  'meta/v1.WatchEvent': {
    gvk: [{ group: '', version: 'v1', kind: 'WatchEvent' }],
    fields: {
      type: { type: 'string', tag: 1, required: true },
      object: { type: 'raw', tag: 2, required: true },
    },
  },
} as const satisfies TypeTable;
