/** One HorizontalPodAutoscaler in two versions: autoscaling/v2 as stored, autoscaling/v1 (pkg/apis/autoscaling/v1/conversion.go). */
import type { KubeObject, ObjectOf } from '../../api/types.ts';

type Metric = ObjectOf<'autoscaling/v2.MetricSpec'>;
type SpecV2 = ObjectOf<'autoscaling/v2.HorizontalPodAutoscalerSpec'>;
type SpecV1 = ObjectOf<'autoscaling/v1.HorizontalPodAutoscalerSpec'>;
type StatusV2 = ObjectOf<'autoscaling/v2.HorizontalPodAutoscalerStatus'>;
type StatusV1 = ObjectOf<'autoscaling/v1.HorizontalPodAutoscalerStatus'>;

/** What v1 has no fields for travels in annotations, as JSON. */
const CARRIED = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const;

const isCpu = ({ type, resource }: Metric): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.type === 'Utilization';

/** The autoscaling/v1 form of a stored autoscaler. */
export function autoscalerFromStored(stored: KubeObject): KubeObject {
  const { metrics = [], behavior, ...spec } = stored['spec'] as SpecV2;
  const { currentMetrics, conditions, ...status } = (stored['status'] ?? {}) as StatusV2;
  const cpu = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpu(metric));
  const current = currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource?.current.averageUtilization;
  const annotations = {
    ...stored.metadata.annotations,
    ...(others.length > 0 && { [CARRIED.metrics]: JSON.stringify(others) }),
    ...(behavior && { [CARRIED.behavior]: JSON.stringify(behavior) }),
    ...(conditions && conditions.length > 0 && { [CARRIED.conditions]: JSON.stringify(conditions) }),
  };
  const specV1: SpecV1 = { ...spec, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) };
  const statusV1: StatusV1 = {
    ...status,
    currentReplicas: status.currentReplicas ?? 0,
    ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
  };
  return {
    ...stored,
    apiVersion: 'autoscaling/v1',
    metadata: { ...stored.metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: specV1,
    status: statusV1,
  };
}

/** The autoscaling/v2 form of an autoscaling/v1 autoscaler. */
export function autoscalerToStored(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = object['spec'] as SpecV1;
  const { currentCPUUtilizationPercentage: _current, ...status } = (object['status'] ?? {}) as StatusV1;
  const annotations = { ...object.metadata.annotations };
  const carried = (name: keyof typeof CARRIED): unknown => {
    const text = annotations[CARRIED[name]];
    delete annotations[CARRIED[name]];
    return text === undefined ? undefined : readJson(text);
  };
  const others = carried('metrics');
  const behavior = carried('behavior');
  const conditions = carried('conditions');
  const cpuMetric: Metric[] =
    cpu === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } }];
  const metrics = [...cpuMetric, ...(Array.isArray(others) ? (others as Metric[]) : [])];
  const metadata = { ...object.metadata, annotations };
  if (Object.keys(annotations).length === 0) delete (metadata as { annotations?: unknown }).annotations;
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata,
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior }) },
    status: { ...status, currentMetrics: null, ...(Array.isArray(conditions) && { conditions }) },
  };
}

/** A client may have put anything into the annotation. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
