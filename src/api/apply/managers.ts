/** metadata.managedFields: who owns which fields (apimachinery `pkg/util/managedfields`). */
import { isObject } from '../own.ts';
import { equal, readFieldSet, union, without, writeFieldSet } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

/** One manager and its fields. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; empty when it is not known. */
  readonly time: string;
  readonly fields: FieldSet;
}

/** An entry as it stands in the object. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

/** Most managers with operation Update; older ones become one. */
export const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

/** Whether two entries are the same manager's; one who applies stays the same in another version. */
export const sameManager = (a: Manager, b: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion) &&
  a.subresource === b.subresource;

/** Reads the managers of an object. */
export function readManagers(object: unknown): Manager[] {
  const metadata = isObject(object) ? object['metadata'] : undefined;
  const entries: unknown = isObject(metadata) ? metadata['managedFields'] : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.filter(isObject).map((entry) => {
    const text = (name: string): string => {
      const value = entry[name];
      return typeof value === 'string' ? value : '';
    };
    return {
      manager: text('manager'),
      operation: text('operation') === 'Apply' ? 'Apply' : 'Update',
      apiVersion: text('apiVersion'),
      subresource: text('subresource'),
      time: text('time'),
      fields: readFieldSet(entry['fieldsV1']),
    };
  });
}

/** What nobody owns: the server sets it. */
const UNOWNED = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

/** The set without what nobody can own. */
export function ownable(fields: FieldSet): FieldSet {
  let out = without(without(without(fields, ['f:apiVersion'], true), ['f:kind'], true), ['f:metadata'], false);
  for (const name of UNOWNED) out = without(out, ['f:metadata', `f:${name}`], true);
  return out;
}

/** Entries in the original's order: Apply before Update, older before newer. Managers without fields are left out, those unchanged keep their time. */
export function writeManagers(managers: readonly Manager[], before: readonly Manager[], time: string): ManagedFieldsEntry[] {
  const timed = managers.filter((manager) => manager.fields.size > 0).map((manager) => timedManager(manager, before, time));
  return capUpdates(timed).sort(compareManagers).map(entryOf);
}

function timedManager(manager: Manager, before: readonly Manager[], time: string): Manager {
  const old = before.find((other) => sameManager(other, manager));
  const unchanged = old !== undefined && equal(old.fields, manager.fields);
  return { ...manager, time: unchanged ? old.time : manager.time === '' || old !== undefined ? time : manager.time };
}

/** The same manager with other fields. */
export const withFields = (manager: Manager, fields: FieldSet): Manager => ({ ...manager, fields });

function compareManagers(a: Manager, b: Manager): number {
  for (const name of ['operation', 'time', 'manager', 'apiVersion', 'subresource'] as const) {
    if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  }
  return 0;
}

function entryOf(manager: Manager): ManagedFieldsEntry {
  return {
    manager: manager.manager,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time !== '' && { time: manager.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: writeFieldSet(manager.fields),
    ...(manager.subresource !== '' && { subresource: manager.subresource }),
  };
}

/** Merges the oldest Update managers of a version into one when there are too many. */
function capUpdates(managers: readonly Manager[]): Manager[] {
  const updates = managers.filter((manager) => manager.operation === 'Update' && manager.manager !== ANCIENT).sort(compareManagers);
  const surplus = new Set(updates.slice(0, Math.max(0, updates.length - MAX_UPDATE_MANAGERS)));
  if (surplus.size === 0) return [...managers];
  const out = managers.filter((manager) => !surplus.has(manager));
  for (const old of surplus) {
    const identity = { manager: ANCIENT, operation: 'Update', apiVersion: old.apiVersion, subresource: '' } as const;
    const at = out.findIndex((manager) => sameManager(manager, identity));
    const ancient = out[at];
    if (ancient === undefined) out.push({ ...old, ...identity });
    else out[at] = { ...ancient, fields: union(ancient.fields, old.fields), time: old.time };
  }
  return out;
}
