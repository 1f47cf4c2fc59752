/** What is compared of a family of metrics: all but its values. */
import { readFileSync } from 'node:fs';
import type { ParsedFamily } from '../../src/metrics/parse-text.ts';

export interface FamilyFacts {
  readonly type: string;
  readonly help: string;
  /** Names, sorted; those that belong to the type (`le`, `quantile`) left out. */
  readonly labels: readonly string[];
  /** Whether samples carry a time. */
  readonly timed: boolean;
}

/** By path, by name. */
export type RecordedFamilies = Readonly<Record<string, Readonly<Record<string, FamilyFacts>>>>;

const OF_THE_TYPE: ReadonlySet<string> = new Set(['le', 'quantile']);

export const ownLabels = (names: Iterable<string>): string[] => [...new Set(names)].filter((name) => !OF_THE_TYPE.has(name)).toSorted();

export function factsOf({ type, help = '', samples }: ParsedFamily): FamilyFacts {
  return {
    type,
    help,
    labels: ownLabels(samples.flatMap(({ labels }) => labels.map(([name]) => name))),
    timed: samples.some(({ at }) => at !== undefined),
  };
}

export const RECORDED_FILE = 'test/support/recorded-families.jsonl';

/** Those of the original, as `npm run golden:families` wrote them: a line each. */
export function recordedFamilies(): RecordedFamilies {
  const recorded: Record<string, Record<string, FamilyFacts>> = {};
  for (const line of readFileSync(RECORDED_FILE, 'utf8').trimEnd().split('\n')) {
    const [path, name, facts] = JSON.parse(line) as [string, string, FamilyFacts];
    (recorded[path] ??= {})[name] = facts;
  }
  return recorded;
}

/** A text that shows each of the families once, with made-up samples: for programs that check names. */
export function familiesText(families: Readonly<Record<string, FamilyFacts>>): string {
  return Object.entries(families)
    .map(([name, { type, help, labels }]) => {
      const own = labels.map((label) => `${label}="x"`);
      const line = (suffix: string, ...more: string[]): string => {
        const all = [...own, ...more].join(',');
        return `${name}${suffix}${all === '' ? '' : `{${all}}`} 0\n`;
      };
      const totals = `${line('_sum')}${line('_count')}`;
      const samples = type === 'histogram' ? `${line('_bucket', 'le="+Inf"')}${totals}` : type === 'summary' ? totals : line('');
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples}`;
    })
    .join('');
}
