/** The families of the original, as they were recorded, against those of a node and the list in docs/METRICS.md of what is not there. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseText, type ParsedFamily } from '../../src/metrics/parse-text.ts';
import { podOf, runUntilReady } from '../support/pods.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const RECORDED = resolve('../shared/golden/raw');
const FILES: Readonly<Record<string, string>> = {
  '/metrics': 'kubelet.txt',
  '/metrics/cadvisor': 'cadvisor.txt',
  '/metrics/resource': 'resource.txt',
  '/metrics/probes': 'probes.txt',
};
const node = sharedNode();

/** Patterns of the names in a table's first column: `a_*`, `{b,c}`. */
function names(page: string, heading: string): RegExp[] {
  const section = page.slice(page.indexOf(`## ${heading}`) + 1).split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => (line.split(' | ')[0] ?? '').match(/`[^`]+`/g) ?? [])
    .map((name) => name.slice(1, -1).replaceAll(/[{},*]/g, (c) => ({ '{': '(', '}': ')', ',': '|' })[c] ?? '.*'))
    .map((pattern) => new RegExp(`^${pattern}$`));
}

const labelNames = ({ type, samples }: ParsedFamily): string =>
  [...new Set(samples.flatMap(({ labels }) => labels.map(([name]) => name)))]
    .filter((name) => type !== 'histogram' || name !== 'le')
    .toSorted()
    .join(',');
const timed = ({ samples }: ParsedFamily): boolean => samples.some(({ at }) => at !== undefined);

test.skipIf(!existsSync(RECORDED) || missingForNodes() !== undefined).each(Object.entries(FILES))(
  'what %s shows has the original’s types, helps, labels and times; what it lacks is listed with a reason',
  async (path, file) => {
    const page = readFileSync('docs/METRICS.md', 'utf8');
    const absent = [
      ...names(page, 'Families of the original that are not here'),
      ...names(page, 'Families that appear when there is something to count'),
    ];
    await runUntilReady(node(), podOf('sleeps', 'sleep 1000', { livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }));
    const look = async (): Promise<string[]> => {
      const ours = new Map(
        parseText(await node().ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy${path}`)).map((family) => [family.name, family]),
      );
      const wrong: string[] = [];
      for (const theirs of parseText(readFileSync(resolve(RECORDED, file), 'utf8'))) {
        const mine = ours.get(theirs.name);
        if (mine === undefined) {
          if (!absent.some((name) => name.test(theirs.name))) wrong.push(`${theirs.name} is missing`);
          continue;
        }
        if (mine.type !== theirs.type) wrong.push(`${theirs.name}: ${mine.type}, not ${theirs.type}`);
        if (mine.help !== theirs.help) wrong.push(`${theirs.name}: help ${mine.help ?? ''}, not ${theirs.help ?? ''}`);
        // The recording has the labels of this one masked.
        if (theirs.name !== 'cadvisor_version_info' && labelNames(mine) !== labelNames(theirs))
          wrong.push(`${theirs.name}: labels ${labelNames(mine)}, not ${labelNames(theirs)}`);
        if (timed(mine) !== timed(theirs)) wrong.push(`${theirs.name}: ${timed(mine) ? '' : 'no '}times`);
      }
      return wrong;
    };
    // Some families have to wait for what is counted in the background.
    let wrong = await look();
    await until('all families', async () => (wrong = await look()).length === 0, 30_000).catch(() => undefined);
    expect(wrong).toEqual([]);
  },
);
