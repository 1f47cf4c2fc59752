import type { TypeTable } from './record.ts';

/** The types of package batch/v1. */
export const batchV1 = {
  'batch/v1.CronJob': {
    gvk: [{ group: 'batch', version: 'v1', kind: 'CronJob' }],
    list: true,
    doc: 'Creates a job at set times.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'batch/v1.CronJobSpec', tag: 2, required: true },
      status: { type: 'batch/v1.CronJobStatus', tag: 3, written: true },
    },
  },
  'batch/v1.CronJobSpec': {
    fields: {
      schedule: { type: 'string', tag: 1, required: true },
      timeZone: { type: 'string', tag: 8, pointer: true },
      startingDeadlineSeconds: { type: 'int64', tag: 2, pointer: true },
      concurrencyPolicy: { type: 'string', tag: 3, go: 'v1.ConcurrencyPolicy' },
      suspend: { type: 'bool', tag: 4, pointer: true },
      jobTemplate: { type: 'batch/v1.JobTemplateSpec', tag: 5, required: true },
      successfulJobsHistoryLimit: { type: 'int32', tag: 6, pointer: true },
      failedJobsHistoryLimit: { type: 'int32', tag: 7, pointer: true },
    },
  },
  'batch/v1.CronJobStatus': {
    fields: {
      active: { type: 'core/v1.ObjectReference', tag: 1, list: 'atomic' },
      lastScheduleTime: { type: 'time', tag: 4, pointer: true },
      lastSuccessfulTime: { type: 'time', tag: 5, pointer: true },
    },
  },
  'batch/v1.Job': {
    gvk: [{ group: 'batch', version: 'v1', kind: 'Job' }],
    list: true,
    doc: 'Runs pods until enough have succeeded.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'batch/v1.JobSpec', tag: 2, written: true },
      status: { type: 'batch/v1.JobStatus', tag: 3, written: true },
    },
  },
  'batch/v1.JobCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.JobConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastProbeTime: { type: 'time', tag: 3, written: true },
      lastTransitionTime: { type: 'time', tag: 4, written: true },
      reason: { type: 'string', tag: 5 },
      message: { type: 'string', tag: 6 },
    },
  },
  'batch/v1.JobSpec': {
    fields: {
      parallelism: { type: 'int32', tag: 1, pointer: true },
      completions: { type: 'int32', tag: 2, pointer: true },
      activeDeadlineSeconds: { type: 'int64', tag: 3, pointer: true },
      podFailurePolicy: { type: 'batch/v1.PodFailurePolicy', tag: 11 },
      successPolicy: { type: 'batch/v1.SuccessPolicy', tag: 16 },
      backoffLimit: { type: 'int32', tag: 7, pointer: true },
      backoffLimitPerIndex: { type: 'int32', tag: 12, pointer: true },
      maxFailedIndexes: { type: 'int32', tag: 13, pointer: true },
      selector: { type: 'meta/v1.LabelSelector', tag: 4 },
      manualSelector: { type: 'bool', tag: 5, pointer: true },
      template: { type: 'core/v1.PodTemplateSpec', tag: 6, required: true },
      ttlSecondsAfterFinished: { type: 'int32', tag: 8, pointer: true },
      completionMode: { type: 'string', tag: 9, pointer: true, go: 'v1.CompletionMode' },
      suspend: { type: 'bool', tag: 10, pointer: true },
      podReplacementPolicy: { type: 'string', tag: 14, pointer: true, go: 'v1.PodReplacementPolicy' },
      managedBy: { type: 'string', tag: 15, pointer: true },
    },
  },
  'batch/v1.JobStatus': {
    fields: {
      conditions: { type: 'batch/v1.JobCondition', tag: 1, list: 'atomic', mergeKey: 'type', strategy: 'merge' },
      startTime: { type: 'time', tag: 2, pointer: true },
      completionTime: { type: 'time', tag: 3, pointer: true },
      active: { type: 'int32', tag: 4 },
      succeeded: { type: 'int32', tag: 5 },
      failed: { type: 'int32', tag: 6 },
      terminating: { type: 'int32', tag: 11, pointer: true },
      completedIndexes: { type: 'string', tag: 7 },
      failedIndexes: { type: 'string', tag: 10, pointer: true },
      uncountedTerminatedPods: { type: 'batch/v1.UncountedTerminatedPods', tag: 8 },
      ready: { type: 'int32', tag: 9, pointer: true },
    },
  },
  'batch/v1.JobTemplateSpec': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'batch/v1.JobSpec', tag: 2, written: true },
    },
  },
  'batch/v1.PodFailurePolicy': {
    fields: {
      rules: { type: 'batch/v1.PodFailurePolicyRule', tag: 1, list: 'atomic', required: true },
    },
  },
  'batch/v1.PodFailurePolicyOnExitCodesRequirement': {
    fields: {
      containerName: { type: 'string', tag: 1, pointer: true },
      operator: { type: 'string', tag: 2, required: true, go: 'v1.PodFailurePolicyOnExitCodesOperator' },
      values: { type: 'int32', tag: 3, list: 'set', required: true },
    },
  },
  'batch/v1.PodFailurePolicyOnPodConditionsPattern': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.PodConditionType' },
      status: { type: 'string', tag: 2, required: true, optional: true, go: 'v1.ConditionStatus' },
    },
  },
  'batch/v1.PodFailurePolicyRule': {
    fields: {
      action: { type: 'string', tag: 1, required: true, go: 'v1.PodFailurePolicyAction' },
      onExitCodes: { type: 'batch/v1.PodFailurePolicyOnExitCodesRequirement', tag: 2 },
      onPodConditions: { type: 'batch/v1.PodFailurePolicyOnPodConditionsPattern', tag: 3, list: 'atomic' },
    },
  },
  'batch/v1.SuccessPolicy': {
    fields: {
      rules: { type: 'batch/v1.SuccessPolicyRule', tag: 1, list: 'atomic', required: true },
    },
  },
  'batch/v1.SuccessPolicyRule': {
    fields: {
      succeededIndexes: { type: 'string', tag: 1, pointer: true },
      succeededCount: { type: 'int32', tag: 2, pointer: true },
    },
  },
  'batch/v1.UncountedTerminatedPods': {
    fields: {
      succeeded: { type: 'string', tag: 1, list: 'set', go: '[]types.UID' },
      failed: { type: 'string', tag: 2, list: 'set', go: '[]types.UID' },
    },
  },
} as const satisfies TypeTable;
