/** `nodelet up` and `down`: starting, stopping, starting again, and what cannot start. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { claimNumber, type Claim } from '../support/claim.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runUntilReady, valueOf } from '../support/pods.ts';
import { nodelet, PROGRAM, runProgram, type Result } from '../support/program.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes('setpriv');
const test = testThatNeeds(reason);
let directory = '';
let node: TestNode;
let slot: Claim;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nodelet-up-'));
  slot = await claimNumber('up', 200);
  if (reason === undefined) node = await startTestNode();
});
afterAll(async () => {
  if (reason === undefined) await node.destroy();
  await slot.release();
  rmSync(directory, { recursive: true, force: true });
});

test('it says what is where, which runtime it chose and why, and what to type next', () => {
  const text = node.log();
  expect(text).toMatch(/^nodelet is up after \d+ ms$/m);
  expect(text).toContain(`https://127.0.0.1:${node.apiPort}`);
  expect(text).toMatch(new RegExp(`kubelet +https://[\\d.]+:${node.kubeletPort}`));
  expect(text).toMatch(/runtime +process \(asked for by --runtime\)/);
  expect(text).toContain(node.dataDir);
  expect(text).toContain(`export KUBECONFIG=${node.dataDir}/kubeconfig`);
  expect(text).toContain('kubectl get nodes');
});

test('keys and the kubeconfig are for their owner alone, and the process title names the kubelet', () => {
  const keys = readdirSync(join(node.dataDir, 'pki')).filter((name) => name.endsWith('.key'));
  expect(keys.length).toBeGreaterThan(3);
  for (const path of ['kubeconfig', ...keys.map((key) => `pki/${key}`)]) expect([path, modeOf(path)]).toEqual([path, '600']);
  expect(readFileSync(`/proc/${node.pid()}/cmdline`, 'utf8')).toContain('kubelet');
});

test('SIGTERM leaves containers running, and the next start takes them up', async () => {
  await runUntilReady(node, podOf('stays', FOREVER));
  const container = await valueOf(node, 'pod/stays', '.status.containerStatuses[0].containerID');
  expect(await node.kill('SIGTERM')).toBe(0);
  expect(processesWith(node.dataDir)).toBeGreaterThan(0);
  await node.start();
  expect(node.log()).toMatch(/nodelet is up after \d+ ms, with what was there before/);
  expect(await valueOf(node, 'pod/stays', '.status.containerStatuses[0].containerID')).toBe(container);
  expect(await valueOf(node, 'pod/stays', '.status.containerStatuses[0].restartCount')).toBe('0');
  expect(await node.ok('exec', 'stays', '--', 'echo', 'hello')).toBe('hello\n');
});

test('a second nodelet on the same directory is refused', async () => {
  expectOneLine(await nodelet('up', `--data-dir=${node.dataDir}`), `nodelet already runs with the data directory ${node.dataDir}`);
  expectOneLine(await nodelet('down', `--data-dir=${node.dataDir}`), 'nodelet already runs');
});

test('--rm takes the containers along, SIGINT stops it too, and the pods start anew afterwards', async () => {
  await node.kill('SIGTERM');
  await node.start('--rm');
  const container = await valueOf(node, 'pod/stays', '.status.containerStatuses[0].containerID');
  expect(await node.kill('SIGINT')).toBe(0);
  await until('its processes to end', () => processesWith(node.dataDir) === 0);
  await node.start();
  await until('a new container', async () => {
    const status = JSON.parse(await valueOf(node, 'pod/stays', '.status.containerStatuses[0]')) as {
      containerID: string;
      ready: boolean;
    };
    return status.ready && status.containerID !== container;
  });
});

test('a port that is taken is one clear line', async () => {
  const server = createServer();
  const port = await new Promise<number>((ok) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      ok(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const taken = await up('taken', `--secure-port=${port}`, '--port=0');
  expectOneLine(taken, `127.0.0.1:${port}: the port is taken by another program`);
  expectOneLine(
    await up('taken', '--secure-port=0', `--port=${node.kubeletPort}`, '--healthz-port=0'),
    `${node.kubeletPort}: the port is taken by another program`,
  );
  server.close();
});

test('a data directory that cannot be is one clear line', async () => {
  const file = join(directory, 'a-file');
  writeFileSync(file, 'mine');
  expectOneLine(await nodelet('up', `--data-dir=${file}`), `cannot write to the data directory ${file}`);
  expectOneLine(await nodelet('up', `--data-dir=${file}/below`), `cannot write to the data directory ${file}/below`);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('a data directory of somebody else is one clear line', async () => {
  const theirs = join(directory, 'theirs');
  chmodSync(directory, 0o755);
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM, 'up', `--data-dir=${theirs}`];
  expectOneLine(await runProgram('setpriv', as), `cannot write to the data directory ${theirs}: permission denied`);
});

test('a broken store is one clear line, and stays as it is', async () => {
  await node.kill('SIGTERM');
  const store = join(node.dataDir, 'store');
  const file = readdirSync(store)
    .map((name) => join(store, name))
    .find((path) => statSync(path).size > 8192 && !path.includes('lock'));
  const good = readFileSync(file ?? '');
  writeFileSync(file ?? '', 'this is not a store\n'.repeat(10_000));
  const refused = await nodelet('up', `--data-dir=${node.dataDir}`, '--secure-port=0', '--port=0', '--healthz-port=0');
  expectOneLine(refused, `the store in ${store} cannot be opened`);
  expect(readFileSync(file ?? '', 'utf8')).toContain('this is not a store');
  writeFileSync(file ?? '', good);
  await node.start();
  expect(await node.ok('get', 'pod', 'stays', '-o', 'name')).toBe('pod/stays\n');
});

test.each([
  [['--no-such-flag'], 'no-such-flag'],
  [['--secure-port=many'], 'secure-port'],
  [['--service-cluster-ip-range=banana'], 'banana is not an IPv4 range'],
  [['--pod-cidr=10.0.0.0/33'], '10.0.0.0/33'],
  [['--runtime=docker'], 'there is no runtime "docker"'],
  [['--config=/does/not/exist'], '/does/not/exist'],
  [['--kubelet-client-certificate=/does/not/exist'], '/does/not/exist'],
])('up %j is one clear line', async (flags, text) => {
  expectOneLine(await up('flags', '--secure-port=0', '--port=0', '--healthz-port=0', ...flags), text);
});

test('down --purge leaves nothing of its own on the machine', async () => {
  const gone = await startTestNode();
  await runUntilReady(
    gone,
    podOf('one', FOREVER, { volumeMounts: [{ name: 'm', mountPath: '/m' }] }, { volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }] }),
  );
  await runUntilReady(gone, podOf('two', FOREVER, {}, { hostNetwork: true }));
  const slot = gone.podCIDR.replace('.0/24', '');
  const before = await traces(gone.dataDir, slot, gone.cgroupRoot);
  expect(before.mounts.length).toBeGreaterThan(0);
  expect(before.addresses.length).toBeGreaterThan(0);
  expect(before.cgroups.length).toBeGreaterThan(0);
  expect(before.processes).toBeGreaterThan(0);
  await gone.kill('SIGKILL');
  const down = await nodelet('down', `--data-dir=${gone.dataDir}`, '--purge');
  expect(down).toEqual({ code: 0, stderr: '', stdout: `Removed 2 pods and their network.\nDeleted ${gone.dataDir}.\n` });
  expect(await traces(gone.dataDir, slot, gone.cgroupRoot)).toEqual({ mounts: [], addresses: [], rules: [], cgroups: [], processes: 0 });
  expect(existsSync(gone.dataDir)).toBe(false);
  rmSync(join(gone.dataDir, '..'), { recursive: true });
});

/** What a node has on this machine: mounts, addresses, packet rules, cgroups, and how many processes. */
async function traces(
  dataDir: string,
  slot: string,
  cgroupRoot: string,
): Promise<object & Record<'mounts' | 'addresses' | 'rules' | 'cgroups', string[]> & { processes: number }> {
  const lines = async (command: string, args: string[]): Promise<string[]> => (await runProgram(command, args)).stdout.split('\n');
  const services = slot.replace('10.98.', '10.97.');
  const isOurs = (line: string): boolean => [slot, services].some((prefix) => line.includes(`${prefix}.`));
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dataDir)),
    addresses: (await lines('ip', ['-o', 'addr'])).filter(isOurs),
    rules: (await lines('nft', ['list', 'ruleset'])).filter(isOurs),
    cgroups: (await lines('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-type', 'd', '-path', `*${cgroupRoot}*`])).filter(Boolean),
    processes: processesWith(dataDir),
  };
}

/** How many processes name this directory in their command line. */
function processesWith(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  }).length;
}

/** A start that is expected to fail, in a place of its own. */
async function up(name: string, ...flags: string[]): Promise<Result> {
  const dataDir = join(directory, name);
  const ranges = [`--service-cluster-ip-range=10.100.${slot.number}.0/24`, `--pod-cidr=10.101.${slot.number}.0/24`];
  const result = await nodelet('up', `--data-dir=${dataDir}`, ...ranges, ...flags);
  if (existsSync(dataDir)) await nodelet('down', `--data-dir=${dataDir}`, '--purge');
  return result;
}

function modeOf(path: string): string {
  return (statSync(join(node.dataDir, path)).mode & 0o777).toString(8);
}

/** One line on stderr that says this, exit code 1, no stack trace. */
function expectOneLine({ code, stderr }: Result, text: string): void {
  const said = stderr.split('\n').filter((line) => line.startsWith('nodelet: '));
  expect([code, said.length], stderr).toEqual([1, 1]);
  expect(said[0]).toContain(text);
  expect(stderr).not.toMatch(/^ +at /m);
}
