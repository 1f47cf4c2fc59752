/** Families as OpenMetrics 1.0 text (prometheus/common `expfmt/openmetrics_create.go`). */
import { escapeLabel, goFloat, type MetricType } from './family.ts';
import type { ParsedFamily } from './parse-text.ts';

const TOTAL = '_total';

/** Ends with `# EOF`. A counter whose name does not end in `_total` has no name in this format: its type is then unknown. */
export function encodeOpenMetrics(families: readonly ParsedFamily[]): string {
  const parts: string[] = [];
  for (const { name, help, type, samples } of families) {
    const short = type === 'counter' && name.endsWith(TOTAL) ? name.slice(0, -TOTAL.length) : name;
    if (help !== undefined) parts.push(`# HELP ${short} ${escapeLabel(help)}\n`);
    parts.push(`# TYPE ${short} ${typeWord(type, short !== name)}\n`);
    for (const sample of samples) {
      const labels = sample.labels.map(([label, value]) => `${label}="${escapeLabel(isBound(type, label) ? bound(value) : value)}"`);
      const time = sample.at === undefined ? '' : ` ${seconds(sample.at)}`;
      const counts = sample.name !== name && /_(bucket|count)$/.test(sample.name);
      const value = counts ? String(sample.value) : float(sample.value);
      parts.push(`${sample.name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${value}${time}\n`);
    }
  }
  return `${parts.join('')}# EOF\n`;
}

function typeWord(type: MetricType, total: boolean): string {
  if (type === 'untyped' || (type === 'counter' && !total)) return 'unknown';
  return type;
}

const isBound = (type: MetricType, label: string): boolean =>
  (type === 'histogram' && label === 'le') || (type === 'summary' && label === 'quantile');

const bound = (text: string): string => (/^-?\d+$/.test(text) ? `${text}.0` : text);

/** A float that shows that it is one. */
const float = (value: number): string => bound(goFloat(value));

/** Milliseconds as seconds, exactly. */
const seconds = (ms: number): string => {
  const [whole, rest] = [Math.trunc(ms / 1000), Math.abs(ms % 1000)];
  const sign = ms < 0 && whole === 0 ? '-' : '';
  return rest === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
};
