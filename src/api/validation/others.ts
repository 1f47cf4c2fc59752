/** Light checks of kinds outside the core: enough that a broken object does not get in unseen. */
import { invalidValue, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { labelSelectorFaults } from '../selectors.ts';
import type { Loose, ObjectOf } from '../types.ts';
import { validateNotNegative } from './metadata.ts';

type Autoscaler = Loose<ObjectOf<'autoscaling/v2.HorizontalPodAutoscaler'>>;

export function validateAutoscaler(errors: FieldError[], { spec = {} }: Autoscaler): void {
  const { minReplicas, maxReplicas = 0 } = spec;
  if (!spec.scaleTargetRef?.kind) errors.push(required('spec.scaleTargetRef.kind'));
  if (!spec.scaleTargetRef?.name) errors.push(required('spec.scaleTargetRef.name'));
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
}

export function validateDisruptionBudget(errors: FieldError[], { spec = {} }: Loose<ObjectOf<'policy/v1.PodDisruptionBudget'>>): void {
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (typeof value === 'number') validateNotNegative(errors, `spec.${field}`, value);
  }
  errors.push(...labelSelectorFaults(spec.selector, 'spec.selector'));
}

export function validateIngress(errors: FieldError[], { spec = {} }: Loose<ObjectOf<'networking/v1.Ingress'>>): void {
  if ((spec.rules ?? []).length === 0 && spec.defaultBackend === undefined) {
    errors.push(invalidValue('spec', spec, 'either `defaultBackend` or `rules` must be specified'));
  }
}

export function validateStorageClass(errors: FieldError[], { provisioner = '' }: Loose<ObjectOf<'storage/v1.StorageClass'>>): void {
  if (provisioner === '') errors.push(required('provisioner'));
}

export function validateCustomResourceDefinition(
  errors: FieldError[],
  object: Loose<ObjectOf<'apiextensions/v1.CustomResourceDefinition'>>,
): void {
  const name = object.metadata?.name ?? '';
  const { group = '', names = {}, scope = '', versions = [] } = object.spec ?? {};
  if (name !== `${names.plural ?? ''}.${group}`)
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  if (group === '') errors.push(required('spec.group'));
  if (scope === '') errors.push(required('spec.scope'));
  if (!names.plural) errors.push(required('spec.names.plural'));
  if (!names.kind) errors.push(required('spec.names.kind'));
  if (versions.filter((version) => version.storage === true).length !== 1) {
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
}
