/** Rows of use as a table. */
import { table } from '../table.ts';
import { bytesText, coresText } from './units.ts';
import type { UsageRow, What } from './usage.ts';

const NAMES: Readonly<Record<What, readonly (readonly [title: string, value: (row: UsageRow) => string])[]>> = {
  nodes: [['NODE', ({ node }) => node]],
  pods: [
    ['NAMESPACE', ({ namespace }) => namespace],
    ['POD', ({ pod }) => pod],
  ],
  containers: [
    ['NAMESPACE', ({ namespace }) => namespace],
    ['POD', ({ pod }) => pod],
    ['CONTAINER', ({ container }) => container],
  ],
};
const UNKNOWN = '-';

/** With the column of the node when there is more than one. */
export function usageTable(rows: readonly UsageRow[], what: What, headers = true): string {
  const names = [...(what !== 'nodes' && new Set(rows.map(({ node }) => node)).size > 1 ? NAMES.nodes : []), ...NAMES[what]];
  const text = (value: number | undefined, write: (value: number) => string): string => (value === undefined ? UNKNOWN : write(value));
  const lines = rows.map((row) => [
    ...names.map(([, value]) => value(row)),
    text(row.nanoCores, coresText),
    text(row.memoryBytes, bytesText),
    text(row.diskBytes, bytesText),
  ]);
  const head = [...names.map(([title]) => title), 'CPU', 'MEMORY', 'DISK'];
  return table(headers ? [head, ...lines] : lines, new Set([names.length, names.length + 1, names.length + 2]));
}
