/** Environment variables and where their values come from (`pkg/apis/core/validation/validation.go`, ValidateEnv). */
import { invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { configKey, dnsSubdomain, envVarName, qualifiedName } from '../names.ts';
import type { EnvVar, Loose, ObjectOf } from '../types.ts';

type EnvFrom = Loose<ObjectOf<'core/v1.EnvFromSource'>>;
type ValueFrom = Loose<ObjectOf<'core/v1.EnvVarSource'>>;
type FieldRef = Loose<ObjectOf<'core/v1.ObjectFieldSelector'>>;
type ResourceRef = Loose<ObjectOf<'core/v1.ResourceFieldSelector'>>;

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
/** Fields that have a name in the API, though not all may be referred to. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.hostNetwork',
  'status.phase',
  'status.nominatedNodeName',
]);
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export function validateEnv(errors: FieldError[], path: string, env: readonly Loose<EnvVar>[]): void {
  for (const [i, variable] of env.entries()) {
    const at = `${path}[${i}]`;
    const { name = '' } = variable;
    if (name === '') errors.push(required(`${at}.name`));
    else for (const fault of envVarName(name)) errors.push(invalidValue(`${at}.name`, name, fault));
    if (variable.valueFrom !== undefined) validateValueFrom(errors, `${at}.valueFrom`, variable.valueFrom, variable.value ?? '');
  }
}

function validateValueFrom(errors: FieldError[], path: string, from: ValueFrom, value: string): void {
  if (from.fieldRef) validateFieldRef(errors, `${path}.fieldRef`, from.fieldRef, ENV_FIELDS);
  if (from.resourceFieldRef) validateResourceRef(errors, `${path}.resourceFieldRef`, from.resourceFieldRef, false);
  if (from.configMapKeyRef) validateKeyRef(errors, `${path}.configMapKeyRef`, from.configMapKeyRef);
  if (from.secretKeyRef) validateKeyRef(errors, `${path}.secretKeyRef`, from.secretKeyRef);
  const sources = [from.fieldRef, from.resourceFieldRef, from.configMapKeyRef, from.secretKeyRef, from.fileKeyRef].filter(
    (s) => s !== undefined,
  ).length;
  if (sources === 0) {
    errors.push(
      invalidValue(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
    );
  } else if (value !== '') errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
}

/** `metadata.labels['app']` → path and key. */
function subscripted(fieldPath: string): { field: string; key: string | undefined } {
  const [, field, key] = /^([^[\]]*)\['(.*)'\]$/.exec(fieldPath) ?? [];
  return field === undefined ? { field: fieldPath, key: undefined } : { field, key };
}

export function validateFieldRef(errors: FieldError[], path: string, ref: FieldRef, allowed: readonly string[]): void {
  const { apiVersion = '', fieldPath = '' } = ref;
  const at = `${path}.fieldPath`;
  if (apiVersion === '') return void errors.push(required(`${path}.apiVersion`));
  if (fieldPath === '') return void errors.push(required(at));
  const { field, key } = subscripted(fieldPath);
  if (key !== undefined) {
    if (field !== 'metadata.annotations' && field !== 'metadata.labels') errors.push(invalidValue(at, field, 'does not support subscript'));
    else
      for (const fault of qualifiedName(field === 'metadata.annotations' ? key.toLowerCase() : key))
        errors.push(invalidValue(path, key, fault));
  } else if (!KNOWN_FIELDS.has(field))
    errors.push(invalidValue(at, fieldPath, `error converting fieldPath: field label not supported: ${field}`));
  else if (!allowed.includes(field)) errors.push(notSupported(at, field, allowed));
}

export function validateResourceRef(errors: FieldError[], path: string, ref: ResourceRef, inVolume: boolean): void {
  const { containerName = '', resource = '' } = ref;
  if (inVolume && containerName === '') errors.push(required(`${path}.containerName`));
  else if (resource === '') errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
    errors.push(notSupported(`${path}.resource`, resource, RESOURCES));
}

function validateKeyRef(
  errors: FieldError[],
  path: string,
  { name = '', key = '' }: { name?: string | undefined; key?: string | undefined },
): void {
  for (const fault of dnsSubdomain(name)) errors.push(invalidValue(`${path}.name`, name, fault));
  if (key === '') errors.push(required(`${path}.key`));
  else for (const fault of configKey(key)) errors.push(invalidValue(`${path}.key`, key, fault));
}

export function validateEnvFrom(errors: FieldError[], path: string, sources: readonly EnvFrom[]): void {
  for (const [i, source] of sources.entries()) {
    const at = `${path}[${i}]`;
    if (source.prefix) for (const fault of envVarName(source.prefix)) errors.push(invalidValue(`${at}.prefix`, source.prefix, fault));
    for (const kind of ['configMapRef', 'secretRef'] as const) {
      const ref = source[kind];
      if (ref === undefined) continue;
      if (!ref.name) errors.push(required(`${at}.${kind}.name`));
      else for (const fault of dnsSubdomain(ref.name)) errors.push(invalidValue(`${at}.${kind}.name`, ref.name, fault));
    }
    if (!source.configMapRef && !source.secretRef) errors.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (source.configMapRef && source.secretRef)
      errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
  }
}
