/**
 * Metric families as Prometheus knows them. A family keeps its series with their label text ready made, so that a scrape
 * writes numbers only.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** One family; `write` calls back for every sample in the order of exposition. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly write: (sample: WriteSample) => void;
}

/** `suffix` follows the family's name; `labels` is `a="b",c="d"` or empty; `at` is in ms since 1970, absent for the moment of the scrape. */
export type WriteSample = (suffix: string, labels: string, value: number, at?: number) => void;

export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  /** Label names; values are given in this order. */
  readonly labels?: readonly string[];
}

export type LabelValues = readonly string[];

export interface Counter extends MetricFamily {
  increase(values?: LabelValues, by?: number): void;
  /** Ends the series whose values the test picks: what they speak of is gone. */
  forget(test: (values: LabelValues) => boolean): void;
  clear(): void;
}

export interface Gauge extends MetricFamily {
  set(value: number, values?: LabelValues): void;
  increase(values?: LabelValues, by?: number): void;
  clear(): void;
}

export interface Histogram extends MetricFamily {
  observe(value: number, values?: LabelValues): void;
  /** Ends the series whose values the test picks: what they speak of is gone. */
  forget(test: (values: LabelValues) => boolean): void;
}

/** Series that a family keeps before it takes no new ones: labels from outside must not fill the memory. */
const MAX_SERIES = 10_000;

/** Buckets of client_golang, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function counter(options: FamilyOptions): Counter {
  return { ...options, type: 'counter', ...numbers(options) };
}

export function gauge(options: FamilyOptions): Gauge {
  return { ...options, type: 'gauge', ...numbers(options) };
}

/** A family whose samples are computed at each scrape. */
export function collected(type: MetricType, name: string, help: string, write: (sample: WriteSample) => void): MetricFamily {
  return { name, help, type, write };
}

/** A family whose one value is computed at each scrape. */
export function computed(type: 'counter' | 'gauge', name: string, help: string, value: () => number): MetricFamily {
  return { name, help, type, write: (sample) => sample('', '', value()) };
}

export function histogram(options: FamilyOptions & { readonly buckets?: readonly number[] }): Histogram {
  const buckets = options.buckets ?? DEFAULT_BUCKETS;
  const bounds = [...buckets.map((bound) => `le="${goFloat(bound)}"`), 'le="+Inf"'];
  const series = new Series(options.labels ?? [], () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
  if (options.labels === undefined) series.of([]);
  return {
    name: options.name,
    help: options.help,
    type: 'histogram',
    observe: (value, values = []) => {
      const state = series.of(values);
      if (state === undefined) return;
      const at = buckets.findIndex((bound) => value <= bound);
      const index = at < 0 ? buckets.length : at;
      state.counts[index] = (state.counts[index] ?? 0) + 1;
      state.sum += value;
      state.count += 1;
    },
    forget: (test) => series.forget(test),
    write: (sample) => {
      for (const [labels, { counts, sum, count }] of series.sorted()) {
        const before = labels === '' ? '' : `${labels},`;
        let total = 0;
        for (const [i, bound] of bounds.entries()) sample('_bucket', `${before}${bound}`, (total += counts[i] ?? 0));
        sample('_sum', labels, sum);
        sample('_count', labels, count);
      }
    },
  };
}

function numbers({ labels = [] }: FamilyOptions): Pick<Gauge, 'set' | 'increase' | 'clear' | 'write'> & Pick<Counter, 'forget'> {
  const series = new Series(labels, () => ({ value: 0 }));
  // What needs no labels is there from the start, as in the original.
  if (labels.length === 0) series.of([]);
  return {
    set: (value, values = []) => {
      const state = series.of(values);
      if (state !== undefined) state.value = value;
    },
    increase: (values = [], by = 1) => {
      const state = series.of(values);
      if (state !== undefined) state.value += by;
    },
    forget: (test) => series.forget(test),
    clear: () => series.clear(),
    write: (sample) => {
      for (const [text, { value }] of series.sorted()) sample('', text, value);
    },
  };
}

/** States by label values, with the label text of each made once. */
class Series<S> {
  readonly #names: readonly string[];
  readonly #make: () => S;
  readonly #states = new Map<string, { readonly values: LabelValues; readonly text: string; readonly state: S }>();

  constructor(names: readonly string[], make: () => S) {
    this.#names = names;
    this.#make = make;
  }

  /** The state of a series; undefined when there are too many. */
  of(values: LabelValues): S | undefined {
    const key = values.join('\u0000');
    const known = this.#states.get(key);
    if (known !== undefined) return known.state;
    if (this.#states.size >= MAX_SERIES) return undefined;
    const made = { values, text: labelText(this.#names, values), state: this.#make() };
    this.#states.set(key, made);
    return made.state;
  }

  sorted(): [string, S][] {
    return [...this.#states.values()].map(({ text, state }): [string, S] => [text, state]).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  forget(test: (values: LabelValues) => boolean): void {
    for (const [key, { values }] of this.#states) if (test(values)) this.#states.delete(key);
  }

  clear(): void {
    this.#states.clear();
  }
}

/** The entries of a map by their keys: the order of an exposition. */
export function byKey<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Bounds that grow by a factor, as client_golang's ExponentialBuckets. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  const bounds = [start];
  while (bounds.length < count) bounds.push((bounds.at(-1) ?? start) * factor);
  return bounds;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** A label's value as it stands between the quotes. */
export function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => ESCAPES[c] ?? c) : value;
}

/** `a="b",c="d"`, names sorted, values escaped. */
export function labelText(names: readonly string[], values: LabelValues): string {
  return names
    .map((name, i): [string, string] => [name, values[i] ?? ''])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

/** A number as Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which expositions use. */
export function goFloat(value: number): string {
  const size = Math.abs(value);
  // Nearly all values of a scrape: neither needs an exponent.
  if (size < 1e6 && (size >= 1e-4 || value === 0)) return value === 0 ? '0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (size === Infinity) return value > 0 ? '+Inf' : '-Inf';
  const [digits = '', power = '0'] = size < 1e21 && Number.isInteger(value) ? integerParts(value) : value.toExponential().split('e');
  const exponent = Number(power);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Mantissa and exponent of an integer of seven digits or more: several times faster than toExponential. */
function integerParts(value: number): [string, string] {
  const text = String(value);
  const start = value < 0 ? 2 : 1;
  let end = text.length;
  while (end > start && text.charCodeAt(end - 1) === 48) end -= 1;
  const fraction = text.slice(start, end);
  return [`${text.slice(0, start)}${fraction === '' ? '' : `.${fraction}`}`, String(text.length - start)];
}
