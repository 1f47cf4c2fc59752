/** JSON as the API reads it: duplicate keys are named, nesting is bounded, errors read as Go's (`encoding/json`). */
import { jsonSyntaxError } from './json-syntax.ts';

/** Deepest nesting that is read; real objects stay below 40. */
export const MAX_JSON_DEPTH = 1000;
/** Most duplicate keys that are named, as the original (`sigs.k8s.io/json`). */
export const MAX_STRICT_ERRORS = 100;

/** Text that is no JSON; the message is Go's. */
export class JsonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonError';
  }
}

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of the keys that stand twice in one object: `spec.containers[0].name`. The last one counts. */
  readonly duplicates: string[];
}

/** Reads one JSON value. Throws JsonError. */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError(jsonSyntaxError(text));
  }
  // Most bodies have no text that looks like a key within a string: then counting tells that none is there twice.
  return { value, duplicates: countKeys(value, 0) === countKeyEnds(text) ? [] : duplicateKeys(text) };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;

const SPACE = 0x20;

/** Keys of a value and of all in it; not a number when it nests too deep. */
function countKeys(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth >= MAX_JSON_DEPTH) return Number.NaN;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = Array.isArray(value) ? 0 : members.length;
  for (const member of members) count += countKeys(member, depth + 1);
  return count;
}

/** How often a quote is followed by a colon: once for each key, and whenever it looks so within a string. */
function countKeyEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    let before = at - 1;
    while (before >= 0 && text.charCodeAt(before) <= SPACE) before--;
    if (text.charCodeAt(before) === QUOTE) count++;
  }
  return count;
}

interface Level {
  /** The keys seen, or undefined for a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** Finds duplicate keys in text that JSON.parse has accepted, in one pass. Throws JsonError when it nests too deep. */
function duplicateKeys(text: string): string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  let level: Level | undefined;
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        if (expectKey && level?.keys !== undefined) {
          const key = keyText(text, i, end);
          level.key = key;
          expectKey = false;
          if (!level.keys.has(key)) level.keys.add(key);
          else if (found.length < MAX_STRICT_ERRORS) {
            const path = pathOf(levels);
            if (!found.includes(path)) found.push(path);
          }
        }
        i = end;
        break;
      }
      case OPEN_OBJECT:
        level = { keys: new Set(), key: '', index: 0 };
        push(levels, level);
        expectKey = true;
        break;
      case OPEN_LIST:
        level = { keys: undefined, key: '', index: 0 };
        push(levels, level);
        expectKey = false;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        levels.pop();
        level = levels.at(-1);
        expectKey = false;
        break;
      case COMMA:
        if (level?.keys === undefined) level = bump(level);
        else expectKey = true;
        break;
    }
  }
  return found;
}

function push(levels: Level[], level: Level): void {
  if (levels.length >= MAX_JSON_DEPTH) throw new JsonError('exceeded max depth');
  levels.push(level);
}

function bump(level: Level | undefined): Level | undefined {
  if (level !== undefined) level.index++;
  return level;
}

/** The index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) {
    let slashes = 1;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) break;
    end = text.indexOf('"', end + 1);
  }
  return end;
}

function keyText(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? String(JSON.parse(text.slice(start, end + 1))) : raw;
}

function pathOf(levels: readonly Level[]): string {
  let path = '';
  for (const { keys, key, index } of levels) {
    if (keys === undefined) path += `[${index}]`;
    else path += path === '' ? key : `.${key}`;
  }
  return path;
}
