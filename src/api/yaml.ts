/**
 * YAML as Kubernetes reads it: YAML 1.1 with Go's ideas of numbers (`0644` is octal, `12:30` is text),
 * dates as text, merge keys, and bounds on what aliases may blow up (`sigs.k8s.io/yaml`).
 */
import {
  boolYaml11Tag,
  constructFromEvents,
  DEFAULT_SCALAR_STYLE_RULES,
  defineScalarTag,
  dump,
  EVENT_ID,
  getScalarValue,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  parseEvents,
  SCALAR_STYLE,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from 'js-yaml';
import type { Event, ScalarLayout } from 'js-yaml';
import { JsonError, MAX_STRICT_ERRORS, parseJson } from './json.ts';
import { foldYaml } from './yaml-fold.ts';

/** Deepest nesting that is read. */
const MAX_DEPTH = 200;
/** Most values that a text may stand for once its aliases are written out. */
export const MAX_YAML_VALUES = 1_000_000;
/** Most keys that `<<` may bring in. */
const MAX_MERGE_KEYS = 10_000;

/** Text that is no YAML; the message has the line: `yaml: line 3: …`. */
export class YamlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'YamlError';
  }
}

export interface ParsedYaml {
  /** The documents in their order; empty ones are left out. */
  readonly documents: unknown[];
  /** Keys that stand twice in one map: `line 4: key "a" already set in map`. The last one counts. */
  readonly duplicates: string[];
}

const SIGNED_DIGIT = ['+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const DECIMAL = /^[-+]?(0|[1-9][0-9]*)$/;
const OCTAL = /^([-+]?)0o?([0-7]+)$/i;
const HEX = /^([-+]?)0x([0-9a-f]+)$/i;
const BINARY = /^([-+]?)0b([01]+)$/i;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/** An integer as Go's ParseInt reads it with base 0, underscores taken out. */
function readInteger(source: string): number | typeof NOT_RESOLVED {
  const text = source.replaceAll('_', '');
  if (DECIMAL.test(text)) return Number(text) + 0;
  for (const [shape, base] of [
    [OCTAL, 8],
    [HEX, 16],
    [BINARY, 2],
  ] as const) {
    const [whole, sign, digits = ''] = shape.exec(text) ?? [];
    if (whole !== undefined) return (sign === '-' ? -1 : 1) * Number.parseInt(digits, base);
  }
  return NOT_RESOLVED;
}

function readFloat(source: string): number | typeof NOT_RESOLVED {
  const text = source.replaceAll('_', '');
  const value = FLOAT.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : NOT_RESOLVED;
}

/** JavaScript writes whole numbers from 1e21 on with an exponent. */
const looksFloat = (value: number): boolean => !Number.isInteger(value) || Math.abs(value) >= 1e21;

const intTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: SIGNED_DIGIT,
  resolve: readInteger,
  identify: (value: unknown) => typeof value === 'number' && !looksFloat(value),
  represent: String,
});

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: SIGNED_DIGIT,
  resolve: readFloat,
  identify: (value: unknown) => typeof value === 'number' && looksFloat(value),
  represent: String,
});

/** Bytes travel as their base64 text in JSON, and so does `!!binary`. */
const binaryTag = defineScalarTag<string>('tag:yaml.org,2002:binary', {
  resolve: (source) => Buffer.from(source, 'base64').toString('utf8'),
  identify: () => false,
});

const KUBERNETES_SCHEMA = new Schema([strTag, seqTag, mapTag, nullYaml11Tag, boolYaml11Tag, intTag, floatTag, mergeTag, binaryTag]);

/** Reads every document of a text, and names duplicate keys. JSON is read as JSON. Throws YamlError. */
export function parseYamlDocuments(text: string): ParsedYaml {
  if (/^\s*[{[]/.test(text)) {
    try {
      const { value, duplicates } = parseJson(text);
      return { documents: [value], duplicates };
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
    }
  }
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const source = { source: text, schema: KUBERNETES_SCHEMA, json: true, maxTotalMergeKeys: MAX_MERGE_KEYS };
    const documents = constructFromEvents(events, source).filter((document) => document !== null && document !== undefined);
    if (events.some((event) => event.type === EVENT_ID.ALIAS)) boundValues(documents);
    return { documents, duplicates: duplicateKeys(text, events) };
  } catch (error) {
    throw yamlError(error, text);
  }
}

/** Reads every document of a text; empty ones are left out. Throws YamlError. */
export const parseYaml = (text: string): unknown[] => parseYamlDocuments(text).documents;

/** Writes a value as `kubectl get -o yaml` shows it: keys sorted, lists not indented, text that looks like something else in double quotes. */
export function stringifyYaml(value: unknown): string {
  const text = dump(value, {
    schema: KUBERNETES_SCHEMA,
    seqNoIndent: true,
    sortKeys: true,
    noRefs: true,
    lineWidth: -1,
    skipInvalid: true,
    scalarStyleRules: [quoteLookalikes, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
  });
  return foldYaml(text);
}

const LOOKALIKE = /^(?:[-+.0-9][-+.:_0-9a-z]*|\d{4}-\d\d?-\d\d?.*|~|null|true|false|yes|no|on|off|y|n|=|<<|)$/i;

/** Text that reads back as a number, boolean, null or date is quoted, as Go's encoder does. */
function quoteLookalikes(layout: ScalarLayout): void {
  if (layout.style !== SCALAR_STYLE.PLAIN || layout.node.tag !== 'tag:yaml.org,2002:str') return;
  const { value } = layout.node;
  if (LOOKALIKE.test(value) && readsAsOther(value)) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
}

function readsAsOther(value: string): boolean {
  if (readInteger(value) !== NOT_RESOLVED || readFloat(value) !== NOT_RESOLVED) return true;
  return /^(?:|~|null|true|false|yes|no|on|off|y|n|=|<<|[-+]?\.inf|\.nan|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9]*)?|\d{4}-\d\d?-\d\d?(?:[Tt ].*)?)$/i.test(
    value,
  );
}

function yamlError(error: unknown, text: string): YamlError {
  if (error instanceof YamlError) return error;
  if (error instanceof YAMLException) {
    const cut = (error.mark?.position ?? 0) >= text.trimEnd().length ? openFlow(text) : undefined;
    if (cut) return new YamlError(`yaml: line ${cut.line}: ${cut.reason}`);
    const [reason, fromScanner] = GO_REASONS[error.reason] ?? [error.reason, false];
    const line = error.mark?.line ?? 0;
    return new YamlError(line === 0 ? `yaml: ${reason}` : `yaml: line ${line + (fromScanner ? 1 : 0)}: ${reason}`);
  }
  // A text that nests or repeats without end may exhaust the parser itself.
  return new YamlError(`yaml: ${error instanceof Error ? error.message : String(error)}`);
}

/** What Go says of a text that ends inside brackets; undefined when it does not. The end of a text counts as a line of its own. */
function openFlow(text: string): { readonly line: number; readonly reason: string } | undefined {
  const open: { readonly bracket: string; readonly line: number }[] = [];
  let line = 0;
  let last = '';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|(?<=\s|^)#[^\n]*|[\s\S]/g)) {
    if ('[{'.includes(token)) open.push({ bracket: token, line });
    else if (']}'.includes(token)) open.pop();
    line += token.split('\n').length - 1;
    if (!/^(?:\s|#.*)$/.test(token)) last = token;
  }
  const inner = open.at(-1);
  if (!inner) return undefined;
  if ('[{,:'.includes(last)) return { line: endLine(text, line), reason: 'did not find expected node content' };
  const closing = inner.bracket === '[' ? ']' : '}';
  return { line: inner.line > 0 ? inner.line : endLine(text, line), reason: `did not find expected ',' or '${closing}'` };
}

const endLine = (text: string, breaks: number): number => breaks + (text.endsWith('\n') ? 0 : 1);

/** Go's words for the faults that people meet most, and whether its scanner finds them: it counts lines from one, its parser from zero. */
const GO_REASONS: Readonly<Record<string, readonly [reason: string, fromScanner: boolean]>> = {
  'deficient indentation': ['did not find expected node content', false],
  'unexpected end of the stream within a flow collection': ['did not find expected node content', false],
  'end of the stream or a document separator is expected': ['did not find expected <document start>', false],
  'bad indentation of a mapping entry': ['mapping values are not allowed in this context', true],
  'tab characters must not be used in indentation': ['found character that cannot start any token', true],
  'unexpected end of the stream within a double quoted scalar': ['found unexpected end of stream', true],
  'unexpected end of the stream within a single quoted scalar': ['found unexpected end of stream', true],
  'unknown escape sequence': ['found unknown escape character', true],
};

/** Counts values with every alias written out; shared ones count each time. */
function boundValues(documents: readonly unknown[]): void {
  let left = MAX_YAML_VALUES;
  const count = (value: unknown, depth: number): void => {
    if (--left < 0 || depth > MAX_DEPTH) throw new YamlError('yaml: document contains excessive aliasing');
    if (typeof value !== 'object' || value === null) return;
    for (const item of Array.isArray(value) ? value : Object.values(value)) count(item, depth + 1);
  };
  for (const document of documents) count(document, 0);
}

interface Level {
  /** The keys seen, or undefined for a list or a document. */
  readonly keys: Set<string> | undefined;
  atKey: boolean;
}

function duplicateKeys(text: string, events: readonly Event[]): string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  const nodeDone = (): void => {
    const level = levels.at(-1);
    if (level?.keys !== undefined) level.atKey = !level.atKey;
  };
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      levels.pop();
      nodeDone();
    } else if (event.type === EVENT_ID.MAPPING) levels.push({ keys: new Set(), atKey: true });
    else if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.SEQUENCE) levels.push({ keys: undefined, atKey: false });
    else {
      const level = levels.at(-1);
      if (event.type === EVENT_ID.SCALAR && level?.keys !== undefined && level.atKey) {
        const key = getScalarValue(text, event);
        if (level.keys.has(key) && found.length < MAX_STRICT_ERRORS)
          found.push(`line ${text.slice(0, event.valueStart).split('\n').length}: key ${JSON.stringify(key)} already set in map`);
        level.keys.add(key);
      }
      nodeDone();
    }
  }
  return found;
}
