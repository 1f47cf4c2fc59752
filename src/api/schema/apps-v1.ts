import type { TypeTable } from './record.ts';

/** The types of package apps/v1. */
export const appsV1 = {
  'apps/v1.ControllerRevision': {
    gvk: [{ group: 'apps', version: 'v1', kind: 'ControllerRevision' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      data: { type: 'raw', tag: 2, written: true },
      revision: { type: 'int64', tag: 3, required: true },
    },
  },
  'apps/v1.DaemonSet': {
    gvk: [{ group: 'apps', version: 'v1', kind: 'DaemonSet' }],
    list: true,
    doc: 'Runs one pod on every node.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'apps/v1.DaemonSetSpec', tag: 2, written: true },
      status: { type: 'apps/v1.DaemonSetStatus', tag: 3, written: true },
    },
  },
  'apps/v1.DaemonSetCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.DaemonSetConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'apps/v1.DaemonSetSpec': {
    fields: {
      selector: { type: 'meta/v1.LabelSelector', tag: 1, required: true, pointer: true },
      template: { type: 'core/v1.PodTemplateSpec', tag: 2, required: true },
      updateStrategy: { type: 'apps/v1.DaemonSetUpdateStrategy', tag: 3, written: true },
      minReadySeconds: { type: 'int32', tag: 4 },
      revisionHistoryLimit: { type: 'int32', tag: 6, pointer: true },
    },
  },
  'apps/v1.DaemonSetStatus': {
    fields: {
      currentNumberScheduled: { type: 'int32', tag: 1, required: true },
      numberMisscheduled: { type: 'int32', tag: 2, required: true },
      desiredNumberScheduled: { type: 'int32', tag: 3, required: true },
      numberReady: { type: 'int32', tag: 4, required: true },
      observedGeneration: { type: 'int64', tag: 5 },
      updatedNumberScheduled: { type: 'int32', tag: 6 },
      numberAvailable: { type: 'int32', tag: 7 },
      numberUnavailable: { type: 'int32', tag: 8 },
      collisionCount: { type: 'int32', tag: 9, pointer: true },
      conditions: { type: 'apps/v1.DaemonSetCondition', tag: 10, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'apps/v1.DaemonSetUpdateStrategy': {
    fields: {
      type: { type: 'string', tag: 1, go: 'v1.DaemonSetUpdateStrategyType' },
      rollingUpdate: { type: 'apps/v1.RollingUpdateDaemonSet', tag: 2 },
    },
  },
  'apps/v1.Deployment': {
    gvk: [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
    list: true,
    doc: 'Keeps a number of equal pods running and replaces them gradually.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      spec: { type: 'apps/v1.DeploymentSpec', tag: 2, written: true, doc: 'What should run.' },
      status: { type: 'apps/v1.DeploymentStatus', tag: 3, written: true, doc: 'How far it is.' },
    },
  },
  'apps/v1.DeploymentCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.DeploymentConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastUpdateTime: { type: 'time', tag: 6, written: true },
      lastTransitionTime: { type: 'time', tag: 7, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'apps/v1.DeploymentSpec': {
    doc: 'What a deployment should run.',
    fields: {
      replicas: { type: 'int32', tag: 1, pointer: true, doc: 'How many pods.' },
      selector: { type: 'meta/v1.LabelSelector', tag: 2, required: true, pointer: true, doc: 'Labels of its pods.' },
      template: { type: 'core/v1.PodTemplateSpec', tag: 3, required: true, doc: 'What each pod is made from.' },
      strategy: { type: 'apps/v1.DeploymentStrategy', tag: 4, strategy: 'retainKeys', written: true, doc: 'How pods are replaced.' },
      minReadySeconds: { type: 'int32', tag: 5, doc: 'Seconds a new pod must be ready to count.' },
      revisionHistoryLimit: { type: 'int32', tag: 6, pointer: true, doc: 'How many old versions are kept.' },
      paused: { type: 'bool', tag: 7, doc: 'Change nothing for now.' },
      progressDeadlineSeconds: { type: 'int32', tag: 9, pointer: true, doc: 'Seconds without progress until it counts as failed.' },
    },
  },
  'apps/v1.DeploymentStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1 },
      replicas: { type: 'int32', tag: 2 },
      updatedReplicas: { type: 'int32', tag: 3 },
      readyReplicas: { type: 'int32', tag: 7 },
      availableReplicas: { type: 'int32', tag: 4 },
      unavailableReplicas: { type: 'int32', tag: 5 },
      terminatingReplicas: { type: 'int32', tag: 9, pointer: true },
      conditions: { type: 'apps/v1.DeploymentCondition', tag: 6, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
      collisionCount: { type: 'int32', tag: 8, pointer: true },
    },
  },
  'apps/v1.DeploymentStrategy': {
    fields: {
      type: { type: 'string', tag: 1, go: 'v1.DeploymentStrategyType' },
      rollingUpdate: { type: 'apps/v1.RollingUpdateDeployment', tag: 2 },
    },
  },
  'apps/v1.ReplicaSet': {
    gvk: [{ group: 'apps', version: 'v1', kind: 'ReplicaSet' }],
    list: true,
    doc: 'Keeps a number of equal pods running.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'apps/v1.ReplicaSetSpec', tag: 2, written: true },
      status: { type: 'apps/v1.ReplicaSetStatus', tag: 3, written: true },
    },
  },
  'apps/v1.ReplicaSetCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.ReplicaSetConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'apps/v1.ReplicaSetSpec': {
    fields: {
      replicas: { type: 'int32', tag: 1, pointer: true },
      minReadySeconds: { type: 'int32', tag: 4 },
      selector: { type: 'meta/v1.LabelSelector', tag: 2, required: true, pointer: true },
      template: { type: 'core/v1.PodTemplateSpec', tag: 3, written: true },
    },
  },
  'apps/v1.ReplicaSetStatus': {
    fields: {
      replicas: { type: 'int32', tag: 1, required: true },
      fullyLabeledReplicas: { type: 'int32', tag: 2 },
      readyReplicas: { type: 'int32', tag: 4 },
      availableReplicas: { type: 'int32', tag: 5 },
      terminatingReplicas: { type: 'int32', tag: 7, pointer: true },
      observedGeneration: { type: 'int64', tag: 3 },
      conditions: { type: 'apps/v1.ReplicaSetCondition', tag: 6, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'apps/v1.RollingUpdateDaemonSet': {
    fields: {
      maxUnavailable: { type: 'intOrString', tag: 1, pointer: true },
      maxSurge: { type: 'intOrString', tag: 2, pointer: true },
    },
  },
  'apps/v1.RollingUpdateDeployment': {
    fields: {
      maxUnavailable: { type: 'intOrString', tag: 1, pointer: true },
      maxSurge: { type: 'intOrString', tag: 2, pointer: true },
    },
  },
  'apps/v1.RollingUpdateStatefulSetStrategy': {
    fields: {
      partition: { type: 'int32', tag: 1, pointer: true },
      maxUnavailable: { type: 'intOrString', tag: 2, pointer: true },
    },
  },
  'apps/v1.StatefulSet': {
    gvk: [{ group: 'apps', version: 'v1', kind: 'StatefulSet' }],
    list: true,
    doc: 'Runs pods with lasting names and volumes.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'apps/v1.StatefulSetSpec', tag: 2, written: true },
      status: { type: 'apps/v1.StatefulSetStatus', tag: 3, written: true },
    },
  },
  'apps/v1.StatefulSetCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.StatefulSetConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'apps/v1.StatefulSetOrdinals': {
    fields: {
      start: { type: 'int32', tag: 1, required: true, optional: true },
    },
  },
  'apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy': {
    fields: {
      whenDeleted: { type: 'string', tag: 1, go: 'v1.PersistentVolumeClaimRetentionPolicyType' },
      whenScaled: { type: 'string', tag: 2, go: 'v1.PersistentVolumeClaimRetentionPolicyType' },
    },
  },
  'apps/v1.StatefulSetSpec': {
    fields: {
      replicas: { type: 'int32', tag: 1, pointer: true },
      selector: { type: 'meta/v1.LabelSelector', tag: 2, required: true, pointer: true },
      template: { type: 'core/v1.PodTemplateSpec', tag: 3, required: true },
      volumeClaimTemplates: { type: 'core/v1.PersistentVolumeClaim', tag: 4, list: 'atomic' },
      serviceName: { type: 'string', tag: 5, required: true, optional: true },
      podManagementPolicy: { type: 'string', tag: 6, go: 'v1.PodManagementPolicyType' },
      updateStrategy: { type: 'apps/v1.StatefulSetUpdateStrategy', tag: 7, written: true },
      revisionHistoryLimit: { type: 'int32', tag: 8, pointer: true },
      minReadySeconds: { type: 'int32', tag: 9 },
      persistentVolumeClaimRetentionPolicy: { type: 'apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy', tag: 10 },
      ordinals: { type: 'apps/v1.StatefulSetOrdinals', tag: 11 },
    },
  },
  'apps/v1.StatefulSetStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1 },
      replicas: { type: 'int32', tag: 2, required: true },
      readyReplicas: { type: 'int32', tag: 3 },
      currentReplicas: { type: 'int32', tag: 4 },
      updatedReplicas: { type: 'int32', tag: 5 },
      currentRevision: { type: 'string', tag: 6 },
      updateRevision: { type: 'string', tag: 7 },
      collisionCount: { type: 'int32', tag: 9, pointer: true },
      conditions: { type: 'apps/v1.StatefulSetCondition', tag: 10, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
      availableReplicas: { type: 'int32', tag: 11, required: true, optional: true },
    },
  },
  'apps/v1.StatefulSetUpdateStrategy': {
    fields: {
      type: { type: 'string', tag: 1, go: 'v1.StatefulSetUpdateStrategyType' },
      rollingUpdate: { type: 'apps/v1.RollingUpdateStatefulSetStrategy', tag: 2 },
    },
  },
} as const satisfies TypeTable;
