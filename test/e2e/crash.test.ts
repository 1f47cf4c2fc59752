/** What is left when nodelet is killed in the middle of its work. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resources } from '../../src/api/resources.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { createKubeClient } from '../../src/client/rest-client.ts';
import { soakCrashes } from '../soak/crash-server.ts';
import { testThatNeeds } from '../support/need.ts';
import { podOf, runUntilReady, valueOf } from '../support/pods.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes());
const node = sharedNode();

/** Counts in its log, and in a file that this test sees whether nodelet runs or not. */
const COUNT = 'i=0; while :; do echo "line $i"; echo "$i" > /seen/count; i=$((i+1)); sleep 0.02; done';
const seen = (): string => join(node().dataDir, '..', 'seen');

test('kill -9 in the middle of creates loses nothing that was acknowledged, and no pod notices', async () => {
  const volumes = [{ name: 'seen', hostPath: { path: seen(), type: 'DirectoryOrCreate' } }];
  await runUntilReady(node(), podOf('counter', COUNT, { volumeMounts: [{ name: 'seen', mountPath: '/seen' }] }, { volumes }));
  const before = await processOf('counter');
  const acknowledged = await createUntilKilled();
  expect(acknowledged.length).toBeGreaterThan(50);

  const atKill = counted();
  await until('lines while nodelet is dead', () => counted() > atKill + 10);
  await node().start();

  const listed = (await node().ok('get', 'configmaps', '-o', 'name')).split('\n');
  const present = new Set(listed.map((name) => name.replace('configmap/', '')));
  expect(acknowledged.filter((name) => !present.has(name))).toEqual([]);

  expect(await processOf('counter')).toEqual(before);
  expect(await valueOf(node(), 'pod/counter', '.status.containerStatuses[0].restartCount')).toBe('0');
  const now = counted();
  // The counter may be past that line at the first look: its newest line tells.
  await until('lines of after the restart', async () => {
    const [, newest] = /^line (\d+)$/m.exec(await node().ok('logs', 'counter', '--tail=1')) ?? [];
    return Number(newest) >= now + 10;
  });
  expect(unlikeCount(await node().ok('logs', 'counter'))).toEqual([]);
});

test('kubectl logs -f and exec work on a pod that was there before the restart', async () => {
  const following = node().kubectlBeside('logs', '-f', 'counter', '--tail=1');
  await until('several lines', () => following.stdout().split('\n').length > 5);
  following.kill('SIGTERM');
  await following.ended;
  const [first = ''] = following.stdout().split('\n');
  expect(unlikeCount(following.stdout(), Number(first.replace('line ', '')))).toEqual([]);
  expect(await node().ok('exec', 'counter', '--', 'echo', 'still here')).toBe('still here\n');
});

test('killing it again and again leaves the same process, and one that ends meanwhile is found out', async () => {
  const { kill, start, apply, ok } = node();
  const before = await processOf('counter');
  await apply(podOf('brief', 'echo begun; sleep 1; echo ended; exit 3', {}, { restartPolicy: 'Never' }));
  await until('its start', async () => (await ok('logs', 'brief').catch(() => '')) === 'begun\n');
  await kill('SIGKILL');
  await start();
  await kill('SIGKILL');
  await start();
  expect(await processOf('counter')).toEqual(before);
  await until('the end', async () => (await valueOf(node(), 'pod/brief', '.status.phase')) === 'Failed');
  expect(await valueOf(node(), 'pod/brief', '.status.containerStatuses[0].state.terminated.exitCode')).toBe('3');
  expect(await ok('logs', 'brief')).toBe('begun\nended\n');
  expect(unlikeCount(await ok('logs', 'counter'))).toEqual([]);
});

test('a pod that was deleted while nodelet was dead goes when it is back', async () => {
  const { kill, start, ok, kubectl } = node();
  const { pid } = await processOf('counter');
  await ok('delete', 'pod', 'counter', '--wait=false');
  await kill('SIGKILL');
  await start();
  await until('the pod to go', async () => (await kubectl('get', 'pod', 'counter')).code === 1);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('ten kills under writes and watches lose no acknowledged write, turn no revision back and leave no watch behind', async ({
  signal,
}) => {
  const { wrong, figures } = await soakCrashes(10, () => undefined, signal);
  expect(wrong).toEqual([]);
  expect(figures['writes']).toBeGreaterThan(10);
  expect(figures['events']).toBeGreaterThan(10);
}, 600_000);

/** Creates ConfigMaps from several sides at once and kills nodelet meanwhile; the names whose creation was answered. */
async function createUntilKilled(): Promise<string[]> {
  const client = createKubeClient(await loadKubeconfig(join(node().dataDir, 'kubeconfig')));
  const acknowledged: string[] = [];
  const creator = async (id: number): Promise<void> => {
    for (let i = 0; ; i += 1) {
      const name = `made-${id}-${i}`;
      try {
        await client.create(resources.configmaps, { metadata: { name }, data: { text: 'x'.repeat(1000) } }, { namespace: 'default' });
        acknowledged.push(name);
      } catch {
        return;
      }
    }
  };
  const creators = [0, 1, 2, 3].map(creator);
  await until('a number of creates', () => acknowledged.length > 100);
  await node().kill('SIGKILL');
  await Promise.all(creators);
  client.close();
  return acknowledged;
}

/** Which process the container is: its pid on this machine and when it started. */
async function processOf(pod: string): Promise<{ pid: number; startedAt: string; container: string }> {
  const container = await valueOf(node(), `pod/${pod}`, '.status.containerStatuses[0].containerID');
  const text = readFileSync(join(node().dataDir, 'runtime', 'containers', container.replace('process://', ''), 'pid'), 'utf8');
  const pid = Number(text.split(' ')[0]);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return { pid, startedAt: stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '', container };
}

/** How far the pod has counted. */
function counted(): number {
  return Number(readFileSync(join(seen(), 'count'), 'utf8'));
}

/** The first lines that are not the next of the count. */
function unlikeCount(log: string, from = 0): string[] {
  return log
    .split('\n')
    .slice(0, -1)
    .flatMap((line, i) => (line === `line ${i + from}` ? [] : [`${i + from}: ${line}`]))
    .slice(0, 5);
}
