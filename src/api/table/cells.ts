/** What the printers of Table cells share. */
import { ageOf } from '../human-duration.ts';
import type { LabelSelector, Loose, ObjectOf } from '../types.ts';

export type Cell = string | number | boolean | null;
/** Cells by column name; Name, Age and Created At come by themselves. */
export type Cells = Readonly<Record<string, Cell>>;
export interface PrintContext {
  /** Milliseconds since 1970. */
  readonly now: number;
}

export const NONE = '<none>';
export const UNSET = '<unset>';
export const UNKNOWN = '<unknown>';

/** An age in a Table: `<unknown>` without a time. */
export const age = (time: string | undefined, { now }: PrintContext): string => ageOf(time, now);

/** Labels as `a=b,c=d`, sorted; `<none>` without any. */
export function labelText(labels: Record<string, string | undefined> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value ?? ''}`);
  return pairs.length === 0 ? NONE : pairs.toSorted().join(',');
}

/** A selector object as text (`metav1.FormatLabelSelector`). */
export function selectorText(selector: Loose<LabelSelector> | undefined): string {
  const exact = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value ?? ''}`);
  const rest = (selector?.matchExpressions ?? []).map(({ key = '', operator = '', values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.toSorted().join(',')})`;
  });
  const all = [...exact, ...rest];
  return all.length === 0 ? NONE : all.toSorted().join(',');
}

/** Names and images of a template's containers. */
export function containerCells(template: Loose<ObjectOf<'core/v1.PodTemplateSpec'>> | undefined): Cells {
  const containers = template?.spec?.containers ?? [];
  return { Containers: containers.map((c) => c.name ?? '').join(','), Images: containers.map((c) => c.image ?? '').join(',') };
}

/** Access modes as kubectl shows them: `RWO,ROX`. */
export function accessModes(modes: readonly string[] | undefined): string {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: 'RWO',
    ReadOnlyMany: 'ROX',
    ReadWriteMany: 'RWX',
    ReadWriteOncePod: 'RWOP',
  };
  return Object.keys(short)
    .filter((mode) => modes?.includes(mode))
    .map((mode) => short[mode])
    .join(',');
}

/** The first three, and how many more there are. */
export function firstThree(items: readonly string[], none: string): string {
  const most = 3;
  if (items.length === 0) return none;
  return items.slice(0, most).join(',') + (items.length > most ? ` + ${items.length - most} more...` : '');
}
