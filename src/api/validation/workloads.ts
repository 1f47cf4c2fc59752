/** Kinds that make pods: what clients get wrong most (`pkg/apis/apps/validation`, `pkg/apis/batch/validation`). */
import { forbiddenField, invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { valueAt } from '../fields.ts';
import { sameAt } from '../same.ts';
import { labelSelectorFaults, matcherOf } from '../selectors.ts';
import type { LabelSelector, Loose, ObjectOf } from '../types.ts';
import { cronFault } from './cron.ts';
import { validateAnnotations, validateLabels, validateNotNegative } from './metadata.ts';
import { validatePodSpec } from './pod-spec.ts';

type Template = Loose<ObjectOf<'core/v1.PodTemplateSpec'>>;
type Job = Loose<ObjectOf<'batch/v1.Job'>>;
type JobSpec = Loose<ObjectOf<'batch/v1.JobSpec'>>;
/** What Deployment, ReplicaSet, DaemonSet and StatefulSet have in common. */
interface Selecting {
  spec?:
    | {
        selector?: Loose<LabelSelector> | undefined;
        template?: Template | undefined;
        replicas?: number | undefined;
        minReadySeconds?: number | undefined;
        revisionHistoryLimit?: number | undefined;
      }
    | undefined;
}
type StatefulSet = Loose<ObjectOf<'apps/v1.StatefulSet'>>;

/** Pushes what is wrong with a template of pods. */
export function validateTemplate(errors: FieldError[], path: string, template: Template): void {
  validateLabels(errors, `${path}.metadata.labels`, template.metadata?.labels);
  validateAnnotations(errors, `${path}.metadata.annotations`, template.metadata?.annotations);
  validatePodSpec(errors, `${path}.spec`, template.spec ?? {});
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
}

/** Pushes what is wrong with a kind that keeps pods by a selector; `name` is how its messages call it. */
export function validateSelecting(errors: FieldError[], object: Selecting, name: string): void {
  const { selector, template = {}, ...spec } = object.spec ?? {};
  for (const field of ['replicas', 'minReadySeconds', 'revisionHistoryLimit'] as const)
    validateNotNegative(errors, `spec.${field}`, spec[field]);
  if (selector === undefined) errors.push(required('spec.selector'));
  else {
    errors.push(...labelSelectorFaults(selector, 'spec.selector'));
    const empty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
    if (empty) errors.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${name}`));
    else validateMatch(errors, selector, template);
  }
  validateTemplate(errors, 'spec.template', template);
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always') errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenField('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${KIND_NAMES[name] ?? name} is not Supported`),
    );
  }
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  deployment: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  daemonset: 'DaemonSet',
  statefulset: 'StatefulSet',
};

function validateMatch(errors: FieldError[], selector: Loose<LabelSelector>, template: Template): void {
  const labels = template.metadata?.labels ?? {};
  try {
    const matches = matcherOf(selector as LabelSelector).matches(labels as Record<string, string>);
    if (!matches) errors.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  } catch {
    // The operator that does not exist is named by labelSelectorFaults.
  }
}

export function validateSelectorKept(errors: FieldError[], object: Selecting, before: Selecting): void {
  const now = object.spec?.selector ?? {};
  if (!sameAt('meta/v1.LabelSelector', now, before.spec?.selector ?? {}))
    errors.push(invalidValue('spec.selector', now, 'field is immutable'));
}

const STATEFUL_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function validateStatefulSetUpdate(errors: FieldError[], set: StatefulSet, before: StatefulSet): void {
  const rest: Record<string, unknown> = { ...set.spec };
  for (const field of STATEFUL_MUTABLE) if (before.spec?.[field] === undefined) delete rest[field];
  for (const field of STATEFUL_MUTABLE) if (before.spec?.[field] !== undefined) rest[field] = before.spec[field];
  if (sameAt('apps/v1.StatefulSetSpec', rest, before.spec ?? {})) return;
  const [last = '', ...others] = STATEFUL_MUTABLE.toReversed();
  const named = others
    .toReversed()
    .map((field) => `'${field}'`)
    .join(', ');
  errors.push(forbiddenField('spec', `updates to statefulset spec for fields other than ${named} and '${last}' are forbidden`));
}

/** Pushes what is wrong with a Job's spec at `path`; the selector of a Job is generated later. */
export function validateJobSpec(errors: FieldError[], path: string, spec: JobSpec): void {
  for (const field of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'] as const) {
    validateNotNegative(errors, `${path}.${field}`, spec[field]);
  }
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  }
  const template = spec.template ?? {};
  validateTemplate(errors, `${path}.template`, template);
  const policy = template.spec?.restartPolicy ?? '';
  const at = `${path}.template.spec.restartPolicy`;
  if (policy === '' || policy === 'Always') errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(notSupported(at, policy, ['OnFailure', 'Never']));
}

export function validateJobUpdate(errors: FieldError[], job: Job, before: Job): void {
  const now = job.spec ?? {};
  const then = before.spec ?? {};
  const fixed = ['selector', 'template', 'completionMode', ...(now.completionMode === 'Indexed' ? [] : ['completions'])] as const;
  for (const field of fixed) {
    if (!sameAt('batch/v1.JobSpec', now, then, field))
      errors.push(invalidValue(`spec.${field}`, valueAt(now, field), 'field is immutable'));
  }
}

const CONCURRENCY = ['Allow', 'Forbid', 'Replace'];

export function validateCronJob(errors: FieldError[], job: Loose<ObjectOf<'batch/v1.CronJob'>>): void {
  const spec = job.spec ?? {};
  const { schedule = '', concurrencyPolicy = '' } = spec;
  if (schedule === '') errors.push(required('spec.schedule'));
  else {
    const fault = cronFault(schedule);
    if (fault !== undefined) errors.push(invalidValue('spec.schedule', schedule, fault));
  }
  for (const field of ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const)
    validateNotNegative(errors, `spec.${field}`, spec[field]);
  if (concurrencyPolicy === '') errors.push(required('spec.concurrencyPolicy'));
  else if (!CONCURRENCY.includes(concurrencyPolicy)) errors.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, CONCURRENCY));
  validateJobSpec(errors, 'spec.jobTemplate.spec', spec.jobTemplate?.spec ?? {});
}
