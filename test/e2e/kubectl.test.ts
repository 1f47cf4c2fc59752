/** What people type: kubectl against a node. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runUntilReady, valueOf } from '../support/pods.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes());
const testWithTerminal = testThatNeeds(missingForNodes('script'));
const node = sharedNode();

test('kubectl run starts a pod, get shows it as a table', async () => {
  const { ok } = node();
  expect(await ok('run', 'hello', '--image=host', '--', 'sh', '-c', `echo one; echo two; echo three; ${FOREVER}`)).toBe(
    'pod/hello created\n',
  );
  expect(await ok('wait', '--for=condition=Ready', 'pod/hello', '--timeout=20s')).toBe('pod/hello condition met\n');
  const [header, row] = (await ok('get', 'pods', 'hello', '-o', 'wide')).split('\n');
  expect(header?.split(/ {2,}/)).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES']);
  expect(row).toMatch(new RegExp(`^hello +1/1 +Running +0 +\\d+s +10\\.98\\.\\d+\\.\\d+ +${node().nodeName} +<none> +<none>$`));
});

test('kubectl get prints as jsonpath, custom columns, names, YAML and by label', async () => {
  const { ok } = node();
  expect(await ok('get', 'pod', 'hello', '-o', 'jsonpath={.status.phase} {.status.qosClass} {.spec.serviceAccountName}')).toBe(
    'Running BestEffort default',
  );
  expect(await ok('get', 'pods', '-l', 'run=hello', '-o', 'custom-columns=N:.metadata.name,P:.status.phase')).toBe(
    'N       P\nhello   Running\n',
  );
  expect(await ok('get', 'pods', '-l', 'run!=hello', '-o', 'name')).toBe('');
  expect(await ok('get', 'pods', '--field-selector', 'status.phase=Running', '-o', 'name')).toContain('pod/hello\n');
  expect(await ok('get', 'pod', 'hello', '-o', 'yaml')).toContain('\n  nodeName: ');
});

test('kubectl get node shows it ready, with its internal address', async () => {
  const { ok, nodeName } = node();
  expect(await ok('get', 'node', nodeName, '--no-headers')).toMatch(/ Ready /);
  const address = await ok('get', 'node', nodeName, '-o', 'jsonpath={.status.addresses[?(@.type == "InternalIP")].address}');
  expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(await ok('describe', 'node', nodeName)).toMatch(/Ready +True .* KubeletReady/);
});

test('kubectl describe shows the container and the events of its start', async () => {
  const text = await node().ok('describe', 'pod', 'hello');
  expect(text).toMatch(/^Status: +Running$/m);
  expect(text).toMatch(/^ +Image: +host$/m);
  expect(text).toMatch(/Normal +Scheduled .*Successfully assigned default\/hello to /);
  expect(text).toMatch(/Normal +Created /);
  expect(text).toMatch(/Normal +Started /);
  const events = await node().ok('events', '--for', 'pod/hello');
  expect(events).toMatch(/Scheduled/);
});

test('kubectl logs takes --tail, --timestamps, --since and --limit-bytes', async () => {
  const { ok } = node();
  await until('three lines', async () => (await ok('logs', 'hello')) === 'one\ntwo\nthree\n');
  expect(await ok('logs', 'hello', '--tail=1')).toBe('three\n');
  expect(await ok('logs', 'hello', '--tail=0')).toBe('');
  expect(await ok('logs', 'hello', '--limit-bytes=5')).toBe('one\nt');
  expect(await ok('logs', 'hello', '--since=1h')).toBe('one\ntwo\nthree\n');
  const stamped = await ok('logs', 'hello', '--timestamps', '--tail=1');
  expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) three\n$/);
  const since = new Date(Date.parse(stamped.split(' ')[0] ?? '') + 60_000).toISOString();
  expect(await ok('logs', 'hello', `--since-time=${since}`)).toBe('');
});

test('kubectl logs -f prints lines as they are written, and ends with the container', async () => {
  const { ok, apply, kubectlBeside } = node();
  const shared = join(node().dataDir, '..', 'talker');
  const script = 'echo first; while [ ! -e /shared/go ]; do sleep 0.05; done; echo second';
  const volumes = [{ name: 'shared', hostPath: { path: shared, type: 'DirectoryOrCreate' } }];
  await apply(podOf('talker', script, { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }, { restartPolicy: 'Never', volumes }));
  await ok('wait', '--for=condition=Ready', 'pod/talker', '--timeout=20s');
  const following = kubectlBeside('logs', '-f', 'talker');
  await until('the first line', () => following.stdout() === 'first\n');
  writeFileSync(join(shared, 'go'), '');
  expect(await following.ended).toBe(0);
  expect(following.stdout()).toBe('first\nsecond\n');
});

test('kubectl logs --previous shows the run before, and says so when there was none', async () => {
  const { ok, kubectl, apply } = node();
  await apply(
    podOf(
      'twice',
      `[ -e /keep/seen ] && { echo again; ${FOREVER}; }; touch /keep/seen; echo before; exit 1`,
      {
        volumeMounts: [{ name: 'keep', mountPath: '/keep' }],
      },
      { volumes: [{ name: 'keep', emptyDir: {} }] },
    ),
  );
  await until('a second run', async () => (await ok('logs', 'twice')) === 'again\n');
  expect(await ok('logs', 'twice', '--previous')).toBe('before\n');
  const none = await kubectl('logs', 'hello', '--previous');
  expect(none.code).toBe(1);
  expect(none.stderr).toBe('Error from server (BadRequest): previous terminated container "hello" in pod "hello" not found\n');
});

test('kubectl logs of what is not there says what is', async () => {
  const { kubectl } = node();
  expect((await kubectl('logs', 'hello', '-c', 'nope')).stderr).toContain('container nope is not valid for pod hello');
  expect((await kubectl('logs', 'nope')).stderr).toContain('pods "nope" not found');
});

test('kubectl exec passes output, errors and exit codes on', async () => {
  const { ok, kubectl } = node();
  expect(await ok('exec', 'hello', '--', 'echo', 'hi there')).toBe('hi there\n');
  const failed = await kubectl('exec', 'hello', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  expect(failed).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 7\n' });
  const killed = await kubectl('exec', 'hello', '--', 'sh', '-c', 'kill -9 $$');
  expect(killed.code).toBe(137);
  const absent = await kubectl('exec', 'hello', '--', 'no-such-command');
  expect(absent.code).not.toBe(0);
  expect(absent.stderr).toMatch(/exec: "no-such-command": executable file not found in \$PATH/);
});

test('kubectl exec -i pipes standard input, its end included, also a megabyte of it', async () => {
  const { kubectlWith } = node();
  expect((await kubectlWith('piped words', 'exec', '-i', 'hello', '--', 'cat')).stdout).toBe('piped words');
  expect((await kubectlWith('x'.repeat(1_000_000), 'exec', '-i', 'hello', '--', 'wc', '-c')).stdout.trim()).toBe('1000000');
});

testWithTerminal('kubectl exec -it gives a terminal with a size, job control and an interrupt key', async () => {
  const { env } = node();
  // `script` lends kubectl a terminal, whose size stty sets first.
  const typed = startProgram('script', ['-qec', 'stty rows 33 cols 99; kubectl exec -it hello -- bash', '/dev/null'], { env });
  await until('a prompt', () => typed.stdout().includes('# '));
  typed.write('test -t 0 && stty size\n');
  await until('the size', () => typed.stdout().includes('33 99'));
  typed.write('sh -c "echo aslee\\p; sleep 3600"\n');
  await until('the command', () => typed.stdout().includes('asleep'));
  typed.write('\u0003');
  await until('the interrupt', () => typed.stdout().includes('^C'));
  typed.write('exit 5\n');
  expect(await typed.ended, typed.stdout()).toBe(5);
  expect(typed.stdout()).not.toMatch(/no job control|cannot set terminal/i);
});

testWithTerminal('kubectl run -it --rm gives the first process a terminal, and its exit code', async () => {
  const { env, kubectl } = node();
  const command = 'stty rows 33 cols 99; kubectl run shell -it --rm --restart=Never --image=host -- bash';
  const typed = startProgram('script', ['-qec', command, '/dev/null'], { env });
  await until('a prompt', () => typed.stdout().includes('# ') || typed.stdout().includes('press enter'));
  typed.write('\ntest -t 0 && stty size; echo "pid $$"\n');
  await until('the answer', () => typed.stdout().includes('33 99') && typed.stdout().includes('pid 1\r\n'));
  typed.write('exit 6\n');
  expect(await typed.ended, typed.stdout()).toBe(6);
  expect(typed.stdout()).not.toMatch(/no job control|cannot set terminal/i);
  expect((await kubectl('get', 'pod', 'shell')).code).toBe(1);
});

test('kubectl cp copies in and out', async () => {
  const { ok, dataDir } = node();
  const [there, back] = [join(dataDir, '..', 'there'), join(dataDir, '..', 'back')];
  writeFileSync(there, 'carried\n'.repeat(10_000));
  await ok('cp', there, 'hello:/tmp/carried');
  await ok('cp', 'hello:/tmp/carried', back);
  expect(readFileSync(back, 'utf8')).toBe('carried\n'.repeat(10_000));
});

test('kubectl port-forward carries connections to the pod', async () => {
  const serve = `exec node -e 'require("http").createServer((q, r) => r.end("served " + q.url)).listen(8080)'`;
  await runUntilReady(node(), podOf('server', serve, { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }));
  const forward = node().kubectlBeside('port-forward', 'pod/server', ':8080');
  const port = await until('the forwarding', () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(forward.stdout())?.[1]);
  for (const path of ['/a', '/b']) expect(await httpGet(Number(port), path)).toBe(`served ${path}`);
  forward.kill('SIGTERM');
  await forward.ended;
});

test('kubectl label, annotate, patch and replace change a pod, and the API says what may not change', async () => {
  const { ok, kubectl, kubectlWith } = node();
  expect(await ok('label', 'pod', 'hello', 'tier=x')).toBe('pod/hello labeled\n');
  expect((await kubectl('label', 'pod', 'hello', 'tier=y')).stderr).toContain("'tier' already has a value (x)");
  expect(await ok('label', 'pod', 'hello', 'tier=y', '--overwrite')).toBe('pod/hello labeled\n');
  expect(await ok('annotate', 'pod', 'hello', 'note=n')).toBe('pod/hello annotated\n');
  expect(await ok('patch', 'pod', 'hello', '-p', '{"metadata":{"labels":{"tier":"z"}}}')).toBe('pod/hello patched\n');
  expect(await ok('patch', 'pod', 'hello', '--type=json', '-p', '[{"op":"remove","path":"/metadata/annotations/note"}]')).toBe(
    'pod/hello patched\n',
  );
  expect(await valueOf(node(), 'pod/hello', '.metadata.labels.tier')).toBe('z');
  const refused = await kubectl('patch', 'pod', 'hello', '-p', '{"spec":{"hostNetwork":true}}');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('spec: Forbidden: pod updates may not change fields other than');
  // What `kubectl edit` does: the object as it is, one line changed, and a conflict when it has changed meanwhile.
  const before = await ok('get', 'pod', 'hello', '-o', 'yaml');
  const edited = before.replace('tier: z', 'tier: edited');
  expect((await kubectlWith(edited, 'replace', '-f', '-')).stdout).toBe('pod/hello replaced\n');
  expect((await kubectlWith(edited, 'replace', '-f', '-')).stderr).toContain('the object has been modified');
});

test('kubectl edit writes what the editor leaves', async () => {
  const { env } = node();
  const edited = await runProgram('kubectl', ['edit', 'pod', 'hello'], { env: { ...env, EDITOR: "sed -i 's/tier: .*/tier: by-hand/'" } });
  expect(edited.stdout).toBe('pod/hello edited\n');
  expect(await valueOf(node(), 'pod/hello', '.metadata.labels.tier')).toBe('by-hand');
});

test('kubectl apply creates, leaves alone, changes, and applies on the server', async () => {
  const { apply, kubectlWith } = node();
  const map = (k: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { k } });
  expect(await apply(map('v'))).toBe('configmap/applied created\n');
  expect(await apply(map('v'))).toBe('configmap/applied unchanged\n');
  expect(await apply(map('w'))).toBe('configmap/applied configured\n');
  const forced = await kubectlWith(JSON.stringify(map('x')), 'apply', '--server-side', '--force-conflicts', '-f', '-');
  expect(forced.stdout).toBe('configmap/applied serverside-applied\n');
  const many = `apiVersion: v1\nkind: Secret\nmetadata: {name: one}\nstringData: {a: b}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n`;
  expect(await apply(many)).toBe('secret/one created\nconfigmap/two created\n');
  expect(await valueOf(node(), 'secret/one', '.data.a')).toBe('Yg==');
});

test('kubectl get -w prints each change of a pod until it is gone', async () => {
  const { ok, kubectlBeside } = node();
  const watching = kubectlBeside('get', 'pods', '-w', '--output-watch-events', '--field-selector', 'metadata.name=watched');
  await until('the watch', async () => {
    await ok('delete', 'pod', 'watched', '--ignore-not-found', '--now');
    await ok('run', 'watched', '--image=host', '--', 'sh', '-c', FOREVER);
    return /ADDED +watched/.test(watching.stdout());
  });
  await until('Running', () => /MODIFIED +watched +1\/1 +Running/.test(watching.stdout()));
  await ok('delete', 'pod', 'watched');
  await until('DELETED', () => /DELETED +watched/.test(watching.stdout()));
  watching.kill('SIGTERM');
  await watching.ended;
  expect(watching.stdout()).toMatch(/Pending|ContainerCreating/);
  expect(watching.stdout()).toMatch(/Terminating/);
});

test('kubectl delete lets a container end on TERM, within its grace', async () => {
  const { ok, apply } = node();
  const seen = join(node().dataDir, '..', 'ended');
  await runUntilReady(
    node(),
    podOf(
      'polite',
      'trap "echo ended > /seen/ended; exit 0" TERM; while :; do sleep 3600 & wait $!; done',
      {
        volumeMounts: [{ name: 'seen', mountPath: '/seen' }],
      },
      { terminationGracePeriodSeconds: 30, volumes: [{ name: 'seen', hostPath: { path: seen, type: 'DirectoryOrCreate' } }] },
    ),
  );
  const started = Date.now();
  expect(await ok('delete', 'pod', 'polite')).toMatch(/^pod "polite" deleted/);
  expect(Date.now() - started).toBeLessThan(10_000);
  expect(readFileSync(join(seen, 'ended'), 'utf8')).toBe('ended\n');
  await apply(podOf('stubborn', 'trap "" TERM; echo deaf; while :; do sleep 1; done', {}, { terminationGracePeriodSeconds: 30 }));
  await until('the trap', async () => (await ok('logs', 'stubborn')) === 'deaf\n');
  const again = Date.now();
  await ok('delete', 'pod', 'stubborn', '--grace-period=1');
  expect(Date.now() - again).toBeGreaterThan(900);
  expect(Date.now() - again).toBeLessThan(10_000);
});

test('kubectl delete --force removes a pod at once, and its processes with it', async () => {
  const { ok, kubectl } = node();
  await runUntilReady(node(), podOf('forced', 'trap "" TERM; while :; do sleep 1.070717; done'));
  const { stdout, stderr } = await kubectl('delete', 'pod', 'forced', '--grace-period=0', '--force');
  expect(stderr).toContain('Immediate deletion does not wait for confirmation');
  expect(stdout).toMatch(/force deleted/);
  expect((await kubectl('get', 'pod', 'forced')).stderr).toBe('Error from server (NotFound): pods "forced" not found\n');
  await until('its processes to end', async () => (await runProgram('sh', ['-c', 'ps -eo args | grep "sleep 1[.]07071[7]"'])).code === 1);
  expect(await ok('delete', 'pod', 'forced', '--ignore-not-found')).toBe('');
});

test('kubectl run --rm -i runs a command as a pod on its input and takes it away', async () => {
  const { kubectlWith, kubectl } = node();
  const run = ['run', 'once', '--image=host', '--restart=Never', '--rm', '-i', '--quiet', '--', 'sh', '-c', 'cat; echo done'];
  expect(await kubectlWith('given\n', ...run)).toMatchObject({ code: 0, stdout: expect.stringContaining('given\ndone\n') as string });
  expect((await kubectl('get', 'pod', 'once')).code).toBe(1);
});

test('attaching to many pods that end at once harms nobody', async () => {
  const { kubectlWith, ok } = node();
  const names = Array.from({ length: 12 }, (_, i) => `short-${i}`);
  const run = ['--image=host', '--restart=Never', '--rm', '-i', '--quiet', '--', 'true'];
  const runs = await Promise.all(names.map((name) => kubectlWith('in', 'run', name, ...run)));
  expect(runs.map(({ code }) => code)).toEqual(names.map(() => 0));
  expect(await ok('get', '--raw', '/readyz')).toBe('ok');
});

test('kubectl create token gives a token that the API server knows', async () => {
  const { ok, kubectl } = node();
  await ok('create', 'serviceaccount', 'bot');
  const token = (await ok('create', 'token', 'bot', '--duration=20m')).trim();
  const [, claims = ''] = token.split('.');
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ sub: 'system:serviceaccount:default:bot' });
  const anonymous = join(node().dataDir, '..', 'no-user');
  const server = await ok('config', 'view', '--raw', '-o', 'jsonpath={.clusters[0].cluster.server}');
  writeFileSync(anonymous, '');
  const asBot = (...args: string[]) =>
    runProgram('kubectl', [`--kubeconfig=${anonymous}`, '--insecure-skip-tls-verify', `--server=${server}`, `--token=${token}`, ...args]);
  expect((await asBot('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).stdout).toBe('system:serviceaccount:default:bot');
  expect((await asBot('get', 'pods')).stderr).toBe(
    'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:bot" cannot list resource "pods" in API group "" in the namespace "default"\n',
  );
  const brief = await kubectl('create', 'token', 'bot', '--duration=5s');
  expect(brief.stderr).toContain('may not specify a duration less than 10 minutes');
});

test('kubectl auth can-i answers by the roles, and lists them', async () => {
  const { ok, kubectl } = node();
  await ok('create', 'role', 'reader', '--verb=get,list', '--resource=pods');
  await ok('create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount=default:bot');
  const as = '--as=system:serviceaccount:default:bot';
  await until('the role', async () => (await kubectl('auth', 'can-i', 'list', 'pods', as)).stdout === 'yes\n');
  expect(await kubectl('auth', 'can-i', 'delete', 'pods', as)).toMatchObject({ code: 1, stdout: 'no\n' });
  expect(await ok('auth', 'can-i', '--list', as)).toMatch(/^pods +\[\] +\[\] +\[get list\]$/m);
  expect(await ok('auth', 'can-i', '--list')).toMatch(/^\*\.\* +\[\] +\[\] +\[\*\]$/m);
});

test('kubectl api-resources, explain, cluster-info and version know the server', async () => {
  const { ok } = node();
  const listed = await ok('api-resources', '--no-headers');
  expect(listed).toMatch(/^pods +po +v1 +true +Pod$/m);
  expect(listed).toMatch(/^nodes +no +v1 +false +Node$/m);
  expect(await ok('explain', 'pod.spec.containers.livenessProbe')).toMatch(/FIELD: livenessProbe <Probe>/);
  expect(await ok('cluster-info')).toContain(`https://127.0.0.1:${node().apiPort}`);
  expect(await ok('version')).toMatch(/Server Version: v1\.\d+\.\d+/);
  expect(await ok('get', '--raw', `/api/v1/nodes/${node().nodeName}/proxy/healthz`)).toBe('ok');
});

test('deleting a namespace deletes what is in it', async () => {
  const { ok, kubectl } = node();
  await ok('create', 'namespace', 'brief');
  expect((await kubectl('create', 'namespace', 'brief')).stderr).toContain('namespaces "brief" already exists');
  await until('its account', async () => (await kubectl('-n', 'brief', 'get', 'serviceaccount', 'default')).code === 0);
  await ok('-n', 'brief', 'run', 'inside', '--image=host', '--', 'sh', '-c', FOREVER);
  expect(await ok('delete', 'namespace', 'brief', '--timeout=40s')).toBe('namespace "brief" deleted\n');
  expect((await kubectl('-n', 'brief', 'get', 'pods', '-o', 'name')).stdout).toBe('');
});

function httpGet(port: number, path: string): Promise<string> {
  return new Promise((ok, failed) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => ok(text));
    });
    sent.on('error', failed);
    sent.end();
  });
}
