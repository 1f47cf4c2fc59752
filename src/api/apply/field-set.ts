/**
 * Sets of field paths, as managedFields keeps them (structured-merge-diff `fieldpath`): `f:name` for a field,
 * `k:{"name":"c"}` for an element of a keyed list, `v:"x"` for an element of a set.
 */
import { isObject, setOwn } from '../own.ts';
import type { JsonObject } from '../own.ts';

/** What lies under one path element: the element itself may belong to the set, and so may what is inside it. */
export interface FieldNode {
  member: boolean;
  readonly children: FieldSet;
}

/** By path element. */
export type FieldSet = Map<string, FieldNode>;

/** The node of a path element, made when it is not there. */
export function nodeOf(set: FieldSet, element: string): FieldNode {
  const found = set.get(element);
  if (found !== undefined) return found;
  const made = { member: false, children: new Map() };
  set.set(element, made);
  return made;
}

/** Combines two sets node by node; nodes that end up empty are left out. */
function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const out: FieldSet = new Map();
  for (const element of new Set([...a.keys(), ...b.keys()])) {
    const [left, right] = [a.get(element), b.get(element)];
    const member = keep(left?.member ?? false, right?.member ?? false);
    const children = combine(left?.children ?? EMPTY, right?.children ?? EMPTY, keep);
    if (member || children.size > 0) out.set(element, { member, children });
  }
  return out;
}

const EMPTY: FieldSet = new Map();

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA || inB);
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && !inB);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && inB);

export function equal(a: FieldSet, b: FieldSet): boolean {
  if (a.size !== b.size) return false;
  for (const [element, node] of a) {
    const other = b.get(element);
    if (other === undefined || other.member !== node.member || !equal(node.children, other.children)) return false;
  }
  return true;
}

/** The set without the node at a path of element names, and without what is inside when `whole`. */
export function without(set: FieldSet, path: readonly string[], whole: boolean): FieldSet {
  const [element, ...rest] = path;
  const node = element === undefined ? undefined : set.get(element);
  if (element === undefined || node === undefined) return set;
  const out = new Map(set);
  const replaced =
    rest.length > 0
      ? { member: node.member, children: without(node.children, rest, whole) }
      : { member: false, children: whole ? EMPTY : node.children };
  if (replaced.member || replaced.children.size > 0) out.set(element, replaced);
  else out.delete(element);
  return out;
}

/** Reads the JSON of `fieldsV1`. */
export function readFieldSet(value: unknown): FieldSet {
  const out: FieldSet = new Map();
  if (!isObject(value)) return out;
  for (const [element, inside] of Object.entries(value)) {
    if (element === '.') continue;
    const children = readFieldSet(inside);
    const member = children.size === 0 || (isObject(inside) && Object.hasOwn(inside, '.'));
    out.set(canonicalElement(element), { member, children });
  }
  return out;
}

function canonicalElement(element: string): string {
  if (!element.startsWith('k:')) return element;
  try {
    const key: unknown = JSON.parse(element.slice(2));
    return isObject(key) ? keyElement(key) : element;
  } catch {
    return element;
  }
}

/** The JSON of `fieldsV1`, elements in the original's order. */
export function writeFieldSet(set: FieldSet): JsonObject {
  const out: JsonObject = {};
  for (const element of [...set.keys()].sort(compareElements)) {
    const node = set.get(element);
    if (node === undefined) continue;
    const inside = writeFieldSet(node.children);
    setOwn(out, element, node.member && node.children.size > 0 ? { '.': {}, ...inside } : inside);
  }
  return out;
}

/** `k:` with the key fields in order. */
export function keyElement(key: JsonObject): string {
  const names = Object.keys(key).sort();
  return `k:{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(key[name])}`).join(',')}}`;
}

/** Fields, then keys, then values; keys and values by what they hold, so that port 80 comes before 443. */
export function compareElements(a: string, b: string): number {
  if (a.charAt(0) !== b.charAt(0) || a.startsWith('f:')) return a < b ? -1 : a > b ? 1 : 0;
  return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    for (const name of names) {
      const order = compareValues(a[name], b[name]);
      if (order !== 0) return order;
    }
    return names.length - Object.keys(b).length;
  }
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Every path of the set, outer ones first, as error texts write it: `.spec.containers[name="c"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const elements = [...set.keys()].sort(compareElements);
  const members = elements.filter((element) => set.get(element)?.member === true).map((element) => prefix + elementText(element));
  return [...members, ...elements.flatMap((element) => pathsOf(set.get(element)?.children ?? EMPTY, prefix + elementText(element)))];
}

/** A path element as error texts write it. */
export function elementText(element: string): string {
  if (element.startsWith('f:')) return `.${element.slice(2)}`;
  const value: unknown = JSON.parse(element.slice(2));
  if (!isObject(value) || element.startsWith('v:')) return `[=${JSON.stringify(value)}]`;
  return `[${Object.entries(value)
    .map(([name, part]) => `${name}=${JSON.stringify(part)}`)
    .join(',')}]`;
}
