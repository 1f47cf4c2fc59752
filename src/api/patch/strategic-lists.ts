/** Lists in a strategic merge patch: matching by key and the order of what comes out. */
import { getOwn, isObject, jsonEqual } from '../own.ts';
import { PatchError } from './errors.ts';

/** The value that tells elements of a list apart: their merge key, or the scalar itself. */
export type Identity = (item: unknown) => unknown;

export const byKey =
  (mergeKey: string): Identity =>
  (item) => {
    const value = isObject(item) ? getOwn(item, mergeKey) : undefined;
    if (value === undefined) throw new PatchError(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`, 'broken');
    return value;
  };

export const itself: Identity = (item) => item;

/** A map as Go's `%v` prints it. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : typeof value === 'string' ? value : JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goMap(value[key])}`).join(' ')}]`;
}

export const goList = (list: readonly unknown[]): string => goMap([...list]);

export const indexBy = (list: readonly unknown[], wanted: unknown, identity: Identity): number =>
  list.findIndex((item) => jsonEqual(identity(item), wanted));

/**
 * Puts the items that the patch speaks of into its order and weaves the others in between, near the
 * neighbours that they had before.
 */
export function reorder(
  items: readonly unknown[],
  patchOrder: readonly unknown[],
  oldOrder: readonly unknown[],
  identity: Identity,
  orderIdentity = identity,
): unknown[] {
  const position = (order: readonly unknown[], item: unknown, by: Identity): number => indexBy(order, identity(item), by);
  const sorted = (list: unknown[], order: readonly unknown[], by: Identity): unknown[] =>
    list
      .map((item) => ({ item, at: position(order, item, by) }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  const inPatch = (item: unknown): boolean => position(patchOrder, item, orderIdentity) >= 0;
  const patched = sorted(items.filter(inPatch), patchOrder, orderIdentity);
  const others = sorted(
    items.filter((item) => !inPatch(item)),
    oldOrder,
    identity,
  );
  return weave(patched, others, (item) => position(oldOrder, item, identity));
}

function weave(patched: unknown[], others: unknown[], oldPosition: (item: unknown) => number): unknown[] {
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < patched.length && j < others.length) {
    const [left, right] = [oldPosition(others[j]), oldPosition(patched[i])];
    out.push(left >= 0 && right >= 0 && left < right ? others[j++] : patched[i++]);
  }
  return [...out, ...patched.slice(i), ...others.slice(j)];
}
