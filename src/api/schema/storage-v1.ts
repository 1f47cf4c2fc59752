import type { TypeTable } from './record.ts';

/** The types of package storage/v1. */
export const storageV1 = {
  'storage/v1.CSIDriver': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriver' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'storage/v1.CSIDriverSpec', tag: 2, required: true },
    },
  },
  'storage/v1.CSIDriverSpec': {
    fields: {
      attachRequired: { type: 'bool', tag: 1, pointer: true },
      podInfoOnMount: { type: 'bool', tag: 2, pointer: true },
      volumeLifecycleModes: { type: 'string', tag: 3, list: 'set', go: '[]v1.VolumeLifecycleMode' },
      storageCapacity: { type: 'bool', tag: 4, pointer: true },
      fsGroupPolicy: { type: 'string', tag: 5, pointer: true, go: 'v1.FSGroupPolicy' },
      tokenRequests: { type: 'storage/v1.TokenRequest', tag: 6, list: 'atomic' },
      requiresRepublish: { type: 'bool', tag: 7, pointer: true },
      seLinuxMount: { type: 'bool', tag: 8, pointer: true },
      nodeAllocatableUpdatePeriodSeconds: { type: 'int64', tag: 9, pointer: true },
      serviceAccountTokenInSecrets: { type: 'bool', tag: 10, pointer: true },
      preventPodSchedulingIfMissing: { type: 'bool', tag: 11, pointer: true },
    },
  },
  'storage/v1.CSINode': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSINode' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'storage/v1.CSINodeSpec', tag: 2, required: true },
    },
  },
  'storage/v1.CSINodeDriver': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      nodeID: { type: 'string', tag: 2, required: true },
      topologyKeys: { type: 'string', tag: 3, list: 'atomic', written: true },
      allocatable: { type: 'storage/v1.VolumeNodeResources', tag: 4 },
    },
  },
  'storage/v1.CSINodeSpec': {
    fields: {
      drivers: {
        type: 'storage/v1.CSINodeDriver',
        tag: 1,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        required: true,
      },
    },
  },
  'storage/v1.CSIStorageCapacity': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIStorageCapacity' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      nodeTopology: { type: 'meta/v1.LabelSelector', tag: 2 },
      storageClassName: { type: 'string', tag: 3, required: true },
      capacity: { type: 'quantity', tag: 4, pointer: true },
      maximumVolumeSize: { type: 'quantity', tag: 5, pointer: true },
    },
  },
  'storage/v1.StorageClass': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      provisioner: { type: 'string', tag: 2, required: true },
      parameters: { type: 'string', map: true, tag: 3 },
      reclaimPolicy: { type: 'string', tag: 4, pointer: true, go: 'v1.PersistentVolumeReclaimPolicy' },
      mountOptions: { type: 'string', tag: 5, list: 'atomic' },
      allowVolumeExpansion: { type: 'bool', tag: 6, pointer: true },
      volumeBindingMode: { type: 'string', tag: 7, pointer: true, go: 'v1.VolumeBindingMode' },
      allowedTopologies: { type: 'core/v1.TopologySelectorTerm', tag: 8, list: 'atomic' },
    },
  },
  'storage/v1.TokenRequest': {
    fields: {
      audience: { type: 'string', tag: 1, required: true },
      expirationSeconds: { type: 'int64', tag: 2, pointer: true },
    },
  },
  'storage/v1.VolumeAttachment': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttachment' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'storage/v1.VolumeAttachmentSpec', tag: 2, required: true },
      status: { type: 'storage/v1.VolumeAttachmentStatus', tag: 3, written: true },
    },
  },
  'storage/v1.VolumeAttachmentSource': {
    fields: {
      persistentVolumeName: { type: 'string', tag: 1, pointer: true },
      inlineVolumeSpec: { type: 'core/v1.PersistentVolumeSpec', tag: 2 },
    },
  },
  'storage/v1.VolumeAttachmentSpec': {
    fields: {
      attacher: { type: 'string', tag: 1, required: true },
      source: { type: 'storage/v1.VolumeAttachmentSource', tag: 2, required: true },
      nodeName: { type: 'string', tag: 3, required: true },
    },
  },
  'storage/v1.VolumeAttachmentStatus': {
    fields: {
      attached: { type: 'bool', tag: 1, required: true },
      attachmentMetadata: { type: 'string', map: true, tag: 2 },
      attachError: { type: 'storage/v1.VolumeError', tag: 3 },
      detachError: { type: 'storage/v1.VolumeError', tag: 4 },
    },
  },
  'storage/v1.VolumeAttributesClass': {
    gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttributesClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      driverName: { type: 'string', tag: 2, required: true },
      parameters: { type: 'string', map: true, tag: 3 },
    },
  },
  'storage/v1.VolumeError': {
    fields: {
      time: { type: 'time', tag: 1, written: true },
      message: { type: 'string', tag: 2 },
      errorCode: { type: 'int32', tag: 3, pointer: true },
    },
  },
  'storage/v1.VolumeNodeResources': {
    fields: {
      count: { type: 'int32', tag: 1, pointer: true },
    },
  },
} as const satisfies TypeTable;
