/** Kinds of the core group that have little to check (`pkg/apis/core/validation/validation.go`). */
import { duplicate, forbiddenField, invalidValue, notSupported, required, tooLong } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { configKey, labelValue, qualifiedName } from '../names.ts';
import { jsonEqual } from '../own.ts';
import type { ConfigMap, Event, Lease, Loose, Namespace, Node, ObjectOf, Secret } from '../types.ts';
import { validateImmutable, validateNotNegative } from './metadata.ts';
import { TAINT_EFFECTS } from './pod-spec.ts';

/** Bytes that the data of a ConfigMap or Secret may have together. */
export const MAX_DATA = 1024 * 1024;
const IMMUTABLE = 'field is immutable when `immutable` is set';

const bytesOf = (base64: string): number =>
  Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);

export function validateConfigMap(errors: FieldError[], map: Loose<ConfigMap>): void {
  let size = 0;
  for (const [key, value = ''] of Object.entries(map.data ?? {})) {
    for (const fault of configKey(key)) errors.push(invalidValue(`data[${key}]`, key, fault));
    if (Object.hasOwn(map.binaryData ?? {}, key)) errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += Buffer.byteLength(value);
  }
  for (const [key, value = ''] of Object.entries(map.binaryData ?? {})) {
    for (const fault of configKey(key)) errors.push(invalidValue(`binaryData[${key}]`, key, fault));
    size += bytesOf(value);
  }
  // The original names no field here, which prints as empty brackets.
  if (size > MAX_DATA) errors.push(tooLong('[]', MAX_DATA));
}

type Immutable = { immutable?: boolean | undefined; data?: unknown; binaryData?: unknown };

/** Pushes the errors of changing an object that said it never changes. */
export function validateImmutableData(errors: FieldError[], object: Immutable, before: Immutable): void {
  if (before.immutable !== true) return;
  if (object.immutable !== true) errors.push(forbiddenField('immutable', IMMUTABLE));
  for (const field of ['data', 'binaryData'] as const) {
    if (!jsonEqual(object[field] ?? {}, before[field] ?? {})) errors.push(forbiddenField(field, IMMUTABLE));
  }
}

const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const ACCOUNT = 'kubernetes.io/service-account.name';

export function validateSecret(errors: FieldError[], secret: Loose<Secret>): void {
  let size = 0;
  const data = secret.data ?? {};
  for (const [key, value = ''] of Object.entries(data)) {
    for (const fault of configKey(key)) errors.push(invalidValue(`data[${key}]`, key, fault));
    size += bytesOf(value);
  }
  if (size > MAX_DATA) errors.push(tooLong('data', MAX_DATA));
  const type = secret.type ?? '';
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata?.annotations?.[ACCOUNT])
    errors.push(required(`metadata.annotations[${ACCOUNT}]`));
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    errors.push(required('data[username]'), required('data[password]'));
  }
  for (const key of SECRET_KEYS[type] ?? []) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined || (key === 'ssh-privatekey' && value === '')) errors.push(required(`data[${key}]`));
    else if (key.startsWith('.docker')) validateJson(errors, `data[${key}]`, value);
  }
}

function validateJson(errors: FieldError[], path: string, base64: string): void {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    errors.push(invalidValue(path, '<secret contents redacted>', 'invalid character looking for beginning of value'));
  }
}

export function validateSecretUpdate(errors: FieldError[], secret: Loose<Secret>, before: Loose<Secret>): void {
  validateImmutable(errors, 'type', secret.type, before.type);
  validateImmutableData(errors, secret, before);
}

export function validateNamespace(errors: FieldError[], namespace: Loose<Namespace>): void {
  for (const [i, finalizer] of (namespace.spec?.finalizers ?? []).entries()) {
    for (const fault of qualifiedName(finalizer)) errors.push(invalidValue(`spec.finalizers[${i}]`, finalizer, fault));
    if (!finalizer.includes('/') && finalizer !== 'kubernetes') {
      errors.push(invalidValue(`spec.finalizers[${i}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
    }
  }
}

/** The original places taints under metadata, and so does this. */
export function validateNode(errors: FieldError[], node: Loose<Node>): void {
  const seen = new Set<string>();
  for (const [i, taint] of (node.spec?.taints ?? []).entries()) {
    const at = `metadata.taints[${i}]`;
    const { key = '', value = '', effect = '' } = taint;
    for (const fault of qualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, fault));
    const faults = labelValue(value);
    if (faults.length > 0) errors.push(invalidValue(`${at}.value`, value, faults.join(';')));
    if (effect === '') errors.push(required(`${at}.effect`));
    else if (!TAINT_EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, TAINT_EFFECTS));
    const id = `${key}:${effect}`;
    if (seen.has(id))
      errors.push({ ...duplicate(at, taint), message: `${duplicate(at, taint).message}: taints must be unique by key and effect pair` });
    seen.add(id);
  }
  for (const [name, amount] of Object.entries({ ...node.status?.capacity, ...node.status?.allocatable })) {
    if (amount?.startsWith('-')) errors.push(invalidValue(`status.capacity[${name}]`, amount, 'must be greater than or equal to 0'));
  }
}

/** An update checks the whole node again, after the new fields: faults stand twice. */
export function validateNodeUpdate(errors: FieldError[], node: Loose<Node>, before: Loose<Node>): void {
  validateNode(errors, node);
  if (before.spec?.podCIDR && node.spec?.podCIDR !== before.spec.podCIDR) {
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if (before.spec?.providerID && node.spec?.providerID !== before.spec.providerID) {
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
}

export function validateLease(errors: FieldError[], lease: Loose<Lease>): void {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = lease.spec ?? {};
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
  }
  validateNotNegative(errors, 'spec.leaseTransitions', leaseTransitions);
  if (holderIdentity === '') errors.push(invalidValue('spec.holderIdentity', holderIdentity, 'must not be empty'));
}

export function validateEvent(errors: FieldError[], event: Loose<Event>): void {
  const namespace = event.metadata?.namespace ?? '';
  const involved = event.involvedObject?.namespace ?? '';
  // Events about what has no namespace live in the default one.
  const expected = involved === '' ? ['default', ''] : [involved];
  if (!expected.includes(namespace) && namespace !== 'kube-system')
    errors.push(invalidValue('involvedObject.namespace', involved, 'does not match event.namespace'));
}

type Claim = Loose<ObjectOf<'core/v1.PersistentVolumeClaim'>>;
type PersistentVolume = Loose<ObjectOf<'core/v1.PersistentVolume'>>;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

function validateAccessModes(errors: FieldError[], modes: readonly string[]): void {
  if (modes.length === 0) errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.push(notSupported('spec.accessModes', mode, ACCESS_MODES));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(forbiddenField('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
}

export function validateClaim(errors: FieldError[], claim: Claim): void {
  validateAccessModes(errors, claim.spec?.accessModes ?? []);
  const storage = claim.spec?.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required('spec.resources[storage]'));
  else if (storage === '0' || storage.startsWith('-'))
    errors.push(invalidValue('spec.resources[storage]', storage, 'must be greater than zero'));
}

const NOT_A_SOURCE: ReadonlySet<string> = new Set([
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
]);

export function validatePersistentVolume(errors: FieldError[], volume: PersistentVolume): void {
  const spec = volume.spec ?? {};
  validateAccessModes(errors, spec.accessModes ?? []);
  if (spec.capacity === undefined) errors.push(required('spec.capacity'));
  const [source, ...more] = Object.keys(spec).filter((key) => !NOT_A_SOURCE.has(key));
  if (source === undefined) errors.push(required('spec', 'must specify a volume type'));
  for (const kind of more) errors.push(forbiddenField(`spec.${kind}`, 'may not specify more than 1 volume type'));
}
