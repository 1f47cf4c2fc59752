/** An exposition for people: families that match, their series as a table, histograms as quantiles. */
import { points, type Point } from '../../metrics/grouped.ts';
import type { Label, ParsedFamily, ParsedSample } from '../../metrics/parse-text.ts';
import { escapeLabel, goFloat } from '../../metrics/family.ts';
import { table } from '../table.ts';
import { bytesText, secondsText } from './units.ts';

export interface Filter {
  /** Matches the name of a family. */
  readonly name: RegExp | undefined;
  /** Labels that a series must have. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What is left of the families; those without series are gone. */
export function filtered(families: readonly ParsedFamily[], { name, labels }: Filter): ParsedFamily[] {
  const wanted = Object.entries(labels);
  const keeps = (sample: ParsedSample): boolean =>
    wanted.every(([label, value]) => (sample.labels.find(([known]) => known === label)?.[1] ?? '') === value);
  return families
    .filter((family) => name?.test(family.name) !== false)
    .map((family) => ({ name: family.name, help: family.help, type: family.type, samples: family.samples.filter(keeps) }))
    .filter(({ samples }) => samples.length > 0);
}

/** Families as text for people. */
export function pretty(families: readonly ParsedFamily[]): string {
  return families.map((family) => `${family.name}  ${family.type}\n${helpLine(family)}${indented(seriesTable(family))}`).join('\n');
}

const helpLine = ({ help }: ParsedFamily): string => (help === undefined || help === '' ? '' : `  ${help.replaceAll('\n', ' ')}\n`);
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

function seriesTable(family: ParsedFamily): string {
  const rows = points(family);
  const text = valueText(family.name);
  if (family.type === 'histogram' || family.type === 'summary')
    return table([
      ['COUNT', 'MEAN', ...(family.type === 'histogram' ? ['P50', 'P90', 'P99'] : (rows[0]?.steps.map(([q]) => `P${q * 100}`) ?? [])), ''],
      ...rows.map((row) => [
        goFloat(row.count),
        row.count === 0 ? '-' : text(row.sum / row.count),
        ...(family.type === 'histogram'
          ? [0.5, 0.9, 0.99].map((q) => quantileText(row, q, text))
          : row.steps.map(([, value]) => text(value))),
        labelsText(row.labels),
      ]),
    ]);
  return table(
    rows.map((row) => [text(row.value ?? 0), labelsText(row.labels)]),
    new Set([0]),
  );
}

/** Labels with a value: one without says nothing. */
const labelsText = (labels: readonly Label[]): string =>
  labels
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${/^[\w./:@+-]*$/.test(value) ? value : `"${escapeLabel(value)}"`}`)
    .join(' ');

function quantileText(point: Point, q: number, text: (value: number) => string): string {
  const value = quantileOf(point, q);
  if (value === undefined) return '-';
  return value === Infinity ? `>${text(point.steps.findLast(([bound]) => bound !== Infinity)?.[0] ?? 0)}` : text(value);
}

/** As Prometheus' `histogram_quantile`: between the bounds of a bucket its observations are taken to be spread evenly. Infinity above the last bound. */
export function quantileOf({ count, steps }: Point, q: number): number | undefined {
  if (count === 0 || steps.length === 0) return undefined;
  const rank = q * count;
  let [below, from] = [0, 0];
  for (const [bound, total] of steps) {
    if (total >= rank && total > below) return bound === Infinity ? Infinity : from + ((bound - from) * (rank - below)) / (total - below);
    [below, from] = [total, bound];
  }
  return Infinity;
}

/** How a family's numbers are written, by the unit in its name. */
function valueText(name: string): (value: number) => string {
  if (/_bytes(_total)?$/.test(name)) return bytesText;
  if (/(_time|_seen|timestamp|_creation)(_seconds)?$/.test(name))
    return (value) => (value > 1e9 ? new Date(value * 1000).toISOString() : goFloat(value));
  if (/_seconds(_total)?$/.test(name)) return (value) => (Number.isFinite(value) ? secondsText(value) : goFloat(value));
  return goFloat;
}
