/** Who owns what after a create, update or patch. */
import { normalize } from '../normalize.ts';
import { typePlan } from '../schema/plan.ts';
import type { TypeName } from '../schema/schema.ts';
import { difference, intersection, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { ownable, readManagers, sameManager, withFields, writeManagers } from './managers.ts';
import type { ManagedFieldsEntry, Manager } from './managers.ts';
import { compare, rootShape } from './typed.ts';
import type { Comparison } from './typed.ts';

/** Who writes. */
export interface Writer {
  /** At most 128 characters: `fieldManager`, or the User-Agent up to its first slash. */
  readonly manager: string;
  /** The version the object was written in: `v1`, `apps/v1`. */
  readonly apiVersion: string;
  /** `status`, `scale`, …; absent for the object itself. */
  readonly subresource?: string;
  /** When, RFC 3339. */
  readonly time: string;
}

/**
 * The managedFields of an object after a write that is no apply: the writer owns what it added or changed, nobody
 * owns what is gone. `before` is undefined for a create; the managers are read from `after` when it has some
 * (a client may send them), else from `before`. Neither object changes.
 */
export function updateManagedFields(type: TypeName, before: object | undefined, after: object, writer: Writer): ManagedFieldsEntry[] {
  const old = readManagers(after);
  const managers = old.length > 0 ? old : readManagers(before);
  const changes = compare(rootShape(typePlan(type)), normalize(type, before ?? {}), normalize(type, after));
  const identity = identityOf(writer, 'Update');
  const others = dispossess(managers, identity, changes);
  const own = managers.find((manager) => sameManager(manager, identity))?.fields ?? new Map();
  const fields = ownable(union(difference(own, changes.removed), union(changes.modified, changes.added)));
  return writeManagers([...others, { ...identity, time: writer.time, fields }], managers, writer.time);
}

export const identityOf = (writer: Writer, operation: Manager['operation']): Omit<Manager, 'time' | 'fields'> => ({
  manager: writer.manager,
  operation,
  apiVersion: writer.apiVersion,
  subresource: writer.subresource ?? '',
});

/** The other managers, without what the writer changed or removed. */
export function dispossess(managers: readonly Manager[], writer: Omit<Manager, 'time' | 'fields'>, changes: Comparison): Manager[] {
  const touched = union(union(changes.added, changes.modified), changes.removed);
  return managers
    .filter((manager) => !sameManager(manager, writer))
    .map((manager) => withFields(manager, difference(manager.fields, touched)));
}

/** What a change takes from a manager. */
export const takenFrom = (manager: Manager, changes: Comparison): FieldSet =>
  intersection(manager.fields, union(changes.added, changes.modified));
