/** What keeps an applied value from being what its type says, in the original's words (structured-merge-diff `typed/validate.go`). */
import { isObject } from '../own.ts';
import { elementText } from './field-set.ts';
import { elementOf, fieldShape, partsOf } from './typed.ts';
import type { Shape } from './typed.ts';

/** The faults of a value, each with its path; none when it fits. Scalars are left to decoding. */
export function typedErrors(shape: Shape, value: unknown, path = ''): string[] {
  if (shape.kind === 'leaf' || value === null || value === undefined) return [];
  if (shape.kind === 'keyed' || shape.kind === 'set') {
    if (!Array.isArray(value)) return [`${path}: expected list, got &{${shown(value)}}`];
    return [...listErrors(shape, value, path), ...partErrors(shape, value, path)];
  }
  if (!isObject(value)) return [`${path}: expected map, got &{${shown(value)}}`];
  return [...(shape.kind === 'struct' ? undeclared(shape, Object.keys(value), path) : []), ...partErrors(shape, value, path)];
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function partErrors(shape: Shape, value: unknown, path: string): string[] {
  return [...(partsOf(shape, value)?.values() ?? [])].flatMap((part) =>
    typedErrors(part.shape, part.value, path + elementText(part.element)),
  );
}

function undeclared(shape: Shape & { kind: 'struct' }, names: readonly string[], path: string): string[] {
  return names
    .filter((name) => fieldShape(shape, name) === undefined && !(shape.root === true && (name === 'apiVersion' || name === 'kind')))
    .map((name) => `${path}.${name}: field not declared in schema`);
}

function listErrors(shape: Shape & { kind: 'keyed' | 'set' }, items: readonly unknown[], path: string): string[] {
  const seen = new Set<string>();
  const out: string[] = [];
  for (const [index, item] of items.entries()) {
    if (item === null) {
      const what =
        shape.kind === 'keyed'
          ? 'associative list with keys may not have a null element'
          : "associative list without keys has an element that's an explicit null";
      out.push(`${path}: element ${index}: ${what}`);
      continue;
    }
    const element = shape.kind === 'keyed' ? elementOf(shape, item) : `v:${JSON.stringify(item)}`;
    if (seen.has(element)) out.push(`${path}: duplicate entries for key ${elementText(element)}`);
    seen.add(element);
  }
  return out;
}
