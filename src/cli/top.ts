/** `nodelet top`: what nodes, pods and containers use; a view that renews itself on a terminal, a table elsewhere. */
import type { Summary } from '../kubelet/stats/summary-types.ts';
import { helpText, parseFlags, UsageError, type FlagTable } from '../util/flags.ts';
import { liveView } from './metrics/live-view.ts';
import { openSource, SOURCE_FLAGS, type MetricsSource } from './metrics/source.ts';
import { usageTable } from './metrics/usage-table.ts';
import { sorted, usageRows, type SortKey, type UsageRow, type What } from './metrics/usage.ts';
import { UserError } from './user-error.ts';

const OWN_FLAGS = [
  { name: 'sort', type: 'string', default: 'cpu', placeholder: 'cpu|memory|name', help: 'What the first rows have most of.' },
  { name: 'namespace', short: 'n', type: 'string', default: '', placeholder: 'NAME', help: 'Pods and containers of this namespace alone.' },
  { name: 'once', type: 'bool', default: false, help: 'Print the table once, also on a terminal.' },
  { name: 'interval', type: 'int', default: 2, placeholder: 'SECONDS', help: 'How often the view is renewed.' },
  { name: 'no-headers', type: 'bool', default: false, help: 'Leave out the line of titles.' },
] as const satisfies FlagTable;
const FLAGS = [...OWN_FLAGS, ...SOURCE_FLAGS] as const;

const WHAT: readonly What[] = ['nodes', 'pods', 'containers'];
const KEYS: readonly SortKey[] = ['cpu', 'memory', 'name'];

export const help =
  (): string => `Shows what nodes, pods or containers use now: CPU (thousandths of a core over the last 10 to 20 seconds), memory
(working set) and disk. On a terminal the view renews itself: c, m and n sort it, q leaves it.

Usage: nodelet top [nodes|pods|containers] [flags]

Flags:
${helpText(FLAGS)}`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(FLAGS, argv);
  const [word = 'pods', ...more] = positionals;
  const what = WHAT.find((name) => name === word || name.slice(0, -1) === word);
  if (what === undefined || more.length > 0) throw new UsageError(`nodelet top takes one of ${WHAT.join(', ')}`);
  const key = KEYS.find((name) => name === values.sort);
  if (key === undefined) throw new UsageError(`--sort takes one of ${KEYS.join(', ')}, not ${JSON.stringify(values.sort)}`);
  if (values.interval < 1) throw new UsageError('--interval must be at least 1');
  const source = await openSource(values);
  const read = async (): Promise<UsageRow[]> => {
    const rows = await readUsage(source, what);
    return rows.filter(({ namespace }) => values.namespace === '' || what === 'nodes' || namespace === values.namespace);
  };
  try {
    if (values.once || !process.stdout.isTTY) process.stdout.write(usageTable(sorted(await read(), key), what, !values['no-headers']));
    else await liveView({ what, key, read, intervalMs: values.interval * 1000, input: process.stdin, output: process.stdout });
  } finally {
    source.close();
  }
  return 0;
}

/** Of all nodes at once. A node that does not answer is left out while another does. */
async function readUsage(source: MetricsSource, what: What): Promise<UsageRow[]> {
  const path = `/stats/summary${what === 'nodes' ? '' : '?only_cpu_and_memory=false'}`;
  const asked = await Promise.allSettled((await source.nodes()).map((node) => source.get(node, path)));
  const answers = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failed = asked.find((answer) => answer.status === 'rejected');
  if (answers.length === 0 && failed) throw failed.reason;
  return answers.flatMap((text) => usageRows(summaryOf(text), what));
}

function summaryOf(text: string): Summary {
  try {
    const summary = JSON.parse(text) as Summary;
    if (typeof summary.node.nodeName === 'string' && Array.isArray(summary.pods)) return summary;
  } catch {
    // Told below.
  }
  throw new UserError('the answer is no summary of a kubelet');
}
