/** The families of the original, as they were recorded, against those of a node on each runtime and the lists in docs/METRICS.md of what is not there. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseText } from '../../src/metrics/parse-text.ts';
import { readRecordedFamilies } from '../golden/recorded-families.ts';
import { startContainerd, type TestContainerd } from '../support/containerd.ts';
import { factsOf, recordedFamilies, type FamilyFacts } from '../support/families.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { podOf, runUntilReady } from '../support/pods.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const GOLDEN = '../shared/golden';
const HOOK_MS = 180_000;
const recorded = recordedFamilies();
const page = readFileSync('docs/METRICS.md', 'utf8');
const absent = names('Families of the original that are not here');
const sometimes = names('Families that appear when there is something to count');
const missing = missingForNodes('containerd', 'ctr', 'runc', 'busybox', 'iptables');
const test = testThatNeeds(missing);

interface Pattern {
  readonly written: string;
  readonly matches: (name: string) => boolean;
}

/** Patterns of the names in a table's first column: `a_*`, `{b,c}`. */
function names(heading: string): Pattern[] {
  const section = page.slice(page.indexOf(`## ${heading}`) + 1).split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => (line.split(' | ')[0] ?? '').match(/`[^`]+`/g) ?? [])
    .map((name) => name.slice(1, -1))
    .map((written) => {
      const pattern = new RegExp(`^${written.replaceAll(/[{},*]/g, (c) => ({ '{': '(', '}': ')', ',': '|' })[c] ?? '.*')}$`);
      return { written, matches: (name) => pattern.test(name) };
    });
}

describe.each(['process', 'containerd'])('on the %s runtime', (runtime) => {
  let containerd: TestContainerd | undefined;
  let node: TestNode;
  beforeAll(async () => {
    if (missing !== undefined) return;
    if (runtime === 'containerd') containerd = await startContainerd();
    node = await startTestNode(containerd ? [`--container-runtime-endpoint=${containerd.endpoint}`] : []);
    const image = containerd ? { image: 'busybox:1.36' } : {};
    const probed = { livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } };
    const limited = { resources: { limits: { cpu: '100m', memory: '64Mi' } } };
    await runUntilReady(node, podOf('sleeps', 'sleep 1000', { ...image, ...probed }));
    await runUntilReady(node, podOf('limited', 'sleep 1000', { ...image, ...limited }));
    await runUntilReady(node, podOf('writes', 'echo x > /tmp/x; sync; sleep 1000', image));
    // What health checks say is counted when somebody asks.
    await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/healthz`);
  }, HOOK_MS);
  afterAll(async () => {
    await node?.destroy();
    await containerd?.destroy();
  }, HOOK_MS);

  test.each(Object.keys(recorded))(
    '%s has the original’s types, helps, labels and times; what it lacks is listed with a reason',
    async (path) => {
      // Some families have to wait for what is counted in the background.
      let wrong: string[] = [];
      await until('all families', async () => (wrong = differences(path, await scraped(node, path))).length === 0, 30_000).catch(
        () => undefined,
      );
      expect(wrong).toEqual([]);
    },
  );

  test('what is listed as absent is absent', async () => {
    const shown: string[] = [];
    for (const path of Object.keys(recorded)) shown.push(...(await scraped(node, path)).keys());
    expect(shown.filter((name) => absent.some(({ matches }) => matches(name)))).toEqual([]);
  });
});

describe('the lists in the documentation', () => {
  const all = Object.values(recorded).flatMap((families) => Object.keys(families));

  test('name families of the original alone', () => {
    const idle = [...absent, ...sometimes].filter(({ matches }) => !all.some(matches)).map(({ written }) => written);
    // Shown by kubelets that do what the recorded one did not.
    expect(idle.filter((name) => !UNRECORDED.has(name))).toEqual([]);
  });

  test('say one thing of a family', () => {
    const both = all.filter((name) => absent.some(({ matches }) => matches(name)) && sometimes.some(({ matches }) => matches(name)));
    expect(both).toEqual([]);
  });

  test.skipIf(!existsSync(GOLDEN))('and the recorded families are those of the recordings', () => {
    expect(readRecordedFamilies(GOLDEN)).toEqual(recorded);
  });
});

/** Families of the original that no recording shows: what they count did not happen there. */
const UNRECORDED: ReadonlySet<string> = new Set([
  'kubelet_certificate_manager_client_*',
  'kubelet_certificate_manager_server_*',
  'kubelet_eviction_stats_age_seconds',
  'kubelet_evictions',
  'kubelet_preemptions',
  'kubelet_server_expiration_renew_errors',
  'kubelet_volume_stats_*',
]);

async function scraped(node: TestNode, path: string): Promise<Map<string, FamilyFacts>> {
  const text = await node.ok('get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy${path}`);
  return new Map(parseText(text).map((family) => [family.name, factsOf(family)]));
}

function differences(path: string, ours: ReadonlyMap<string, FamilyFacts>): string[] {
  return Object.entries(recorded[path] ?? {}).flatMap(([name, theirs]) => {
    const mine = ours.get(name);
    if (mine === undefined) return [...absent, ...sometimes].some(({ matches }) => matches(name)) ? [] : [`${name} is missing`];
    return (['type', 'help', 'labels', 'timed'] as const).flatMap((fact) => {
      const [is, was] = [JSON.stringify(mine[fact]), JSON.stringify(theirs[fact])];
      return is === was ? [] : [`${name}: ${fact} ${is}, not ${was}`];
    });
  });
}
