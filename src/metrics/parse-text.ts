/** Reads Prometheus' text format, version 0.0.4: what an exposition says, as families (prometheus/common `expfmt/text_parse.go`). */
import type { MetricType } from './family.ts';

export type Label = readonly [name: string, value: string];

export interface ParsedSample {
  /** The family's name, with `_bucket`, `_sum` or `_count` where that belongs to its type. */
  readonly name: string;
  readonly labels: readonly Label[];
  readonly value: number;
  /** Milliseconds since 1970; undefined for the moment of the scrape. */
  readonly at: number | undefined;
}

export interface ParsedFamily {
  readonly name: string;
  readonly help: string | undefined;
  readonly type: MetricType;
  readonly samples: readonly ParsedSample[];
}

/** The text is not an exposition; the message says which line and why. */
export class ExpositionError extends Error {
  readonly line: number;

  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
    this.name = 'ExpositionError';
    this.line = line;
  }
}

interface Open {
  readonly name: string;
  help: string | undefined;
  type: MetricType | undefined;
  readonly samples: ParsedSample[];
}

const TYPES: ReadonlySet<string> = new Set<MetricType>(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const PARTS: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, '+inf': Infinity, '-inf': -Infinity };

/** The families of a text in its order. Throws ExpositionError. */
export function parseText(text: string): ParsedFamily[] {
  const families: Open[] = [];
  const known = new Set<string>();
  let current: Open | undefined;
  let line = 0;
  const fail = (why: string): ExpositionError => new ExpositionError(line, why);

  function open(name: string): Open {
    if (current?.name === name) return current;
    if (known.has(name)) throw fail(`the lines of ${name} do not stand together`);
    known.add(name);
    current = { name, help: undefined, type: undefined, samples: [] };
    families.push(current);
    return current;
  }

  function comment(content: string): void {
    const [, keyword = '', name = '', rest = ''] = /^# *(HELP|TYPE) +(\S+) ?(.*)$/s.exec(content) ?? [];
    if (keyword === '') return;
    if (NAME.exec(name)?.[0] !== name) throw fail(`${JSON.stringify(name)} is not a metric name`);
    const family = open(name);
    if (keyword === 'HELP') {
      if (family.help !== undefined) throw fail(`a second HELP of ${name}`);
      family.help = unescape(rest);
      return;
    }
    if (family.type !== undefined || family.samples.length > 0) throw fail(`a second TYPE of ${name}, or one behind its samples`);
    const type = rest.trim();
    if (!isType(type)) throw fail(`there is no type ${JSON.stringify(type)}`);
    family.type = type;
  }

  for (let start = 0; start < text.length;) {
    line += 1;
    const end = text.indexOf('\n', start);
    if (end < 0) throw fail('the last line has no end');
    const content = text.slice(start, end);
    start = end + 1;
    if (content.trim() === '') continue;
    if (content.startsWith('#')) comment(content);
    else {
      const sample = parseSample(content, fail);
      const family = current !== undefined && belongs(current, sample.name) ? current : open(sample.name);
      family.samples.push(sample);
    }
  }
  return families.map(({ name, help, type = 'untyped', samples }) => ({ name, help, type, samples }));
}

const isType = (type: string): type is MetricType => TYPES.has(type);

function belongs({ name, type }: Open, sample: string): boolean {
  if (sample === name) return true;
  return sample.startsWith(name) && (PARTS[type ?? 'untyped'] ?? []).includes(sample.slice(name.length));
}

function parseSample(content: string, fail: (why: string) => ExpositionError): ParsedSample {
  const name = NAME.exec(content)?.[0];
  if (name === undefined) throw fail('a sample does not begin with a metric name');
  let at = name.length;
  const labels: Label[] = [];
  if (content.charAt(at) === '{') {
    at += 1;
    for (;;) {
      while (content.charAt(at) === ' ') at += 1;
      if (content.charAt(at) === '}') break;
      LABEL_NAME.lastIndex = at;
      const label = LABEL_NAME.exec(content)?.[0];
      if (label === undefined) throw fail(`no label name at column ${at + 1}`);
      at += label.length;
      if (content.charAt(at) !== '=' || content.charAt(at + 1) !== '"') throw fail(`label ${label} has no value`);
      const end = closingQuote(content, at + 2);
      if (end < 0) throw fail(`the value of label ${label} does not end`);
      labels.push([label, unescape(content.slice(at + 2, end))]);
      at = end + 1;
      while (content.charAt(at) === ' ') at += 1;
      if (content.charAt(at) === ',') at += 1;
      else if (content.charAt(at) !== '}') throw fail(`no comma behind label ${label}`);
    }
    at += 1;
  }
  const [value = '', time, more] = content
    .slice(at)
    .trim()
    .split(/[ \t]+/);
  if (more !== undefined) throw fail('there is something behind the time');
  if (time !== undefined && !/^-?\d+$/.test(time)) throw fail(`${JSON.stringify(time)} is not a time`);
  const number = SPECIAL[value.toLowerCase()] ?? (NUMBER.test(value) ? Number(value) : undefined);
  if (number === undefined) throw fail(`${JSON.stringify(value)} is not a number`);
  return { name, labels, value: number, at: time === undefined ? undefined : Number(time) };
}

function closingQuote(content: string, from: number): number {
  for (let at = from; ; at += 2) {
    const quote = content.indexOf('"', at);
    const slash = content.indexOf('\\', at);
    if (quote < 0 || slash < 0 || quote < slash) return quote;
    at = slash;
  }
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

const unescape = (text: string): string =>
  text.includes('\\') ? text.replaceAll(/\\(.)/g, (whole, c: string) => ESCAPED[c] ?? whole) : text;
