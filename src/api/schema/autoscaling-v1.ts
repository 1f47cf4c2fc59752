import type { TypeTable } from './record.ts';

/** The types of package autoscaling/v1. */
export const autoscalingV1 = {
  'autoscaling/v1.ContainerResourceMetricSource': {
    fields: {
      name: { type: 'string', tag: 1 },
      targetAverageUtilization: { type: 'int32', tag: 2 },
      targetAverageValue: { type: 'quantity', tag: 3 },
      container: { type: 'string', tag: 5 },
    },
  },
  'autoscaling/v1.ContainerResourceMetricStatus': {
    fields: {
      name: { type: 'string', tag: 1 },
      currentAverageUtilization: { type: 'int32', tag: 2 },
      currentAverageValue: { type: 'quantity', tag: 3 },
      container: { type: 'string', tag: 4 },
    },
  },
  'autoscaling/v1.CrossVersionObjectReference': {
    atomic: true,
    fields: {
      kind: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
      apiVersion: { type: 'string', tag: 3 },
    },
  },
  'autoscaling/v1.ExternalMetricSource': {
    fields: {
      metricName: { type: 'string', tag: 1 },
      metricSelector: { type: 'meta/v1.LabelSelector', tag: 2 },
      targetValue: { type: 'quantity', tag: 3 },
      targetAverageValue: { type: 'quantity', tag: 4 },
    },
  },
  'autoscaling/v1.ExternalMetricStatus': {
    fields: {
      metricName: { type: 'string', tag: 1 },
      metricSelector: { type: 'meta/v1.LabelSelector', tag: 2 },
      currentValue: { type: 'quantity', tag: 3 },
      currentAverageValue: { type: 'quantity', tag: 4 },
    },
  },
  'autoscaling/v1.HorizontalPodAutoscaler': {
    gvk: [{ group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'autoscaling/v1.HorizontalPodAutoscalerSpec', tag: 2, required: true },
      status: { type: 'autoscaling/v1.HorizontalPodAutoscalerStatus', tag: 3, written: true },
    },
  },
  'autoscaling/v1.HorizontalPodAutoscalerCondition': {
    fields: {
      type: { type: 'string', tag: 1 },
      status: { type: 'string', tag: 2 },
      lastTransitionTime: { type: 'time', tag: 3 },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'autoscaling/v1.HorizontalPodAutoscalerSpec': {
    fields: {
      scaleTargetRef: { type: 'autoscaling/v1.CrossVersionObjectReference', tag: 1, required: true },
      minReplicas: { type: 'int32', tag: 2, pointer: true },
      maxReplicas: { type: 'int32', tag: 3, required: true },
      targetCPUUtilizationPercentage: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'autoscaling/v1.HorizontalPodAutoscalerStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1, pointer: true },
      lastScaleTime: { type: 'time', tag: 2, pointer: true },
      currentReplicas: { type: 'int32', tag: 3, required: true },
      desiredReplicas: { type: 'int32', tag: 4, required: true },
      currentCPUUtilizationPercentage: { type: 'int32', tag: 5, pointer: true },
    },
  },
  'autoscaling/v1.MetricSpec': {
    fields: {
      type: { type: 'string', tag: 1 },
      object: { type: 'autoscaling/v1.ObjectMetricSource', tag: 2 },
      pods: { type: 'autoscaling/v1.PodsMetricSource', tag: 3 },
      resource: { type: 'autoscaling/v1.ResourceMetricSource', tag: 4 },
      containerResource: { type: 'autoscaling/v1.ContainerResourceMetricSource', tag: 7 },
      external: { type: 'autoscaling/v1.ExternalMetricSource', tag: 5 },
    },
  },
  'autoscaling/v1.MetricStatus': {
    fields: {
      type: { type: 'string', tag: 1 },
      object: { type: 'autoscaling/v1.ObjectMetricStatus', tag: 2 },
      pods: { type: 'autoscaling/v1.PodsMetricStatus', tag: 3 },
      resource: { type: 'autoscaling/v1.ResourceMetricStatus', tag: 4 },
      containerResource: { type: 'autoscaling/v1.ContainerResourceMetricStatus', tag: 7 },
      external: { type: 'autoscaling/v1.ExternalMetricStatus', tag: 5 },
    },
  },
  'autoscaling/v1.ObjectMetricSource': {
    fields: {
      target: { type: 'autoscaling/v1.CrossVersionObjectReference', tag: 1 },
      metricName: { type: 'string', tag: 2 },
      targetValue: { type: 'quantity', tag: 3 },
      selector: { type: 'meta/v1.LabelSelector', tag: 4 },
      averageValue: { type: 'quantity', tag: 5 },
    },
  },
  'autoscaling/v1.ObjectMetricStatus': {
    fields: {
      target: { type: 'autoscaling/v1.CrossVersionObjectReference', tag: 1 },
      metricName: { type: 'string', tag: 2 },
      currentValue: { type: 'quantity', tag: 3 },
      selector: { type: 'meta/v1.LabelSelector', tag: 4 },
      averageValue: { type: 'quantity', tag: 5 },
    },
  },
  'autoscaling/v1.PodsMetricSource': {
    fields: {
      metricName: { type: 'string', tag: 1 },
      targetAverageValue: { type: 'quantity', tag: 2 },
      selector: { type: 'meta/v1.LabelSelector', tag: 3 },
    },
  },
  'autoscaling/v1.PodsMetricStatus': {
    fields: {
      metricName: { type: 'string', tag: 1 },
      currentAverageValue: { type: 'quantity', tag: 2 },
      selector: { type: 'meta/v1.LabelSelector', tag: 3 },
    },
  },
  'autoscaling/v1.ResourceMetricSource': {
    fields: {
      name: { type: 'string', tag: 1 },
      targetAverageUtilization: { type: 'int32', tag: 2 },
      targetAverageValue: { type: 'quantity', tag: 3 },
    },
  },
  'autoscaling/v1.ResourceMetricStatus': {
    fields: {
      name: { type: 'string', tag: 1 },
      currentAverageUtilization: { type: 'int32', tag: 2 },
      currentAverageValue: { type: 'quantity', tag: 3 },
    },
  },
  'autoscaling/v1.Scale': {
    gvk: [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'autoscaling/v1.ScaleSpec', tag: 2, written: true },
      status: { type: 'autoscaling/v1.ScaleStatus', tag: 3, written: true },
    },
  },
  'autoscaling/v1.ScaleSpec': {
    fields: {
      replicas: { type: 'int32', tag: 1 },
    },
  },
  'autoscaling/v1.ScaleStatus': {
    fields: {
      replicas: { type: 'int32', tag: 1, required: true },
      selector: { type: 'string', tag: 2 },
    },
  },
} as const satisfies TypeTable;
