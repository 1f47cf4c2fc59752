import type { TypeTable } from './record.ts';

/** The types of package autoscaling/v2. */
export const autoscalingV2 = {
  'autoscaling/v2.ContainerResourceMetricSource': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      target: { type: 'autoscaling/v2.MetricTarget', tag: 2, required: true },
      container: { type: 'string', tag: 3, required: true },
    },
  },
  'autoscaling/v2.ContainerResourceMetricStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      current: { type: 'autoscaling/v2.MetricValueStatus', tag: 2, required: true },
      container: { type: 'string', tag: 3, required: true },
    },
  },
  'autoscaling/v2.CrossVersionObjectReference': {
    fields: {
      kind: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
      apiVersion: { type: 'string', tag: 3 },
    },
  },
  'autoscaling/v2.ExternalMetricSource': {
    fields: {
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 1, required: true },
      target: { type: 'autoscaling/v2.MetricTarget', tag: 2, required: true },
    },
  },
  'autoscaling/v2.ExternalMetricStatus': {
    fields: {
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 1, required: true },
      current: { type: 'autoscaling/v2.MetricValueStatus', tag: 2, required: true },
    },
  },
  'autoscaling/v2.HPAScalingPolicy': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v2.HPAScalingPolicyType' },
      value: { type: 'int32', tag: 2, required: true },
      periodSeconds: { type: 'int32', tag: 3, required: true },
    },
  },
  'autoscaling/v2.HPAScalingRules': {
    fields: {
      stabilizationWindowSeconds: { type: 'int32', tag: 3, pointer: true },
      selectPolicy: { type: 'string', tag: 1, pointer: true, go: 'v2.ScalingPolicySelect' },
      policies: { type: 'autoscaling/v2.HPAScalingPolicy', tag: 2, list: 'atomic' },
      tolerance: { type: 'quantity', tag: 4, pointer: true },
    },
  },
  'autoscaling/v2.HorizontalPodAutoscaler': {
    gvk: [{ group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'autoscaling/v2.HorizontalPodAutoscalerSpec', tag: 2, required: true },
      status: { type: 'autoscaling/v2.HorizontalPodAutoscalerStatus', tag: 3, written: true },
    },
  },
  'autoscaling/v2.HorizontalPodAutoscalerBehavior': {
    fields: {
      scaleUp: { type: 'autoscaling/v2.HPAScalingRules', tag: 1 },
      scaleDown: { type: 'autoscaling/v2.HPAScalingRules', tag: 2 },
    },
  },
  'autoscaling/v2.HorizontalPodAutoscalerCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v2.HorizontalPodAutoscalerConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'autoscaling/v2.HorizontalPodAutoscalerSpec': {
    fields: {
      scaleTargetRef: { type: 'autoscaling/v2.CrossVersionObjectReference', tag: 1, required: true },
      minReplicas: { type: 'int32', tag: 2, pointer: true },
      maxReplicas: { type: 'int32', tag: 3, required: true },
      metrics: { type: 'autoscaling/v2.MetricSpec', tag: 4, list: 'atomic' },
      behavior: { type: 'autoscaling/v2.HorizontalPodAutoscalerBehavior', tag: 5 },
    },
  },
  'autoscaling/v2.HorizontalPodAutoscalerStatus': {
    fields: {
      observedGeneration: { type: 'int64', tag: 1, pointer: true },
      lastScaleTime: { type: 'time', tag: 2, pointer: true },
      currentReplicas: { type: 'int32', tag: 3 },
      desiredReplicas: { type: 'int32', tag: 4, required: true },
      currentMetrics: { type: 'autoscaling/v2.MetricStatus', tag: 5, list: 'atomic', written: true },
      conditions: {
        type: 'autoscaling/v2.HorizontalPodAutoscalerCondition',
        tag: 6,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
      },
    },
  },
  'autoscaling/v2.MetricIdentifier': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      selector: { type: 'meta/v1.LabelSelector', tag: 2 },
    },
  },
  'autoscaling/v2.MetricSpec': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v2.MetricSourceType' },
      object: { type: 'autoscaling/v2.ObjectMetricSource', tag: 2 },
      pods: { type: 'autoscaling/v2.PodsMetricSource', tag: 3 },
      resource: { type: 'autoscaling/v2.ResourceMetricSource', tag: 4 },
      containerResource: { type: 'autoscaling/v2.ContainerResourceMetricSource', tag: 7 },
      external: { type: 'autoscaling/v2.ExternalMetricSource', tag: 5 },
    },
  },
  'autoscaling/v2.MetricStatus': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v2.MetricSourceType' },
      object: { type: 'autoscaling/v2.ObjectMetricStatus', tag: 2 },
      pods: { type: 'autoscaling/v2.PodsMetricStatus', tag: 3 },
      resource: { type: 'autoscaling/v2.ResourceMetricStatus', tag: 4 },
      containerResource: { type: 'autoscaling/v2.ContainerResourceMetricStatus', tag: 7 },
      external: { type: 'autoscaling/v2.ExternalMetricStatus', tag: 5 },
    },
  },
  'autoscaling/v2.MetricTarget': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v2.MetricTargetType' },
      value: { type: 'quantity', tag: 2, pointer: true },
      averageValue: { type: 'quantity', tag: 3, pointer: true },
      averageUtilization: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'autoscaling/v2.MetricValueStatus': {
    fields: {
      value: { type: 'quantity', tag: 1, pointer: true },
      averageValue: { type: 'quantity', tag: 2, pointer: true },
      averageUtilization: { type: 'int32', tag: 3, pointer: true },
    },
  },
  'autoscaling/v2.ObjectMetricSource': {
    fields: {
      describedObject: { type: 'autoscaling/v2.CrossVersionObjectReference', tag: 1, required: true },
      target: { type: 'autoscaling/v2.MetricTarget', tag: 2, required: true },
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 3, required: true },
    },
  },
  'autoscaling/v2.ObjectMetricStatus': {
    fields: {
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 1, required: true },
      current: { type: 'autoscaling/v2.MetricValueStatus', tag: 2, required: true },
      describedObject: { type: 'autoscaling/v2.CrossVersionObjectReference', tag: 3, required: true },
    },
  },
  'autoscaling/v2.PodsMetricSource': {
    fields: {
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 1, required: true },
      target: { type: 'autoscaling/v2.MetricTarget', tag: 2, required: true },
    },
  },
  'autoscaling/v2.PodsMetricStatus': {
    fields: {
      metric: { type: 'autoscaling/v2.MetricIdentifier', tag: 1, required: true },
      current: { type: 'autoscaling/v2.MetricValueStatus', tag: 2, required: true },
    },
  },
  'autoscaling/v2.ResourceMetricSource': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      target: { type: 'autoscaling/v2.MetricTarget', tag: 2, required: true },
    },
  },
  'autoscaling/v2.ResourceMetricStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      current: { type: 'autoscaling/v2.MetricValueStatus', tag: 2, required: true },
    },
  },
} as const satisfies TypeTable;
