/** What holds for the metadata of every object (apimachinery `pkg/api/validation/objectmeta.go`). */
import { forbiddenField, goQuote, invalidValue, required, tooLong } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { jsonEqual } from '../own.ts';
import { dnsLabel, dnsSubdomain, labelValue, pathSegment, qualifiedName } from '../names.ts';
import type { ResourceDefinition } from '../resources.ts';
import type { Loose, ObjectMeta, OwnerReference } from '../types.ts';

type Metadata = Loose<ObjectMeta>;
type NameRule = (name: string) => string[];

/** Bytes that all annotations of an object may have together. */
export const MAX_ANNOTATIONS = 256 * 1024;
const CRON_JOB_NAME_MAX = 52;
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const cronJobName: NameRule = (name) => [
  ...dnsSubdomain(name),
  ...(name.length > CRON_JOB_NAME_MAX ? [`must be no more than ${CRON_JOB_NAME_MAX} characters`] : []),
];

/** Kinds whose names follow another rule than a DNS subdomain. */
const NAME_RULES: Readonly<Record<string, NameRule>> = {
  namespaces: dnsLabel,
  services: dnsLabel,
  roles: pathSegment,
  clusterroles: pathSegment,
  rolebindings: pathSegment,
  clusterrolebindings: pathSegment,
  cronjobs: cronJobName,
};
const nameRule = (of: ResourceDefinition): NameRule => NAME_RULES[of.resource] ?? dnsSubdomain;

/** A generated name ends in random letters, so that the prefix may end in a dash. */
const withoutTrailingDash = (prefix: string): string => (prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);

/** Pushes what is wrong with the metadata of a new object. */
export function validateMetadata(errors: FieldError[], of: ResourceDefinition, metadata: Metadata): void {
  const { name = '', generateName = '', namespace = '' } = metadata;
  if (generateName !== '') {
    for (const fault of nameRule(of)(withoutTrailingDash(generateName)))
      errors.push(invalidValue('metadata.generateName', generateName, fault));
  }
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else for (const fault of nameRule(of)(name)) errors.push(invalidValue('metadata.name', name, fault));
  if (!of.namespaced) {
    if (namespace !== '') errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  } else if (namespace === '') errors.push(required('metadata.namespace'));
  else for (const fault of dnsLabel(namespace)) errors.push(invalidValue('metadata.namespace', namespace, fault));
  validateCommon(errors, metadata);
}

function validateCommon(errors: FieldError[], metadata: Metadata): void {
  validateLabels(errors, 'metadata.labels', metadata.labels);
  validateAnnotations(errors, 'metadata.annotations', metadata.annotations);
  validateOwners(errors, metadata.ownerReferences ?? []);
  validateFinalizers(errors, metadata.finalizers ?? []);
}

/** Pushes what is wrong with a map of labels: keys are named at the map, as the API does. */
export function validateLabels(errors: FieldError[], path: string, labels: Record<string, string | undefined> | undefined): void {
  for (const [key, value = ''] of Object.entries(labels ?? {})) {
    for (const fault of qualifiedName(key)) errors.push(invalidValue(path, key, fault));
    for (const fault of labelValue(value)) errors.push(invalidValue(path, value, fault));
  }
}

export function validateAnnotations(errors: FieldError[], path: string, annotations: Record<string, string | undefined> | undefined): void {
  let size = 0;
  for (const [key, value = ''] of Object.entries(annotations ?? {})) {
    for (const fault of qualifiedName(key.toLowerCase())) errors.push(invalidValue(path, key, fault));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATIONS) errors.push(tooLong(path, MAX_ANNOTATIONS));
}

function validateOwners(errors: FieldError[], owners: readonly Loose<OwnerReference>[]): void {
  const at = 'metadata.ownerReferences';
  let controller: string | undefined;
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
    if (apiVersion === '') errors.push(invalidValue(`${at}.apiVersion`, apiVersion, 'version must not be empty'));
    for (const [field, value] of Object.entries({ kind, name, uid }))
      if (value === '') errors.push(invalidValue(`${at}.${field}`, '', 'must not be empty'));
    if (kind === 'Event' && (apiVersion === 'v1' || apiVersion.startsWith('events.k8s.io/'))) {
      errors.push(invalidValue(at, owner, `${apiVersion.replace(/^v1$/, '/v1')}, Kind=Event is disallowed from being an owner`));
    }
    if (owner.controller !== true) continue;
    if (controller === undefined) controller = name;
    else
      errors.push(
        invalidValue(
          at,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      );
  }
}

function validateFinalizers(errors: FieldError[], finalizers: readonly string[]): void {
  for (const [i, finalizer] of finalizers.entries()) {
    for (const fault of qualifiedName(finalizer)) errors.push(invalidValue('metadata.finalizers', finalizer, fault));
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      errors.push(
        invalidValue(`metadata.finalizers[${i}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
      );
    }
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalidValue('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
}

/** Pushes what an update may not do to metadata. */
export function validateMetadataUpdate(errors: FieldError[], metadata: Metadata, before: Metadata): void {
  const known = new Set(before.finalizers);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (before.deletionTimestamp !== undefined && added.length > 0) {
    const names = added.map(goQuote).join(', ');
    errors.push(
      forbiddenField(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`,
      ),
    );
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const) {
    if ((metadata[field] ?? '') !== (before[field] ?? ''))
      errors.push(invalidValue(`metadata.${field}`, metadata[field], 'field is immutable'));
  }
  validateCommon(errors, metadata);
}

/** Pushes the error of a field that changed and may not. */
export function validateImmutable(
  errors: FieldError[],
  path: string,
  value: unknown,
  before: unknown,
  detail = 'field is immutable',
): void {
  if (!jsonEqual(value ?? null, before ?? null)) errors.push(invalidValue(path, value, detail));
}

/** Pushes the error of a negative number. */
export function validateNotNegative(errors: FieldError[], path: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.push(invalidValue(path, value, 'must be greater than or equal to 0'));
}
