/** JSON merge patch, RFC 7386. */
import { jsonKind } from '../decode.ts';
import { getOwn, isObject, setOwn } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { PatchError } from './errors.ts';

/** The object with the patch merged in; neither argument changes. Throws PatchError when the patch is no object. */
export function applyMergePatch(object: JsonObject, patch: unknown): JsonObject {
  return merge(object, patchObject(patch));
}

/** A merge or strategic merge patch must be an object. */
export function patchObject(patch: unknown): JsonObject {
  if (isObject(patch)) return patch;
  if (patch === null) throw new PatchError('Invalid JSON Patch', 'malformed');
  throw new PatchError(
    `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    'malformed',
  );
}

function merge(target: unknown, patch: JsonObject): JsonObject {
  const source = isObject(target) ? target : {};
  const out: JsonObject = {};
  for (const key of Object.keys(source)) if (!Object.hasOwn(patch, key)) setOwn(out, key, source[key]);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) continue;
    setOwn(out, key, isObject(value) ? merge(getOwn(source, key), value) : value);
  }
  return out;
}
