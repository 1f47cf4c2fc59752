/** JSON Patch, RFC 6902, with the latitude of the original (negative indexes, `test` of null against an absent key). */
import { jsonKind } from '../decode.ts';
import { getOwn, isObject, jsonEqual, setOwn } from '../own.ts';
import { MAX_JSON_PATCH_OPERATIONS, PatchError } from './errors.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: unknown;
}

/** The document with every operation applied in turn; neither argument changes. Throws PatchError. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = readOperations(patch);
  const holder = { root: structuredClone(document) };
  for (const operation of operations) applyOperation(holder, operation);
  return holder.root;
}

const inapplicable = (message: string): PatchError => new PatchError(message, 'inapplicable');

function readOperations(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) {
    const found = jsonKind(patch);
    throw new PatchError(`error decoding patch: json: cannot unmarshal ${found} into Go value of type []handlers.jsonPatchOp`, 'malformed');
  }
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`;
    throw new PatchError(message, 'tooLarge');
  }
  return patch.map((item: unknown) => {
    if (!isObject(item)) {
      const found = jsonKind(item);
      throw new PatchError(`error decoding patch: json: cannot unmarshal ${found} into Go value of type handlers.jsonPatchOp`, 'malformed');
    }
    const text = (key: string): string => {
      const value = getOwn(item, key);
      return typeof value === 'string' ? value : '';
    };
    return { op: text('op'), path: text('path'), from: text('from'), value: getOwn(item, 'value') };
  });
}

interface Holder {
  root: unknown;
}

function applyOperation(holder: Holder, { op, path, from, value }: Operation): void {
  switch (op) {
    case 'add':
      return insert(holder, path, structuredClone(value));
    case 'remove':
      remove(holder, path);
      return;
    case 'replace':
      find(holder, path);
      return replace(holder, path, structuredClone(value));
    case 'move': {
      if (path.startsWith(`${from}/`)) throw inapplicable('cannot move a value into itself');
      const moved = remove(holder, from);
      return insert(holder, path, moved);
    }
    case 'copy':
      return insert(holder, path, structuredClone(find(holder, from)));
    case 'test':
      return test(holder, path, value);
    default:
      throw inapplicable(`Unexpected kind: ${op}`);
  }
}

function test(holder: Holder, path: string, value: unknown): void {
  let found: unknown;
  try {
    found = find(holder, path);
  } catch (error) {
    if (!(error instanceof PatchError) || (value !== null && value !== undefined)) throw error;
    found = null;
  }
  if (!jsonEqual(found, value ?? null)) throw inapplicable(`testing path ${path} failed`);
}

/** `/a~1b/0` → `['a/b', '0']`; the empty pointer is the whole document. */
function tokens(path: string): string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw inapplicable(`invalid path ${path}`);
  return path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function child(parent: unknown, token: string): unknown {
  if (Array.isArray(parent)) return parent[indexOf(parent, token, parent.length - 1)];
  if (isObject(parent) && Object.hasOwn(parent, token)) return parent[token];
  throw inapplicable(`missing path ${token}`);
}

function indexOf(list: readonly unknown[], token: string, last: number): number {
  if (!/^-?\d{1,9}$/.test(token)) throw inapplicable(`invalid array index ${token}`);
  const given = Number(token);
  const index = given < 0 ? given + list.length : given;
  if (index < 0 || index > last) throw inapplicable(`index ${token} out of bounds`);
  return index;
}

function find(holder: Holder, path: string): unknown {
  return tokens(path).reduce((at, token) => child(at, token), holder.root);
}

function parentOf(holder: Holder, path: string): { parent: unknown; last: string } | undefined {
  const all = tokens(path);
  const last = all.pop();
  if (last === undefined) return undefined;
  return { parent: all.reduce((at, token) => child(at, token), holder.root), last };
}

function insert(holder: Holder, path: string, value: unknown): void {
  const place = parentOf(holder, path);
  if (place === undefined) holder.root = value ?? null;
  else if (Array.isArray(place.parent)) {
    const list: unknown[] = place.parent;
    list.splice(place.last === '-' ? list.length : indexOf(list, place.last, list.length), 0, value ?? null);
  } else if (isObject(place.parent)) setOwn(place.parent, place.last, value ?? null);
  else throw inapplicable(`missing container ${path}`);
}

function replace(holder: Holder, path: string, value: unknown): void {
  const place = parentOf(holder, path);
  if (place === undefined) holder.root = value ?? null;
  else if (Array.isArray(place.parent)) place.parent[indexOf(place.parent, place.last, place.parent.length - 1)] = value ?? null;
  else if (isObject(place.parent)) setOwn(place.parent, place.last, value ?? null);
}

function remove(holder: Holder, path: string): unknown {
  const removed = find(holder, path);
  const place = parentOf(holder, path);
  if (place === undefined) throw inapplicable('cannot remove the whole document');
  if (Array.isArray(place.parent)) place.parent.splice(indexOf(place.parent, place.last, place.parent.length - 1), 1);
  else if (isObject(place.parent)) Reflect.deleteProperty(place.parent, place.last);
  return removed;
}
