/** The samples of a family put together into metrics: a histogram's or a summary's lines are one. */
import type { Label, ParsedFamily } from './parse-text.ts';

export interface Point {
  readonly labels: readonly Label[];
  readonly at: number | undefined;
  /** The value of a counter, gauge or untyped metric; undefined of the others. */
  readonly value: number | undefined;
  readonly sum: number;
  readonly count: number;
  /** Buckets or quantiles, in the order of the text: the bound and what stands there. */
  readonly steps: readonly (readonly [bound: number, value: number])[];
}

type OpenPoint = { -readonly [K in keyof Omit<Point, 'steps'>]: Point[K] } & { readonly steps: [number, number][] };

/** Metrics in the order in which their first sample stands. */
export function points({ name, type, samples }: ParsedFamily): Point[] {
  if (type !== 'histogram' && type !== 'summary')
    return samples.map(({ labels, at, value }) => ({ labels, at, value, sum: 0, count: 0, steps: [] }));
  const key = type === 'histogram' ? 'le' : 'quantile';
  const found = new Map<string, OpenPoint>();
  for (const sample of samples) {
    const labels = sample.labels.filter(([label]) => label !== key);
    const id = JSON.stringify(labels);
    const point = found.get(id) ?? { labels, at: sample.at, value: undefined, sum: 0, count: 0, steps: [] };
    found.set(id, point);
    const bound = sample.labels.find(([label]) => label === key)?.[1];
    if (bound !== undefined) point.steps.push([bound === '+Inf' ? Infinity : Number(bound), sample.value]);
    else if (sample.name === `${name}_sum`) point.sum = sample.value;
    else point.count = sample.value;
  }
  return [...found.values()];
}
