/** `nodelet metrics`: one of the metrics paths, filtered and readable. */
import { exposition } from '../metrics/exposition.ts';
import { labelText } from '../metrics/family.ts';
import { ExpositionError, parseText, type ParsedFamily } from '../metrics/parse-text.ts';
import { helpText, parseFlags, UsageError, type FlagTable } from '../util/flags.ts';
import { filtered, pretty } from './metrics/pretty.ts';
import { openSource, SOURCE_FLAGS } from './metrics/source.ts';
import { UserError } from './user-error.ts';

const OWN_FLAGS = [
  { name: 'filter', type: 'string', default: '', placeholder: 'REGEX', help: 'Families whose name matches.' },
  { name: 'label', type: 'map', default: {}, placeholder: 'NAME=VALUE', help: 'Series with this label; may be repeated.' },
  { name: 'raw', type: 'bool', default: false, help: 'Print the text format, for other programs.' },
] as const satisfies FlagTable;
const FLAGS = [...OWN_FLAGS, ...SOURCE_FLAGS] as const;

export const help =
  (): string => `Shows metrics of a kubelet: families with their series, labels that are empty left out, histograms as quantiles.

Usage: nodelet metrics [PATH] [flags]

PATH is metrics (the kubelet itself), cadvisor (containers), resource, probes, slis, or any other path that starts with a slash.

Flags:
${helpText(FLAGS)}`;

const NAMES: readonly string[] = ['cadvisor', 'resource', 'probes', 'slis'];

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(FLAGS, argv);
  const [word = 'metrics', ...more] = positionals;
  const path = pathOf(word);
  if (path === undefined || more.length > 0)
    throw new UsageError(`nodelet metrics takes one of metrics, ${NAMES.join(', ')}, or a path that starts with a slash`);
  const filter = { name: values.filter === '' ? undefined : regExp(values.filter), labels: values.label };
  const source = await openSource(values);
  try {
    const nodes = await source.nodes();
    for (const node of nodes) {
      const families = filtered(parsed(await source.get(node, path), path), filter);
      if (nodes.length > 1) process.stdout.write(`# node ${node}\n`);
      process.stdout.write(values.raw ? textOf(families) : pretty(families));
    }
  } finally {
    source.close();
  }
  return 0;
}

function pathOf(word: string): string | undefined {
  if (word.startsWith('/')) return word;
  if (word === 'metrics') return '/metrics';
  return NAMES.includes(word) ? `/metrics/${word}` : undefined;
}

function regExp(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`--filter ${JSON.stringify(text)} is not a regular expression`);
  }
}

function parsed(text: string, path: string): ParsedFamily[] {
  try {
    return parseText(text);
  } catch (error) {
    if (error instanceof ExpositionError) throw new UserError(`${path} is not in Prometheus' text format: ${error.message}`);
    throw error;
  }
}

function textOf(families: readonly ParsedFamily[]): string {
  return exposition(
    families.map(({ name, help = '', type, samples }) => ({
      name,
      help,
      type,
      write: (sample) => {
        for (const s of samples)
          sample(
            s.name.slice(name.length),
            labelText(
              s.labels.map(([label]) => label),
              s.labels.map(([, value]) => value),
            ),
            s.value,
            s.at,
          );
      },
    })),
  );
}
