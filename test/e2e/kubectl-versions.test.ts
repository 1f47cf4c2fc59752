/** The everyday commands, by every version of kubectl that this machine has: each against the same node. */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runUntilReady } from '../support/pods.ts';
import { runProgram, startProgram, type Result } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const node = sharedNode();

/**
 * `kubectl.1.27` and its like on the PATH and beside kubectl itself, and those that KUBECTLS names, separated by colons.
 * The oldest and the newest are enough for every day; EVERY_KUBECTL asks for all.
 */
function kubectls(): string[] {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => existsSync(directory));
  const homes = directories.map((directory) => join(directory, 'kubectl')).filter((path) => existsSync(path));
  const beside = homes.map((path) => dirname(realpathSync(path)));
  const versioned = [...new Set([...directories, ...beside])].flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => /^kubectl[.-]v?1\.\d+(\.\d+)?$/.test(name))
      .map((name) => join(directory, name)),
  );
  const named = (process.env['KUBECTLS'] ?? '').split(':').filter((path) => path !== '');
  const minor = (path: string): number => Number(/1\.(\d+)(?:\.\d+)?$/.exec(path)?.[1] ?? 0);
  const sorted = versioned.toSorted((a, b) => minor(a) - minor(b));
  const all = [...new Set([...sorted, ...named].map((path) => realpathSync(path)))];
  return process.env['EVERY_KUBECTL'] === undefined ? all.filter((_, n) => n === 0 || n === all.length - 1) : all;
}

const found = kubectls();
const none = found.length === 0 ? 'needs more than one kubectl: kubectl.1.27 and so on, or KUBECTLS' : undefined;

describe.each(found.length === 0 ? ['none'] : found)('%s', (program) => {
  // CI has one version alone, which the other tests ask for: here it may be absent.
  const test = none === undefined ? testThatNeeds(missingForNodes()) : testThatNeeds('').skip;
  const name = `v${found.indexOf(program)}`;
  const kubectl = (...args: string[]): Promise<Result> => runProgram(program, args, { env: node().env });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(...args);
    expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBe(0);
    return stdout;
  };
  const pipe = async (input: unknown, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(program, args, { env: node().env, input: JSON.stringify(input) });
    expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBe(0);
    return stdout;
  };

  beforeAll(async () => {
    if (none === undefined && missingForNodes() === undefined)
      await runUntilReady(node(), podOf(name, `echo from the log; ${FOREVER}`, {}, {}, { labels: { of: name } }));
  });

  test('knows the server and its resources', async () => {
    expect(await ok('version')).toMatch(/Server Version: .*v1\.36\./);
    expect(await ok('api-resources', '--no-headers', '--api-group=apps')).toContain('deploy');
    expect(await ok('api-versions')).toContain('rbac.authorization.k8s.io/v1\n');
    expect(await ok('explain', 'pod.spec.containers.livenessProbe')).toMatch(/FIELDS?:[^]*httpGet/);
    expect(await ok('cluster-info')).toContain('control plane');
  });

  test('gets, in every form', async () => {
    expect(await ok('get', 'pods', name, '--no-headers')).toMatch(new RegExp(`^${name} +1/1 +Running +0 +`));
    expect(await ok('get', 'pods', '-l', `of=${name}`, '-o', 'name')).toBe(`pod/${name}\n`);
    expect(await ok('get', 'pod', name, '-o', 'jsonpath={.status.phase}')).toBe('Running');
    expect(await ok('get', 'pod', name, '-o', 'yaml')).toContain('\nkind: Pod\n');
    expect(await ok('get', 'nodes', '-o', 'wide')).toContain(node().nodeName);
    expect(await ok('describe', 'pod', name)).toMatch(/Events:[^]*Started/);
    const missing = await kubectl('get', 'pod', 'nope');
    expect(missing).toEqual({ code: 1, stdout: '', stderr: 'Error from server (NotFound): pods "nope" not found\n' });
  });

  test('applies, changes, compares and deletes', async () => {
    const map = (value: string): unknown => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: value } });
    expect(await pipe(map('1'), 'apply', '-f', '-')).toBe(`configmap/${name} created\n`);
    expect(await pipe(map('1'), 'apply', '-f', '-')).toBe(`configmap/${name} unchanged\n`);
    expect(await pipe(map('2'), 'apply', '-f', '-')).toBe(`configmap/${name} configured\n`);
    expect(await pipe(map('3'), 'apply', '--server-side', '-f', '-')).toBe(`configmap/${name} serverside-applied\n`);
    expect(await ok('label', 'configmap', name, 'tier=x')).toBe(`configmap/${name} labeled\n`);
    // 1.27 says `annotate`.
    expect(await ok('annotate', 'configmap', name, 'note=n')).toMatch(new RegExp(`^configmap/${name} annotated?\n$`));
    expect(await ok('patch', 'configmap', name, '--type=json', '-p', '[{"op":"add","path":"/data/new","value":"v"}]')).toContain('patched');
    expect(await ok('get', 'configmap', name, '-o', 'jsonpath={.data.key} {.data.new} {.metadata.labels.tier}')).toBe('3 v x');
    const refused = await kubectl('create', 'configmap', name);
    expect(refused.stderr).toContain('already exists');
    expect(await ok('delete', 'configmap', name)).toMatch(new RegExp(`^configmap "${name}" deleted`));
  });

  test('says which fields it does not know', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-wrong` }, dat: {} };
    const refused = await runProgram(program, ['create', '-f', '-'], { env: node().env, input: JSON.stringify(object) });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/unknown field "dat"/);
  });

  test('runs commands in pods and reads their logs', async () => {
    expect(await ok('logs', name)).toBe('from the log\n');
    expect(await ok('exec', name, '--', 'echo', 'ran')).toBe('ran\n');
    const failed = await kubectl('exec', name, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect(failed.code).toBe(7);
    expect(failed.stdout).toBe('out\n');
    expect(failed.stderr).toMatch(/^err\ncommand terminated with exit code 7\n$/);
    const echoed = await runProgram(program, ['exec', '-i', name, '--', 'cat'], { env: node().env, input: 'piped words' });
    expect(echoed.stdout).toBe('piped words');
  });

  test('opens a terminal in a pod, attaches to one, follows a log and copies both ways', async () => {
    const talker = `${name}-talker`;
    const script = 'i=0; (while :; do echo "line $i"; i=$((i+1)); sleep 0.1; done) & while read -r line; do echo "heard $line"; done';
    await node().apply(podOf(talker, script, { stdin: true }, { terminationGracePeriodSeconds: 0 }));
    await ok('wait', '--for=condition=Ready', `pod/${talker}`, '--timeout=30s');
    const terminal = startProgram('script', ['-qec', `${program} exec -it ${talker} -- sh`, '/dev/null'], { env: node().env });
    const attached = startProgram(program, ['attach', '-i', talker], { env: node().env });
    const following = startProgram(program, ['logs', '-f', '--tail=1', talker], { env: node().env });
    try {
      terminal.write('test -t 0 && echo "a $((6 * 7)) terminal"; exit 5\n');
      await until('the terminal', () => terminal.stdout().includes('a 42 terminal'));
      expect(await terminal.ended).toBe(5);
      attached.write('hello\n');
      await until('an answer', () => attached.stdout().includes('heard hello\n'));
      await until('more of the log', () => following.stdout().split('\n').length > 4);
    } finally {
      for (const running of [terminal, attached, following]) running.kill('SIGKILL');
    }
    const [there, back] = ['there', 'back'].map((file) => join(node().dataDir, '..', `${name}-${file}`)) as [string, string];
    writeFileSync(there, 'carried '.repeat(100_000));
    await ok('cp', there, `${talker}:/tmp/carried`);
    await ok('cp', `${talker}:/tmp/carried`, back);
    expect(readFileSync(back).equals(readFileSync(there))).toBe(true);
    await ok('delete', 'pod', talker, '--now');
  });

  test('forwards a port', async () => {
    const server = `${name}-http`;
    const script = "exec python3 -c 'import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)'";
    await node().apply(podOf(server, script, {}, { terminationGracePeriodSeconds: 0 }));
    await ok('wait', '--for=condition=Ready', `pod/${server}`, '--timeout=20s');
    const forwarding = startProgram(program, ['port-forward', server, ':8080'], { env: node().env });
    try {
      const port = await until('the forwarded port', () => /127\.0\.0\.1:(\d+)/.exec(forwarding.stdout())?.[1]);
      await until('an answer', () => statusOf(Number(port)).then((status) => status === 200));
    } finally {
      forwarding.kill('SIGTERM');
      await forwarding.ended;
    }
    await ok('delete', 'pod', server, '--now');
  });

  test('asks what it may', async () => {
    expect(await ok('auth', 'can-i', 'delete', 'nodes')).toBe('yes\n');
    const refused = await kubectl('auth', 'can-i', 'delete', 'nodes', '--as=nobody');
    expect(refused.code).toBe(1);
    expect(refused.stdout.startsWith('no')).toBe(true);
    // `create token` came with 1.24.
    if (!(await ok('create', '--help')).includes('  token ')) return;
    expect(await ok('create', 'token', 'default', '--duration=10m')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n?$/);
  });

  test('reaches a Service through the API server', async () => {
    const server = `${name}-web`;
    const script = "exec python3 -c 'import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)'";
    await node().apply(podOf(server, script, {}, { terminationGracePeriodSeconds: 0 }, { labels: { web: name } }));
    await ok('expose', 'pod', server, '--port=80', '--target-port=8080', '--selector', `web=${name}`);
    await ok('wait', '--for=condition=Ready', `pod/${server}`, '--timeout=20s');
    await until('its endpoints', async () => /8080/.test((await kubectl('get', 'endpoints', server, '--no-headers')).stdout));
    const path = `/api/v1/namespaces/default/services/${server}:80/proxy/`;
    await until('an answer', async () => {
      const { code, stdout } = await kubectl('get', '--raw', path);
      return code === 0 && stdout.includes('Directory listing');
    });
    await ok('delete', 'service,pod', server, '--now');
  });

  test('deletes a pod and waits until it is gone', async () => {
    expect(await ok('delete', 'pod', name)).toMatch(new RegExp(`^pod "${name}" deleted`));
    expect((await kubectl('get', 'pod', name)).code).toBe(1);
  });
});

function statusOf(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on('error', () => resolve(undefined));
    outgoing.end();
  });
}
