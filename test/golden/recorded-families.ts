/** The families of metrics that recordings of the original kubelet hold. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseText } from '../../src/metrics/parse-text.ts';
import { factsOf, ownLabels, type FamilyFacts, type RecordedFamilies } from '../support/families.ts';

/** Texts that were kept whole, of a kubelet that had run many pods: they have families that a fresh one does not show. */
const WHOLE: Readonly<Record<string, string>> = {
  'kubelet.txt': '/metrics',
  'cadvisor.txt': '/metrics/cadvisor',
  'resource.txt': '/metrics/resource',
  'probes.txt': '/metrics/probes',
};

interface Exchange {
  readonly path?: string;
  readonly families?: Readonly<
    Record<string, { readonly type: string; readonly help: string; readonly labels: string[]; readonly timestamps: boolean }>
  >;
}

/** Of the exchanges in `kubelet-*.jsonl` and the texts in `raw/`. Throws where two of them contradict each other. */
export function readRecordedFamilies(folder: string): RecordedFamilies {
  const found = new Map<string, Map<string, FamilyFacts>>();
  const add = (path: string, name: string, facts: FamilyFacts): void => {
    const families = found.get(path) ?? new Map<string, FamilyFacts>();
    const known = families.get(name);
    if (known === undefined) found.set(path, families.set(name, facts));
    else if (JSON.stringify(known) !== JSON.stringify(facts) && facts.labels.length > 0 && known.labels.length > 0)
      throw new Error(`${path} ${name}: ${JSON.stringify(known)} and ${JSON.stringify(facts)}`);
  };
  for (const file of readdirSync(folder).filter((name) => /^kubelet-.*\.jsonl$/.test(name)))
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (!line.includes('"families"')) continue;
      const { path = '', families = {} } = JSON.parse(line) as Exchange;
      for (const [name, { type, help, labels, timestamps }] of Object.entries(families))
        add(path.split('?')[0] ?? '', name, { type, help, labels: ownLabels(labels), timed: timestamps });
    }
  for (const [file, path] of Object.entries(WHOLE)) {
    const text = join(folder, 'raw', file);
    if (existsSync(text)) for (const family of parseText(readFileSync(text, 'utf8'))) add(path, family.name, factsOf(family));
  }
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted(found)
      .filter(([path]) => path.startsWith('/metrics'))
      .map(([path, families]) => [path, Object.fromEntries(sorted(families))]),
  );
}

/** One family a line. */
export function writeFamilies(recorded: RecordedFamilies): string {
  return Object.entries(recorded)
    .flatMap(([path, families]) => Object.entries(families).map(([name, facts]) => `${JSON.stringify([path, name, facts])}\n`))
    .join('');
}
