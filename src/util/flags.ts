/**
 * Command line flags with the manners of Go's pflag: `--name=value`, `--name value`, bare and `=false`
 * booleans, lists that add up, error texts that name the flag. A program's flags are one table; help,
 * parsing and the types of the values are read from it.
 */
import { parseArgs } from 'node:util';

interface FlagTypes {
  string: string;
  bool: boolean;
  int: number;
  /** Go's duration text, checked: `1m30s`. */
  duration: string;
  /** Comma separated; a repeated flag adds to the list. */
  strings: readonly string[];
  /** `a=b,c=d`; a repeated flag adds to the map. */
  map: Readonly<Record<string, string>>;
}

export type FlagType = keyof FlagTypes;
export type FlagValue = FlagTypes[FlagType];

/** One flag, as data. */
export interface FlagRecord {
  /** Without dashes. */
  readonly name: string;
  /** One letter, for `-v`. */
  readonly short?: string;
  readonly type: FlagType;
  /** The value when the flag is not given; absent from `values` without one. */
  readonly default?: FlagValue;
  /** One sentence or two, for people. */
  readonly help: string;
  /** What help shows in place of the value: `FILE`. */
  readonly placeholder?: string;
  /** What to use instead; said once when the flag is given. */
  readonly deprecated?: string;
  /** Works, but help leaves it out. */
  readonly hidden?: true;
}

export type FlagTable = readonly FlagRecord[];

/** The values of a table's flags by name, typed by their records; those without default may be absent. */
export type FlagValues<T extends FlagTable> = {
  readonly [R in T[number] as R extends { readonly default: FlagValue } ? R['name'] : never]: FlagTypes[R['type']];
} & {
  readonly [R in T[number] as R extends { readonly default: FlagValue } ? never : R['name']]?: FlagTypes[R['type']];
};

export interface ParsedFlags<T extends FlagTable> {
  readonly values: FlagValues<T>;
  /** Names that stood on the command line. */
  readonly given: ReadonlySet<string>;
  readonly positionals: readonly string[];
  /** Sentences to log: deprecated flags that were given. */
  readonly notices: readonly string[];
}

/** The user's command line is wrong; the message says what and is meant for them. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/**
 * Parses arguments (without program name) by a table. Throws UsageError for a flag that is not in the table,
 * a missing value and a value of the wrong type.
 */
export function parseFlags<const T extends FlagTable>(table: T, argv: readonly string[]): ParsedFlags<T> {
  const byName = new Map(table.map((record) => [record.name, record]));
  const options = Object.fromEntries(
    table.map((r) => [
      r.name,
      { type: r.type === 'bool' ? ('boolean' as const) : ('string' as const), ...(r.short && { short: r.short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true });

  const found = new Map<string, FlagValue>();
  const positionals: string[] = [];
  const notices = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const record = byName.get(token.name);
    if (record === undefined) throw unknownFlag(token.rawName, token.name, table);
    if (record.type !== 'bool' && token.value === undefined) throw new UsageError(`flag needs an argument: ${token.rawName}`);
    // `-v=2`: parseArgs takes what follows the letter as it stands.
    const text = token.rawName.startsWith('--') ? token.value : token.value?.replace(/^=/, '');
    found.set(record.name, read(record, text ?? 'true', found.get(record.name)));
    if (record.deprecated !== undefined) notices.add(`Flag --${record.name} has been deprecated, ${record.deprecated}`);
  }
  const values: Record<string, FlagValue> = {};
  for (const record of table) {
    const value = found.get(record.name) ?? record.default;
    if (value !== undefined) values[record.name] = value;
  }
  return { values: values as FlagValues<T>, given: new Set(found.keys()), positionals, notices: [...notices] };
}

const INT = /^[+-]?\d+$/;
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const BOOLS: Readonly<Record<string, boolean>> = {
  1: true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  0: false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

type Fail = (why: string) => UsageError;

/** How each type of value is read; `before` is what earlier uses of the flag gave. */
const READERS: Readonly<Record<FlagType, (text: string, wrong: Fail, before: FlagValue | undefined) => FlagValue>> = {
  string: (text) => text,
  bool: (text, wrong) => {
    const value = Object.hasOwn(BOOLS, text) ? BOOLS[text] : undefined;
    if (value === undefined) throw wrong(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
    return value;
  },
  int: (text, wrong) => {
    if (!INT.test(text)) throw wrong(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw wrong(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
    return value;
  },
  duration: (text, wrong) => {
    if (!DURATION.test(text)) throw wrong(`time: invalid duration ${JSON.stringify(text)}`);
    return text;
  },
  strings: (text, _wrong, before) => [...(isList(before) ? before : []), ...(text === '' ? [] : text.split(','))],
  map: (text, wrong, before) => {
    const pairs = text === '' ? [] : text.split(',');
    const entries = pairs.map((pair): [string, string] => {
      const at = pair.indexOf('=');
      if (at < 0) throw wrong(`${pair} must be formatted as key=value`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    });
    return { ...(typeof before === 'object' && !isList(before) ? before : {}), ...Object.fromEntries(entries) };
  },
};

function read(record: FlagRecord, text: string, before: FlagValue | undefined): FlagValue {
  const wrong: Fail = (why) => new UsageError(`invalid argument ${JSON.stringify(text)} for "--${record.name}" flag: ${why}`);
  return READERS[record.type](text, wrong, before);
}

function isList(value: FlagValue | undefined): value is readonly string[] {
  return Array.isArray(value);
}

function unknownFlag(raw: string, name: string, table: FlagTable): UsageError {
  if (!raw.startsWith('--')) return new UsageError(`unknown shorthand flag: '${name}' in ${raw}`);
  const near = nearest(name, table);
  return new UsageError(`unknown flag: ${raw}${near === undefined ? '' : ` (did you mean --${near}?)`}`);
}

/** The flag whose name differs least, if it is at most two letters or a third of the name away. */
function nearest(name: string, table: FlagTable): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const record of table) {
    if (record.hidden) continue;
    const distance = editDistance(name, record.name);
    if (distance < least) [best, least] = [record.name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const PLACEHOLDERS: Readonly<Record<FlagType, string>> = {
  string: 'TEXT',
  bool: '',
  int: 'NUMBER',
  duration: 'DURATION',
  strings: 'A,B,…',
  map: 'KEY=VALUE,…',
};

/** The flags as lines for a terminal `width` columns wide: name and placeholder, then the help, indented. */
export function helpText(table: FlagTable, width = 100): string {
  const indent = ' '.repeat(8);
  let text = '';
  for (const record of table) {
    if (record.hidden) continue;
    const placeholder = record.placeholder ?? PLACEHOLDERS[record.type];
    text += `  ${record.short ? `-${record.short}, ` : ''}--${record.name}${placeholder === '' ? '' : ` ${placeholder}`}\n`;
    for (const line of wrap(`${record.help}${defaultNote(record)}`, width - indent.length)) text += `${indent}${line}\n`;
  }
  return text;
}

function defaultNote(record: FlagRecord): string {
  const value = record.default;
  if (value === undefined || value === false || value === '') return '';
  if (typeof value !== 'object') return ` (default ${String(value)})`;
  const shown = isList(value)
    ? value.join(',')
    : Object.entries(value)
        .map(([k, v]) => `${k}=${v}`)
        .join(',');
  return shown === '' ? '' : ` (default ${shown})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
