/**
 * Metric families as Prometheus knows them. A family keeps its series with their label text ready made, so that a scrape
 * writes numbers only.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One family; `write` calls back for every sample in the order of exposition. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** `suffix` follows the family's name; `labels` is `a="b",c="d"` or empty. */
  readonly write: (sample: (suffix: string, labels: string, value: number) => void) => void;
}

export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  /** Label names; values are given in this order. */
  readonly labels?: readonly string[];
}

export type LabelValues = readonly string[];

export interface Counter extends MetricFamily {
  increase(values?: LabelValues, by?: number): void;
  clear(): void;
}

export interface Gauge extends MetricFamily {
  set(value: number, values?: LabelValues): void;
  increase(values?: LabelValues, by?: number): void;
  clear(): void;
}

export interface Histogram extends MetricFamily {
  observe(value: number, values?: LabelValues): void;
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

/** A family whose one value is computed at each scrape. */
export function computed(type: 'counter' | 'gauge', name: string, help: string, value: () => number): MetricFamily {
  return { name, help, type, write: (sample) => sample('', '', value()) };
}

export function histogram(options: FamilyOptions & { readonly buckets?: readonly number[] }): Histogram {
  const buckets = options.buckets ?? DEFAULT_BUCKETS;
  const bounds = [...buckets.map((bound) => `le="${goFloat(bound)}"`), 'le="+Inf"'];
  const series = new Series(options.labels ?? [], () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
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

function numbers({ labels = [] }: FamilyOptions): Pick<Gauge, 'set' | 'increase' | 'clear' | 'write'> {
  const series = new Series(labels, () => ({ value: 0 }));
  return {
    set: (value, values = []) => {
      const state = series.of(values);
      if (state !== undefined) state.value = value;
    },
    increase: (values = [], by = 1) => {
      const state = series.of(values);
      if (state !== undefined) state.value += by;
    },
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
  readonly #states = new Map<string, { readonly text: string; readonly state: S }>();

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
    const made = { text: labelText(this.#names, values), state: this.#make() };
    this.#states.set(key, made);
    return made.state;
  }

  sorted(): [string, S][] {
    return [...this.#states.values()].map(({ text, state }): [string, S] => [text, state]).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  clear(): void {
    this.#states.clear();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** `a="b",c="d"`, names sorted, values escaped. */
export function labelText(names: readonly string[], values: LabelValues): string {
  return names
    .map((name, i): [string, string] => [name, values[i] ?? ''])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => ESCAPES[c] ?? c)}"`)
    .join(',');
}

/** A number as Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which expositions use. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
