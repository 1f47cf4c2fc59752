/** What the types say about an object: defaults, validity, form. One place, so that every write treats every kind alike. */
import { applyDefaults } from '../../api/defaults/defaults.ts';
import { invalid, type FieldError } from '../../api/field-errors.ts';
import { normalize } from '../../api/normalize.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { validateCreate, validateUpdate } from '../../api/validation/validate.ts';
import type { KubeObject } from '../../api/types.ts';
import { apiVersionOf } from '../gvk.ts';

/** The object as Go would write it, with the kind and apiVersion of the resource. */
export function inForm(definition: ResourceDefinition, object: KubeObject): KubeObject {
  return normalize(definition.type, { ...object, kind: definition.kind, apiVersion: apiVersionOf(definition) }) as unknown as KubeObject;
}

/** Sets in place what the types default. */
export function setDefaults(definition: ResourceDefinition, object: KubeObject): void {
  applyDefaults(definition.type, object);
}

/** Throws a 422 when a new object breaks a rule. */
export function checkCreate(definition: ResourceDefinition, object: KubeObject): void {
  refuseFaults(definition, object, validateCreate(definition, object));
}

/** Throws a 422 when a changed object breaks a rule. */
export function checkUpdate(definition: ResourceDefinition, object: KubeObject, before: KubeObject, subresource: string): void {
  refuseFaults(definition, object, validateUpdate(definition, object, before, subresource));
}

function refuseFaults(definition: ResourceDefinition, object: KubeObject, faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalid(definition, object.metadata.name ?? '', faults);
}
