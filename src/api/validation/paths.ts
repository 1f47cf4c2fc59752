/** Paths that name files inside a volume or on the host. */
import { invalidValue } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';

/** Pushes an error when a path climbs with `..`. */
export function validateNoBacksteps(errors: FieldError[], field: string, path: string): void {
  if (path.split('/').includes('..')) errors.push(invalidValue(field, path, "must not contain '..'"));
}

/** Pushes an error unless a path stays below the directory it starts in. */
export function validateDescending(errors: FieldError[], field: string, path: string): void {
  if (path.startsWith('/')) errors.push(invalidValue(field, path, 'must be a relative path'));
  validateNoBacksteps(errors, field, path);
}

/** As validateDescending; names that start with `..` are the kubelet's own in a volume. */
export function validateUnreserved(errors: FieldError[], field: string, path: string): void {
  validateDescending(errors, field, path);
  if (path.startsWith('..') && !path.startsWith('../') && path !== '..') errors.push(invalidValue(field, path, "must not start with '..'"));
}
