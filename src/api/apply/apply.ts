/** Server-side apply (structured-merge-diff `merge/update.go`): the applied fields are merged in, those no longer applied are taken out. */
import { normalize } from '../normalize.ts';
import { isObject } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { typePlan } from '../schema/plan.ts';
import type { TypeName } from '../schema/schema.ts';
import { badRequest, failure } from '../status.ts';
import type { StatusError } from '../status.ts';
import { difference, pathsOf, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { fieldsLastApplied } from './last-applied.ts';
import { ownable, readManagers, sameManager, writeManagers } from './managers.ts';
import type { ManagedFieldsEntry, Manager } from './managers.ts';
import { compare, fieldSetOf, merge, removeMembers, rootShape } from './typed.ts';
import { typedErrors } from './typed-errors.ts';
import type { Shape } from './typed.ts';
import { dispossess, identityOf, takenFrom } from './update.ts';
import type { Writer } from './update.ts';

export interface ApplyWriter extends Writer {
  /** Take fields over that others own with another value. */
  readonly force?: boolean;
}

/** The manager that owns what was there before the first apply. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * The object after an apply, with its managedFields; `live` is undefined when there is none yet. Neither argument
 * changes. Throws a StatusError: 409 for conflicts, 400 for managedFields in the patch, 500 for undeclared fields.
 */
export function applyObject(type: TypeName, live: object | undefined, patch: JsonObject, writer: ApplyWriter): JsonObject {
  const metadata = isObject(patch['metadata']) ? patch['metadata'] : {};
  const given = metadata['managedFields'];
  if (Array.isArray(given) && given.length > 0) throw badRequest('metadata.managedFields must be nil');
  const shape = rootShape(typePlan(type));
  const liveObject = normalize(type, live ?? {});
  const identity = identityOf(writer, 'Apply');
  const declared = declaredFields(shape, patch, writer);
  const applied = ownable(declared);
  const managers = live === undefined ? [] : managersBefore(type, liveObject, writer);
  const last = managers.find((manager) => sameManager(manager, identity))?.fields ?? new Map();
  const others = managers.filter((manager) => !sameManager(manager, identity));
  const owned = others.reduce((all, manager) => union(all, manager.fields), declared);
  const merged = merge(shape, liveObject, patch);
  const kept = removeMembers(shape, merged, abandoned(last, owned));
  const object: JsonObject = { kind: patch['kind'], apiVersion: patch['apiVersion'], ...(isObject(kept) && kept) };
  const changes = compare(shape, liveObject, object);
  if (writer.force !== true) {
    const free = fieldsLastApplied(type, shape, liveObject, writer);
    refuseConflicts(others.map((manager) => ({ manager, fields: difference(takenFrom(manager, changes), free) })));
  }
  const next = [...dispossess(managers, identity, changes), { ...identity, time: writer.time, fields: applied }];
  return withManagedFields(object, writeManagers(next, managers, writer.time));
}

/** An object with other managedFields; the given one does not change. */
export function withManagedFields(object: JsonObject, managedFields: ManagedFieldsEntry[]): JsonObject {
  const metadata = isObject(object['metadata']) ? { ...object['metadata'] } : {};
  delete metadata['managedFields'];
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}

/** The fields of a patch, once it is known to be what its type says. */
function declaredFields(shape: Shape, patch: JsonObject, writer: Writer): FieldSet {
  const errors = typedErrors(shape, patch);
  if (errors.length === 0) return fieldSetOf(shape, patch);
  const metadata = isObject(patch['metadata']) ? patch['metadata'] : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const version = writer.apiVersion.includes('/') ? writer.apiVersion : `/${writer.apiVersion}`;
  const what = `${text(metadata['namespace'])}/${text(metadata['name'])}; ${version}, Kind=${text(patch['kind'])}`;
  const [only = ''] = errors;
  const message = errors.length === 1 ? only : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`;
  throw failure(500, '', `failed to create typed patch object (${what}): ${message}`);
}

/** The managers so far; an object that was never tracked belongs to `before-first-apply`. */
function managersBefore(type: TypeName, live: JsonObject, writer: Writer): Manager[] {
  const managers = readManagers(live);
  if (managers.length > 0) return managers;
  const fields = ownable(compare(rootShape(typePlan(type)), normalize(type, {}), live).added);
  return [{ ...identityOf({ ...writer, manager: BEFORE_FIRST_APPLY }, 'Update'), time: writer.time, fields }];
}

/**
 * What the manager set before and nobody sets now. A field goes with all that is in it, unless somebody owns a part;
 * an element of a list goes as soon as nobody owns the element itself.
 */
function abandoned(last: FieldSet, owned: FieldSet): FieldSet {
  const out: FieldSet = new Map();
  for (const [element, node] of last) {
    const owner = owned.get(element);
    const isField = element.startsWith('f:');
    if (owner === undefined || (!isField && node.member && !owner.member)) {
      out.set(element, { member: node.member || isField, children: abandoned(node.children, new Map()) });
      continue;
    }
    const children = abandoned(node.children, owner.children);
    if (children.size > 0) out.set(element, { member: false, children });
  }
  return out;
}

interface Taken {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

function refuseConflicts(taken: readonly Taken[]): void {
  const conflicts = taken
    .flatMap(({ manager, fields }) => {
      const paths = pathsOf(fields);
      return paths.length === 0 ? [] : [{ text: managerText(manager), paths }];
    })
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  if (conflicts.length > 0) throw conflictFailure(conflicts);
}

/** `"kubectl" with subresource "status" using v1`; for a manager that applies, its name alone. */
function managerText(manager: Manager): string {
  const name =
    JSON.stringify(manager.manager) + (manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`);
  return manager.operation === 'Apply' ? name : `${name} using ${manager.apiVersion}`;
}

interface Conflict {
  readonly text: string;
  readonly paths: readonly string[];
}

function conflictFailure(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.flatMap(({ text, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${text}`, field })),
  );
  const count = causes.length;
  const [only] = conflicts;
  const parts = conflicts.map(({ text, paths }) => `conflicts with ${text}:\n${paths.map((path) => `- ${path}`).join('\n')}`);
  const what = count === 1 && only !== undefined ? `conflict with ${only.text}: ${only.paths[0] ?? ''}` : parts.join('\n');
  return failure(409, 'Conflict', `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${what}`, { causes });
}
