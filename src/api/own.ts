/** Objects whose keys come from outside. */

export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object: no list, no null. */
export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets a key that came from outside; `__proto__` becomes an ordinary key and never the prototype. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

/** The value of an own key; inherited names (`constructor`) count as absent. */
export const getOwn = (source: JsonObject, key: string): unknown => (Object.hasOwn(source, key) ? source[key] : undefined);

/** A copy of a JSON value that may be changed down to any depth: several times as fast as structuredClone. */
export function copyJson<T>(value: T): T;
export function copyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => copyJson(item));
  if (typeof value !== 'object' || value === null) return value;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) setOwn(copy, key, copyJson(member));
  return copy;
}

/** Whether two JSON values are the same, whatever the order of keys. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
}
