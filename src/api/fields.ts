/** Reads fields of objects whose kind is not known at compile time. A path that leads nowhere is undefined. */

/** The value at a path: `valueAt(pod, 'spec', 'nodeName')`. */
export function valueAt(object: unknown, ...path: readonly (string | number)[]): unknown {
  let value = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The text at a path; numbers and booleans as JSON writes them, everything else as the empty string. */
export function textAt(object: unknown, ...path: readonly (string | number)[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The number at a path, or 0. */
export function numberAt(object: unknown, ...path: readonly (string | number)[]): number {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : 0;
}

/** The list at a path, or an empty one. */
export function listAt(object: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

/** The map at a path, or an empty one. */
export function mapAt(object: unknown, ...path: readonly (string | number)[]): Readonly<Record<string, unknown>> {
  const value = valueAt(object, ...path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
