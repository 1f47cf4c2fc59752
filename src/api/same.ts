/** Whether two objects say the same, whether zero values are written out or left out. */
import { valueAt } from './fields.ts';
import { normalize } from './normalize.ts';
import { jsonEqual } from './own.ts';
import type { TypeName } from './schema/schema.ts';

/** Compares two objects of a type at a path (the whole without one). Both must fit the type. */
export function sameAt(type: TypeName, a: object, b: object, ...path: readonly string[]): boolean {
  // Most updates carry what was read, so that the costly form is rarely needed.
  if (jsonEqual(valueAt(a, ...path), valueAt(b, ...path))) return true;
  return jsonEqual(valueAt(normalize(type, a), ...path), valueAt(normalize(type, b), ...path));
}
