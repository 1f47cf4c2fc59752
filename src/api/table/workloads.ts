/** How the kinds that make pods show in a Table (`pkg/printers/internalversion/printers.go`). */
import { humanDuration } from '../human-duration.ts';
import { timeOrUndefined } from '../time.ts';
import type { Loose, ObjectOf } from '../types.ts';
import { NONE, UNKNOWN, age, containerCells, labelText, selectorText } from './cells.ts';
import type { Cells, PrintContext } from './cells.ts';

type Job = Loose<ObjectOf<'batch/v1.Job'>>;
type Autoscaler = Loose<ObjectOf<'autoscaling/v2.HorizontalPodAutoscaler'>>;
type Metric = Loose<ObjectOf<'autoscaling/v2.MetricSpec'>>;
type MetricStatus = Loose<ObjectOf<'autoscaling/v2.MetricStatus'>>;

export function deploymentCells({ spec = {}, status = {} }: Loose<ObjectOf<'apps/v1.Deployment'>>): Cells {
  return {
    Ready: `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    'Up-to-date': status.updatedReplicas ?? 0,
    Available: status.availableReplicas ?? 0,
    ...containerCells(spec.template),
    Selector: selectorText(spec.selector),
  };
}

interface Replicas {
  replicas?: number | undefined;
  readyReplicas?: number | undefined;
}
const replicaCells = (wanted: number | undefined, status: Replicas): Cells => ({
  Desired: wanted ?? 0,
  Current: status.replicas ?? 0,
  Ready: status.readyReplicas ?? 0,
});

export const replicaSetCells = ({ spec = {}, status = {} }: Loose<ObjectOf<'apps/v1.ReplicaSet'>>): Cells => ({
  ...replicaCells(spec.replicas, status),
  ...containerCells(spec.template),
  Selector: selectorText(spec.selector),
});

export const replicationControllerCells = ({ spec = {}, status = {} }: Loose<ObjectOf<'core/v1.ReplicationController'>>): Cells => ({
  ...replicaCells(spec.replicas, status),
  ...containerCells(spec.template),
  Selector: labelText(spec.selector),
});

export const daemonSetCells = ({ spec = {}, status = {} }: Loose<ObjectOf<'apps/v1.DaemonSet'>>): Cells => ({
  Desired: status.desiredNumberScheduled ?? 0,
  Current: status.currentNumberScheduled ?? 0,
  Ready: status.numberReady ?? 0,
  'Up-to-date': status.updatedNumberScheduled ?? 0,
  Available: status.numberAvailable ?? 0,
  'Node Selector': labelText(spec.template?.spec?.nodeSelector),
  ...containerCells(spec.template),
  Selector: selectorText(spec.selector),
});

export const statefulSetCells = ({ spec = {}, status = {} }: Loose<ObjectOf<'apps/v1.StatefulSet'>>): Cells => ({
  Ready: `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  ...containerCells(spec.template),
});

/** The first of these conditions that is true names a Job's state. */
const JOB_STATES = ['Complete', 'Failed', 'Terminating', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

function jobState(job: Job): string {
  const isTrue = (type: string): boolean =>
    type === 'Terminating'
      ? job.metadata?.deletionTimestamp !== undefined
      : (job.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
  return JOB_STATES.find(isTrue) ?? 'Running';
}

function completions({ spec = {}, status = {} }: Job): string {
  const succeeded = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

export function jobCells(job: Job, { now }: PrintContext): Cells {
  const start = timeOrUndefined(job.status?.startTime);
  const end = timeOrUndefined(job.status?.completionTime) ?? now;
  return {
    Status: jobState(job),
    Completions: completions(job),
    Duration: start === undefined ? '' : humanDuration(end - start),
    ...containerCells(job.spec?.template),
    Selector: selectorText(job.spec?.selector),
  };
}

export function cronJobCells({ spec = {}, status = {} }: Loose<ObjectOf<'batch/v1.CronJob'>>, context: PrintContext): Cells {
  return {
    Schedule: spec.schedule ?? '',
    Timezone: spec.timeZone ?? NONE,
    Suspend: spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    Active: (status.active ?? []).length,
    'Last Schedule': status.lastScheduleTime === undefined ? NONE : age(status.lastScheduleTime, context),
    ...containerCells(spec.jobTemplate?.spec?.template),
    Selector: selectorText(spec.jobTemplate?.spec?.selector),
  };
}

export function controllerRevisionCells({ metadata, revision = 0 }: Loose<ObjectOf<'apps/v1.ControllerRevision'>>): Cells {
  const owner = (metadata?.ownerReferences ?? []).find((reference) => reference.controller === true);
  if (owner === undefined) return { Controller: NONE, Revision: revision };
  const group = (owner.apiVersion ?? '').includes('/') ? `.${(owner.apiVersion ?? '').split('/', 1)[0]}` : '';
  return { Controller: `${(owner.kind ?? '').toLowerCase()}${group}/${owner.name ?? ''}`, Revision: revision };
}

const MOST_METRICS = 2;

export function autoscalerCells(scaler: Autoscaler): Cells {
  const { spec = {}, status = {} } = scaler;
  const metrics = (spec.metrics ?? []).map((metric, i) => metricText(metric, status.currentMetrics?.[i]));
  const more = metrics.length > MOST_METRICS ? ` + ${metrics.length - MOST_METRICS} more...` : '';
  return {
    Reference: `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`,
    Targets: metrics.length === 0 ? NONE : metrics.slice(0, MOST_METRICS).join(', ') + more,
    MinPods: spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    MaxPods: spec.maxReplicas ?? 0,
    Replicas: status.currentReplicas ?? 0,
  };
}

/** `cpu: 12%/80%`, `memory: 10Mi/20Mi`; what is not measured yet is `<unknown>`. */
function metricText(metric: Metric, status: MetricStatus | undefined): string {
  if (metric.type === 'Resource') {
    const target = metric.resource?.target;
    const current = status?.resource?.current;
    const percent = target?.averageUtilization;
    const value =
      percent === undefined
        ? `${current?.averageValue ?? UNKNOWN}/${target?.averageValue ?? '<auto>'}`
        : `${current?.averageUtilization === undefined ? UNKNOWN : `${current.averageUtilization}%`}/${percent}%`;
    return `${metric.resource?.name ?? ''}: ${value}`;
  }
  const [source, current] = metric.pods
    ? [metric.pods.target, status?.pods?.current]
    : metric.object
      ? [metric.object.target, status?.object?.current]
      : [metric.external?.target, status?.external?.current];
  const wanted = source?.averageValue;
  const suffix = wanted !== undefined && !metric.pods ? ' (avg)' : '';
  return `${(wanted === undefined ? current?.value : current?.averageValue) ?? UNKNOWN}/${wanted ?? source?.value ?? UNKNOWN}${suffix}`;
}
