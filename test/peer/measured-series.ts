/** What kubelets say of what they measure, as series: a name, a time and a value, whichever form it was told in. */
import { parseText } from '../../src/metrics/parse-text.ts';

export interface Taken {
  readonly series: string;
  readonly at: number;
  readonly value: number;
}

/** Of a Prometheus text; what carries no time is of now. */
export function exposed(text: string): Taken[] {
  const now = Date.now();
  return parseText(text).flatMap(({ samples }) =>
    samples.map(({ name, labels, value, at }) => ({
      series: `${name}{${labels.map(([label, is]) => `${label}=${JSON.stringify(is)}`).join(',')}}`,
      at: at ?? now,
      value,
    })),
  );
}

/** Of `/stats/summary`: every number, by its path; members of lists by their names. A section's `time` is that of its numbers. */
export function summarized(summary: unknown): Taken[] {
  const found: Taken[] = [];
  const walk = (value: unknown, path: string, at: number): void => {
    if (typeof value === 'number') found.push({ series: `summary${path}`, at, value });
    else if (Array.isArray(value)) value.forEach((item: unknown) => walk(item, `${path}[${nameOf(item)}]`, at));
    else if (typeof value === 'object' && value !== null) {
      const time = 'time' in value && typeof value.time === 'string' ? Date.parse(value.time) : at;
      for (const [name, field] of Object.entries(value)) walk(field, `${path}.${name}`, time);
    } else if (typeof value === 'string' && !/time$/i.test(path) && !path.endsWith('nodeName'))
      // Names are in the paths; that there is one is what counts.
      found.push({ series: `summary${path}=${value}`, at, value: 1 });
  };
  walk(summary, '', Date.now());
  return found;
}

function nameOf(item: unknown): string {
  const { name = '', podRef } = item as { readonly name?: string; readonly podRef?: { readonly uid: string } };
  return podRef?.uid ?? name;
}
