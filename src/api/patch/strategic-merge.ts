/** Strategic merge patch (apimachinery `pkg/util/strategicpatch/patch.go`): a merge patch that knows the merge keys of lists. */
import { getOwn, isObject, jsonEqual, setOwn } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { typePlan } from '../schema/plan.ts';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import type { TypeName } from '../schema/schema.ts';
import { PatchError } from './errors.ts';
import { patchObject } from './merge-patch.ts';
import { byKey, goList, indexBy, itself, reorder } from './strategic-lists.ts';
import type { Identity } from './strategic-lists.ts';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const SET_ORDER = '$setElementOrder/';

/** The object with the patch merged in; neither argument changes. Throws PatchError. */
export function applyStrategicMergePatch(type: TypeName, object: JsonObject, patch: unknown): JsonObject {
  return mergeObject(structuredClone(object), structuredClone(patchObject(patch)), typePlan(type));
}

/** The type of the value of a key, when it has one: maps of scalars and embedded objects have none. */
type Shape = TypePlan | undefined;

const malformed = (message: string): PatchError => new PatchError(message, 'malformed');

function unknownPatchType(directive: unknown, patch: JsonObject): PatchError {
  return new PatchError(`unknown patch type: ${String(directive)} in map: ${goList([patch]).slice(1, -1)}`, 'broken');
}

/** Merges in place and returns what the original becomes. */
function mergeObject(original: JsonObject, patch: JsonObject, shape: Shape): JsonObject {
  const directive = getOwn(patch, PATCH);
  if (directive !== undefined) {
    delete patch[PATCH];
    if (directive === 'replace') return patch;
    if (directive === 'delete') return {};
    if (directive !== 'merge') throw unknownPatchType(directive, { ...patch, [PATCH]: directive });
  }
  retainKeys(original, patch);
  setElementOrders(original, patch, shape);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) deletePrimitives(original, key.slice(DELETE_PRIMITIVES.length), value);
    else mergeKey(original, key, value, shape);
  }
  return original;
}

function mergeKey(original: JsonObject, key: string, value: unknown, shape: Shape): void {
  if (value === null) {
    Reflect.deleteProperty(original, key);
    return;
  }
  const before = getOwn(original, key);
  if (before === undefined || before === null) {
    if (!hasDirective(value)) setOwn(original, key, withoutDirectives(value));
  } else if (isObject(before) && isObject(value)) {
    const field = shape?.byName.get(key);
    setOwn(original, key, field?.record.strategy === 'replace' ? value : mergeObject(before, value, inner(field)));
  } else if (Array.isArray(before) && Array.isArray(value)) setOwn(original, key, mergeList(before, value, shape?.byName.get(key)));
  else setOwn(original, key, value);
}

/** The shape of what lies in a field; the keys of a map have no fields of their own, their values may. */
function inner(field: FieldPlan | undefined): Shape {
  return field?.shape === 'map' ? undefined : field?.type;
}

const mergesLists = (field: FieldPlan | undefined): boolean => field?.record.strategy?.split(',').includes('merge') ?? false;

function mergeList(original: unknown[], patch: unknown[], field: FieldPlan | undefined): unknown[] {
  if (!mergesLists(field)) return patch;
  if (original.length === 0 && patch.length === 0) return original;
  if (![...original, ...patch].some(isObject)) return reorder(unique([...original, ...patch]), unique(patch), original, itself);
  const { merged, rest, identity } = mergeElements(original, patch, field);
  return reorder(merged, rest, original, identity);
}

/** Lists of objects: the old elements, merged, then the new ones. */
function mergeElements(
  original: readonly unknown[],
  patch: readonly unknown[],
  field: FieldPlan | undefined,
): { merged: unknown[]; rest: unknown[]; identity: Identity } {
  const identity = byKey(field?.record.mergeKey ?? '');
  const { kept, rest } = specialElements(original, patch, identity);
  const merged = [...kept];
  for (const item of rest) {
    if (!isObject(item)) throw new PatchError('list element types are not identical', 'broken');
    const at = indexBy(merged, identity(item), identity);
    const before = at < 0 ? undefined : merged[at];
    if (isObject(before)) merged[at] = mergeObject(before, item, inner(field));
    else merged.push(withoutDirectives(item));
  }
  return { merged, rest, identity };
}

const unique = (list: readonly unknown[]): unknown[] => [...new Set(list)];

/** Takes the elements with `$patch` out of a list patch and does what they say. */
function specialElements(
  original: readonly unknown[],
  patch: readonly unknown[],
  identity: Identity,
): { kept: unknown[]; rest: unknown[] } {
  let kept = [...original];
  const rest: unknown[] = [];
  let replaced = false;
  for (const item of patch) {
    const directive = isObject(item) ? getOwn(item, PATCH) : undefined;
    if (!isObject(item) || directive === undefined) rest.push(item);
    else if (directive === 'delete') {
      const wanted = identity(item);
      kept = kept.filter((other) => !jsonEqual(identity(other), wanted));
    } else if (directive === 'replace') replaced = true;
    else if (directive === 'merge') throw new PatchError('merging lists cannot yet be specified in the patch', 'broken');
    else throw unknownPatchType(directive, item);
  }
  return replaced ? { kept: rest, rest: [] } : { kept, rest };
}

function retainKeys(original: JsonObject, patch: JsonObject): void {
  const retained = getOwn(patch, RETAIN_KEYS);
  if (retained === undefined) return;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(retained)) throw malformed('invalid patch format of retainKeys');
  const listed = new Set<unknown>(retained);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !key.startsWith('$') && !listed.has(key)) throw malformed('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(original)) if (!listed.has(key)) Reflect.deleteProperty(original, key);
}

function deletePrimitives(original: JsonObject, key: string, value: unknown): void {
  const before = getOwn(original, key);
  if (!Array.isArray(before)) return;
  if (!Array.isArray(value)) throw malformed('invalid patch format of primitive list');
  setOwn(original, key, unique(before.filter((item) => !value.includes(item))));
}

function setElementOrders(original: JsonObject, patch: JsonObject, shape: Shape): void {
  for (const directive of Object.keys(patch).filter((key) => key.startsWith(SET_ORDER))) {
    const key = directive.slice(SET_ORDER.length);
    const order = patch[directive];
    delete patch[directive];
    if (!Array.isArray(order)) throw malformed('invalid patch format of setElementOrder list');
    setElementOrder(original, patch, key, order, shape);
  }
}

function setElementOrder(original: JsonObject, patch: JsonObject, key: string, order: unknown[], shape: Shape): void {
  const field = shape?.byName.get(key);
  const patched = getOwn(patch, key);
  if (patched !== undefined && !Array.isArray(patched)) return;
  const before = getOwn(original, key);
  if (before !== undefined && before !== null && !Array.isArray(before)) return;
  const old: unknown[] = Array.isArray(before) ? before : [];
  const identity = [...old, ...(patched ?? []), ...order].some(isObject) ? byKey(field?.record.mergeKey ?? '') : itself;
  checkOrder(patched ?? [], order, identity);
  delete patch[key];
  if (before === undefined && patched === undefined) return;
  if (patched === undefined) setOwn(original, key, reorder(old, order, old, identity));
  else if (before === undefined) setOwn(original, key, reorder(withoutDirectives(patched) as unknown[], order, old, identity));
  else if (identity === itself || !mergesLists(field)) setOwn(original, key, reorder(mergeList(old, patched, field), order, old, identity));
  else {
    // A new element takes the place of a deleted one: the original's order is that of the list as merged so far.
    const { merged } = mergeElements(old, patched, field);
    setOwn(original, key, reorder(merged, order, merged.slice(0, old.length), identity));
  }
}

/** What the patch sets must stand in the order list, in the same order. */
function checkOrder(patched: readonly unknown[], order: readonly unknown[], identity: Identity): void {
  let from = 0;
  for (const item of patched) {
    if (isObject(item) && (item[PATCH] === 'delete' || Object.keys(item).every((key) => key === PATCH))) continue;
    const at = order.findIndex((entry, index) => index >= from && jsonEqual(identity(entry), identity(item)));
    if (at < 0) throw malformed(`The order in patch list:\n${goList(patched)}\n doesn't match $setElementOrder list:\n${goList(order)}\n`);
    from = at + 1;
  }
}

/** A value that the original did not have: directives in it have nothing to work on, and nulls say nothing. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !hasDirective(item)).map(withoutDirectives);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null || hasDirective(item) || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_PRIMITIVES))
      continue;
    setOwn(out, key, withoutDirectives(item));
  }
  return out;
}

const hasDirective = (value: unknown): boolean => isObject(value) && Object.hasOwn(value, PATCH);
