/** Values as server-side apply sees them: which parts of a value are fields of their own, by the records. */
import { emptyElement } from '../decode.ts';
import { getOwn, isObject, jsonEqual, setOwn } from '../own.ts';
import type { JsonObject } from '../own.ts';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import { keyElement, nodeOf } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

/** How a value divides into fields. A leaf is owned as a whole. */
export type Shape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'struct'; readonly plan: TypePlan; readonly root?: true }
  | { readonly kind: 'map'; readonly value: Shape }
  | { readonly kind: 'keyed'; readonly keys: readonly string[]; readonly plan: TypePlan; readonly value: Shape }
  | { readonly kind: 'set' };

const LEAF: Shape = { kind: 'leaf' };

/** The shape of a whole object; apiVersion and kind are no fields of anyone. */
export const rootShape = (plan: TypePlan): Shape => ({ kind: 'struct', plan, root: true });

function shapeOfField(field: FieldPlan): Shape {
  const { record, type } = field;
  if (record.mapType === 'atomic') return LEAF;
  if (field.shape === 'list') {
    if (record.list === 'set') return { kind: 'set' };
    if (record.list !== 'map' || type === undefined) return LEAF;
    return { kind: 'keyed', keys: record.keys ?? [], plan: type, value: shapeOfType(type) };
  }
  const one = type === undefined ? LEAF : shapeOfType(type);
  return field.shape === 'map' ? { kind: 'map', value: one } : one;
}

const shapeOfType = (plan: TypePlan): Shape => (plan.atomic ? LEAF : { kind: 'struct', plan });

/** One part of a value. */
export interface Part {
  readonly element: string;
  readonly value: unknown;
  readonly shape: Shape;
}

/** The parts of a value by path element, in their order; undefined for a leaf, or a value that is not what its shape says. */
export function partsOf(shape: Shape, value: unknown): Map<string, Part> | undefined {
  if (shape.kind === 'leaf') return undefined;
  const parts = new Map<string, Part>();
  const add = (element: string, part: unknown, partShape: Shape): void =>
    void parts.set(element, { element, value: part, shape: partShape });
  if (shape.kind === 'keyed') {
    if (!Array.isArray(value)) return undefined;
    for (const item of value) add(elementOf(shape, item), item, shape.value);
  } else if (shape.kind === 'set') {
    if (!Array.isArray(value)) return undefined;
    for (const item of value) add(`v:${JSON.stringify(item)}`, item, LEAF);
  } else {
    if (!isObject(value)) return undefined;
    for (const [name, part] of Object.entries(value)) {
      if (part === undefined) continue;
      const found = shape.kind === 'map' ? shape.value : fieldShape(shape, name);
      if (found !== undefined) add(`f:${name}`, part, found);
    }
  }
  return parts;
}

/** The shape of a field of a struct; undefined for apiVersion and kind of the object itself, and for what the type does not have. */
export function fieldShape(shape: Shape & { kind: 'struct' }, name: string): Shape | undefined {
  if (name === 'apiVersion' || name === 'kind') {
    if (shape.root === true) return undefined;
    if (shape.plan.hasTypeMeta && !shape.plan.byName.has(name)) return LEAF;
  }
  const field = shape.plan.byName.get(name);
  return field === undefined ? undefined : shapeOfField(field);
}

/** The path element of an item of a keyed list. */
export function elementOf(shape: Shape & { kind: 'keyed' }, item: unknown): string {
  const key: JsonObject = {};
  for (const name of shape.keys) {
    const field = shape.plan.byName.get(name);
    const value = isObject(item) ? getOwn(item, name) : undefined;
    if (field !== undefined) key[name] = value ?? field.record.default ?? emptyElement(field);
  }
  return keyElement(key);
}

/** The paths that a value sets. */
export function fieldSetOf(shape: Shape, value: unknown): FieldSet {
  const set: FieldSet = new Map();
  for (const part of partsOf(shape, value)?.values() ?? []) {
    const children = fieldSetOf(part.shape, part.value);
    const member = shape.kind === 'keyed' || (children.size === 0 && !isEmptyList(part));
    if (member || children.size > 0) set.set(part.element, { member, children });
  }
  return set;
}

/** An empty list whose elements would be fields is nobody's; an empty map is a leaf. */
const isEmptyList = ({ shape, value }: Part): boolean => (shape.kind === 'keyed' || shape.kind === 'set') && Array.isArray(value);

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** What changed between two values. */
export function compare(shape: Shape, before: unknown, after: unknown): Comparison {
  const out: Comparison = { added: new Map(), modified: new Map(), removed: new Map() };
  compareParts(shape, before, after, out);
  return out;
}

function compareParts(shape: Shape, before: unknown, after: unknown, out: Comparison): void {
  const old = partsOf(shape, before) ?? new Map<string, Part>();
  const now = partsOf(shape, after) ?? new Map<string, Part>();
  for (const part of now.values()) {
    const was = old.get(part.element);
    if (was === undefined) addAll(out.added, part);
    else if (part.shape.kind === 'leaf') {
      if (!jsonEqual(was.value, part.value)) nodeOf(out.modified, part.element).member = true;
    } else compareInside(part, was.value, out);
  }
  for (const part of old.values()) if (!now.has(part.element)) addAll(out.removed, part);
}

function compareInside(part: Part, before: unknown, out: Comparison): void {
  const inside: Comparison = { added: new Map(), modified: new Map(), removed: new Map() };
  compareParts(part.shape, before, part.value, inside);
  for (const name of ['added', 'modified', 'removed'] as const) {
    if (inside[name].size === 0) continue;
    const node = nodeOf(out[name], part.element);
    for (const [element, child] of inside[name]) node.children.set(element, child);
  }
}

function addAll(set: FieldSet, part: Part): void {
  const node = nodeOf(set, part.element);
  node.member = true;
  for (const inner of partsOf(part.shape, part.value)?.values() ?? []) addAll(node.children, inner);
}

/** The live value with an applied one merged in. */
export function merge(shape: Shape, live: unknown, applied: unknown): unknown {
  if (shape.kind === 'leaf' || live === undefined || live === null || applied === null) return applied;
  const old = partsOf(shape, live);
  const now = partsOf(shape, applied);
  if (old === undefined || now === undefined) return applied;
  if (shape.kind === 'keyed' || shape.kind === 'set') {
    return mergedOrder([...old.keys()], [...now.keys()]).map((element) => mergePart(old.get(element), now.get(element)));
  }
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(live)) setOwn(out, name, value);
  for (const [element, part] of now) setOwn(out, element.slice(2), mergePart(old.get(element), part));
  return out;
}

function mergePart(old: Part | undefined, now: Part | undefined): unknown {
  if (now === undefined) return old?.value;
  return old === undefined ? now.value : merge(now.shape, old.value, now.value);
}

/** What is applied comes in its order; elements that only the old list has stay before their old successors. */
function mergedOrder(old: readonly string[], now: readonly string[]): string[] {
  const applied = new Set(now);
  const shared = now.filter((element) => old.includes(element));
  const out: string[] = [];
  let next = 0;
  let inShared = 0;
  const take = (): void => {
    const element = now[next++] ?? '';
    if (element === shared[inShared]) inShared++;
    out.push(element);
  };
  for (const element of old) {
    if (!applied.has(element)) out.push(element);
    // A shared element whose turn has not come is taken where the applied list has it.
    else if (element === shared[inShared]) {
      while (now[next] !== element) take();
      take();
    }
  }
  while (next < now.length) take();
  return out;
}

/** The value without the parts whose path is a member of the set; null when nothing is left. */
export function removeMembers(shape: Shape, value: unknown, set: FieldSet): unknown {
  const parts = partsOf(shape, value);
  if (parts === undefined || set.size === 0) return value;
  if (shape.kind === 'keyed' || shape.kind === 'set') {
    const kept: unknown[] = [];
    for (const part of parts.values()) {
      const node = set.get(part.element);
      if (node?.member !== true) kept.push(node === undefined ? part.value : removeMembers(part.shape, part.value, node.children));
    }
    return kept.length === 0 ? null : kept;
  }
  const out: JsonObject = {};
  for (const [name, inner] of Object.entries(isObject(value) ? value : {})) {
    const part = parts.get(`f:${name}`);
    const node = part === undefined ? undefined : set.get(part.element);
    if (part === undefined || node === undefined) setOwn(out, name, inner);
    else if (!node.member) setOwn(out, name, removeMembers(part.shape, inner, node.children));
  }
  return Object.keys(out).length === 0 ? null : out;
}
