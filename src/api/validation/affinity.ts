/** Affinities of a pod to nodes and to other pods (`pkg/apis/core/validation/validation.go`, validateAffinity). */
import { forbiddenField, invalidValue, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { qualifiedName } from '../names.ts';
import { labelSelectorFaults } from '../selectors.ts';
import type { Loose, ObjectOf } from '../types.ts';

type Affinity = Loose<ObjectOf<'core/v1.Affinity'>>;
type NodeTerm = Loose<ObjectOf<'core/v1.NodeSelectorTerm'>>;
type PodTerm = Loose<ObjectOf<'core/v1.PodAffinityTerm'>>;
type PodAffinity = Loose<ObjectOf<'core/v1.PodAffinity'>>;
type Requirement = Loose<ObjectOf<'core/v1.NodeSelectorRequirement'>>;

const MAX_WEIGHT = 100;

export function validateAffinity(errors: FieldError[], path: string, affinity: Affinity | undefined): void {
  const node = affinity?.nodeAffinity;
  const must = node?.requiredDuringSchedulingIgnoredDuringExecution;
  const at = `${path}.nodeAffinity`;
  if (must !== undefined)
    validateNodeSelector(errors, `${at}.requiredDuringSchedulingIgnoredDuringExecution`, must.nodeSelectorTerms ?? []);
  for (const [i, term] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const here = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    validateWeight(errors, here, term.weight);
    validateNodeTerm(errors, `${here}.preference`, term.preference ?? {});
  }
  validatePodAffinity(errors, `${path}.podAffinity`, affinity?.podAffinity);
  validatePodAffinity(errors, `${path}.podAntiAffinity`, affinity?.podAntiAffinity);
}

function validateWeight(errors: FieldError[], path: string, weight = 0): void {
  if (weight < 1 || weight > MAX_WEIGHT) errors.push(invalidValue(`${path}.weight`, weight, `must be in the range 1-${MAX_WEIGHT}`));
}

/** Pushes what is wrong with the terms of a node selector: one at least. */
export function validateNodeSelector(errors: FieldError[], path: string, terms: readonly NodeTerm[]): void {
  if (terms.length === 0) errors.push(required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (const [i, term] of terms.entries()) validateNodeTerm(errors, `${path}.nodeSelectorTerms[${i}]`, term);
}

function validateNodeTerm(errors: FieldError[], path: string, term: NodeTerm): void {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    validateRequirement(errors, at, requirement);
    const { key = '' } = requirement;
    for (const fault of qualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, fault));
  }
  for (const [i, requirement] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${i}]`;
    const { key = '', operator = '', values = [] } = requirement;
    if ((operator === 'In' || operator === 'NotIn') && values.length !== 1) {
      errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    } else if (operator !== 'In' && operator !== 'NotIn')
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    if (key !== 'metadata.name') errors.push(invalidValue(`${at}.key`, key, 'not a valid field selector key'));
  }
}

function validateRequirement(errors: FieldError[], at: string, { operator = '', values = [] }: Requirement): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  }
}

function validatePodAffinity(errors: FieldError[], path: string, affinity: PodAffinity | undefined): void {
  for (const [i, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    validatePodTerm(errors, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, term);
  }
  for (const [i, weighted] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    validateWeight(errors, at, weighted.weight);
    validatePodTerm(errors, `${at}.podAffinityTerm`, weighted.podAffinityTerm ?? {});
  }
}

function validatePodTerm(errors: FieldError[], path: string, term: PodTerm): void {
  errors.push(
    ...labelSelectorFaults(term.labelSelector, `${path}.labelSelector`),
    ...labelSelectorFaults(term.namespaceSelector, `${path}.namespaceSelector`),
  );
  const { topologyKey = '' } = term;
  if (topologyKey === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  for (const fault of qualifiedName(topologyKey)) errors.push(invalidValue(`${path}.topologyKey`, topologyKey, fault));
}
