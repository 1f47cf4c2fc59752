/** The messages of `protobuf.ts` as text, the way Go's `prototext` writes them: over many lines, or each family on one. */
import { goFloat } from './family.ts';
import { points, type Point } from './grouped.ts';
import type { ParsedFamily } from './parse-text.ts';

type Field = readonly [name: string, value: string | readonly Field[]];

export function encodePrototext(families: readonly ParsedFamily[], form: 'lines' | 'compact'): string {
  const all = families.map((family) => familyFields(family));
  return form === 'compact' ? all.map((fields) => `${compact(fields)}\n`).join('') : all.map((fields) => `${lines(fields, '')}\n`).join('');
}

function familyFields(family: ParsedFamily): Field[] {
  return [
    ['name', quote(family.name)],
    ...(family.help === undefined ? [] : [['help', quote(family.help)] as const]),
    ['type', family.type.toUpperCase()],
    ...points(family).map((point): Field => [
      'metric',
      [
        ...point.labels.map(([name, value]): Field => [
          'label',
          [
            ['name', quote(name)],
            ['value', quote(value)],
          ],
        ]),
        [family.type, valueFields(family.type === 'histogram', point)],
        ...(point.at === undefined ? [] : [['timestamp_ms', String(point.at)] as const]),
      ],
    ]),
  ];
}

function valueFields(histogram: boolean, { value, sum, count, steps }: Point): Field[] {
  if (value !== undefined) return [['value', float(value)]];
  return [
    ['sample_count', String(count)],
    ['sample_sum', float(sum)],
    ...steps
      .filter(([bound]) => bound !== Infinity)
      .map(([bound, at]): Field =>
        histogram
          ? [
              'bucket',
              [
                ['cumulative_count', String(at)],
                ['upper_bound', float(bound)],
              ],
            ]
          : [
              'quantile',
              [
                ['quantile', float(bound)],
                ['value', float(at)],
              ],
            ],
      ),
  ];
}

const compact = (fields: readonly Field[]): string =>
  fields.map(([name, value]) => (typeof value === 'string' ? `${name}:${value}` : `${name}:{${compact(value)}}`)).join(' ');

const lines = (fields: readonly Field[], indent: string): string =>
  fields
    .map(([name, value]) =>
      typeof value === 'string' ? `${indent}${name}: ${value}\n` : `${indent}${name}: {\n${lines(value, `${indent}  `)}${indent}}\n`,
    )
    .join('');

const float = (value: number): string => goFloat(value).replace('+Inf', 'inf').replace('-Inf', '-inf').replace('NaN', 'nan');

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

const quote = (text: string): string =>
  `"${text.replaceAll(/["\\\p{Cc}]/gu, (c) => ESCAPES[c] ?? (c <= '\u007f' ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\u00${c.charCodeAt(0).toString(16)}`))}"`;
